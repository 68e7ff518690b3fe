//! Sign-in at a provider of identities, which is one of the test's own here: real ones are asked by the tests of
//! the crate `oidc`.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use hyper::Method;
use serde_json::json;
use tidegate_api::Options;
use tidegate_ports::{Identity, IdentityError, IdentityProvider, SignIn, SignInAnswer};
use tidegate_units::Timestamp;

use crate::house::{Answer, House};

/// A provider that knows everybody by the code that they bring.
#[derive(Default)]
struct Known {
    begun: AtomicU32,
    people: Mutex<BTreeMap<&'static str, Identity>>,
}

#[async_trait]
impl IdentityProvider for Known {
    async fn begin(&self, callback: &str) -> Result<SignIn, IdentityError> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let state = format!("state-{number}");
        Ok(SignIn {
            location: format!("https://login.example.com/auth?state={state}"),
            callback: callback.to_owned(),
            state,
            nonce: "nonce".to_owned(),
            verifier: "verifier".to_owned(),
        })
    }

    async fn complete(
        &self,
        sign_in: &SignIn,
        answer: &SignInAnswer,
        _: Timestamp,
    ) -> Result<Identity, IdentityError> {
        if answer.state.as_deref() != Some(&sign_in.state) {
            return Err(IdentityError::Refused("another sign-in".to_owned()));
        }
        let people = self.people.lock().unwrap();
        let code = answer.code.as_deref().unwrap_or_default();
        people.get(code).cloned().ok_or_else(|| IdentityError::Refused("who is that?".to_owned()))
    }
}

impl Known {
    fn knows(&self, code: &'static str, name: &str, groups: &[&str]) {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        let identity = Identity { name: name.to_owned(), subject: "0815".to_owned(), groups };
        self.people.lock().unwrap().insert(code, identity);
    }
}

async fn house() -> (House, Arc<Known>) {
    let known = Arc::new(Known::default());
    let provider = Arc::clone(&known);
    let house = House::with(move |options: &mut Options| {
        options.identity = Some(provider);
        options.public_url = Some("http://tidegate.example.com".to_owned());
    })
    .await;
    (house, known)
}

const HOST: (&str, &str) = ("host", "tidegate.example.com");

/// What a cookie of an answer is, as a browser sends it back.
fn cookie(answer: &Answer) -> String {
    let text = answer.headers["set-cookie"].to_str().unwrap();
    text.split(';').next().unwrap().to_owned()
}

async fn begin(house: &House) -> Answer {
    house.ask_with(Method::GET, "/v1/session/oidc", &[HOST], "").await
}

async fn come_back(house: &House, cookie: &str, query: &str) -> Answer {
    let path = format!("/v1/session/oidc/callback?{query}");
    house.ask_with(Method::GET, &path, &[HOST, ("cookie", cookie)], "").await
}

/// The session of whoever has this code.
async fn sign_in(house: &House, code: &str) -> Answer {
    let begun = begin(house).await;
    assert_eq!(begun.status, 303, "{}", begun.text());
    let location = begun.headers["location"].to_str().unwrap();
    let state = location.split_once("state=").unwrap().1;
    come_back(house, &cookie(&begun), &format!("code={code}&state={state}")).await
}

async fn as_browser(house: &House, cookie: &str, path: &str) -> Answer {
    house.ask_with(Method::GET, path, &[HOST, ("cookie", cookie)], "").await
}

async fn owner(house: &House, path: &str, body: serde_json::Value) {
    let answer = house.ask(Method::POST, path, &body.to_string()).await;
    assert!(answer.status.is_success(), "{}", answer.text());
}

#[tokio::test]
async fn a_person_has_the_roles_of_their_groups_and_of_an_account_of_their_name() {
    let (house, known) = house().await;
    known.knows("a", "Ada@Example.com", &["/platform/sre", "all"]);
    let subject = json!({"group": "/platform/sre"});
    let binding = json!({"subject": subject, "role": "operator", "namespace": "shop-*"});
    owner(&house, "/v1/access/bindings", binding).await;
    owner(&house, "/v1/access/accounts", json!({"name": "ada@example.com", "kind": "user"})).await;
    let subject = json!({"account": "ada@example.com"});
    owner(&house, "/v1/access/bindings", json!({"subject": subject, "role": "viewer"})).await;
    let back = sign_in(&house, "a").await;
    assert_eq!((back.status.as_u16(), &back.headers["location"]), (303, &"/".parse().unwrap()));
    let set = back.headers["set-cookie"].to_str().unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    let session = as_browser(&house, &cookie(&back), "/v1/session").await.json();
    assert_eq!(session["name"], "ada@example.com");
    assert_eq!(session["kind"], "user");
    assert_eq!(session["signIn"], json!(["oidc", "token"]));
    let roles = session["roles"].as_array().unwrap();
    assert_eq!(roles.len(), 2, "{roles:?}");
    let allowed = async |question: &str| {
        let path = format!("/v1/can-i?{question}");
        as_browser(&house, &cookie(&back), &path).await.json()["allowed"].clone()
    };
    assert_eq!(allowed("verb=abort&namespace=shop-eu&name=web").await, true);
    assert_eq!(allowed("verb=abort&namespace=bank&name=web").await, false);
    assert_eq!(allowed("verb=read&namespace=bank&name=web").await, true);
}

#[tokio::test]
async fn whoever_nobody_gave_a_role_signs_in_and_sees_nothing() {
    let (house, known) = house().await;
    known.knows("b", "bob", &[]);
    let back = sign_in(&house, "b").await;
    let session = as_browser(&house, &cookie(&back), "/v1/session").await;
    assert_eq!(session.json()["roles"], json!([]));
    as_browser(&house, &cookie(&back), "/v1/rollouts").await.refused(403, "bob may not", "");
}

/// Nobody can have another one's browser signed in as themselves, nor use an answer twice.
#[tokio::test]
async fn an_answer_belongs_to_the_browser_that_began() {
    let (house, known) = house().await;
    known.knows("a", "ada", &[]);
    let (mine, theirs) = (begin(&house).await, begin(&house).await);
    let refused = |answer: Answer| answer.refused(400, "no sign-in of this browser", "begin again");
    refused(come_back(&house, "a=b", "code=a&state=state-0").await);
    come_back(&house, &cookie(&theirs), "code=a&state=state-0").await.refused(403, "another", "");
    assert_eq!(come_back(&house, &cookie(&mine), "code=a&state=state-0").await.status, 303);
    refused(come_back(&house, &cookie(&mine), "code=a&state=state-0").await);
    let third = begin(&house).await;
    let no = come_back(&house, &cookie(&third), "error=access_denied&state=state-2").await;
    no.refused(403, "who is that?", "begin again");
}

#[tokio::test]
async fn nobody_becomes_a_program_or_who_is_disabled() {
    let (house, known) = house().await;
    known.knows("c", "ci", &[]);
    known.knows("d", "dora", &[]);
    known.knows("o", "owner", &[]);
    known.knows("w", "a name with spaces", &[]);
    owner(&house, "/v1/access/accounts", json!({"name": "ci", "kind": "serviceAccount"})).await;
    let disabled = json!({"name": "dora", "kind": "user", "disabled": true});
    owner(&house, "/v1/access/accounts", disabled.clone()).await;
    sign_in(&house, "c").await.refused(403, "account of a program", "");
    sign_in(&house, "d").await.refused(403, "disabled", "");
    sign_in(&house, "o").await.refused(403, "is taken", "--oidc-user-claim");
    sign_in(&house, "w").await.refused(403, "is no name", "--oidc-user-claim");
    // Nor does anybody stay in who is disabled later.
    owner(
        &house,
        "/v1/access/accounts",
        json!({"name": "dora", "kind": "user", "disabled": false}),
    )
    .await;
    let back = sign_in(&house, "d").await;
    assert_eq!(as_browser(&house, &cookie(&back), "/v1/session").await.status, 200);
    owner(&house, "/v1/access/accounts", disabled).await;
    as_browser(&house, &cookie(&back), "/v1/session").await.refused(401, "session has ended", "");
}

#[tokio::test]
async fn a_name_that_is_not_ours_leads_nowhere() {
    let (house, _) = house().await;
    let foreign = [("host", "evil.example")];
    let answer = house.ask_with(Method::GET, "/v1/session/oidc", &foreign, "").await;
    answer.refused(403, "not known by the name", "--public-url");
    let without = House::build().await;
    let here = [("host", "127.0.0.1")];
    let answer = without.ask_with(Method::GET, "/v1/session/oidc", &here, "").await;
    answer.refused(404, "no provider", "--oidc-issuer");
    let ways = without.ask_with(Method::GET, "/v1/session/ways", &here, "").await;
    assert_eq!(ways.json(), json!({"signIn": ["token"]}));
}

/// A person in a browser is not shown JSON: the page tells why, to that browser alone.
#[tokio::test]
async fn a_browser_that_is_refused_is_told_so_by_the_page() {
    let (house, known) = house().await;
    known.knows("d", "dora", &[]);
    let disabled = json!({"name": "dora", "kind": "user", "disabled": true});
    owner(&house, "/v1/access/accounts", disabled).await;
    let html = ("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
    let back = async |cookie: &str, query: &str| {
        let path = format!("/v1/session/oidc/callback?{query}");
        let answer =
            house.ask_with(Method::GET, &path, &[HOST, html, ("cookie", cookie)], "").await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        assert_eq!(answer.headers["location"], "/sign-in?refused");
    };
    let told = async |cookie: &str| {
        as_browser(&house, cookie, "/v1/session/ways").await.json()["refused"].clone()
    };
    let (mine, other) = (begin(&house).await, begin(&house).await);
    let (mine, other) = (cookie(&mine), cookie(&other));
    assert_eq!(told(&mine).await, json!(null), "it is on its way");
    back(&mine, "code=d&state=state-0").await;
    let refused = told(&mine).await;
    assert_eq!(refused["status"], 403);
    assert!(refused["detail"].as_str().unwrap().contains("disabled"), "{refused}");
    assert_eq!((told(&other).await, told("a=b").await), (json!(null), json!(null)));
    // What was refused is over, and so is what was never begun.
    back(&mine, "code=d&state=state-0").await;
    assert_eq!(told(&mine).await, json!(null));
    back("a=b", "code=d&state=state-0").await;
    let path = "/v1/ledger?what=SignInRefused";
    let entries = house.ask(Method::GET, path, "").await.json()["entries"].clone();
    assert_eq!(entries.as_array().unwrap().len(), 1, "{entries}");
    assert!(entries[0]["detail"]["why"].as_str().unwrap().contains("disabled"), "{entries}");
}
