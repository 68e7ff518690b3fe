//! Who may do what, over the wire.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use crate::house::{Answer, House, rollout};

/// Somebody with a token of an account.
pub(crate) struct Somebody<'a> {
    house: &'a House,
    pub(crate) token: String,
    pub(crate) id: String,
}

impl Somebody<'_> {
    pub(crate) async fn ask(&self, method: Method, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        self.house.ask_with(method, path, &[("authorization", &bearer)], body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, "").await
    }

    pub(crate) async fn act(&self, action: &str, body: &str) -> Answer {
        let path = format!("/v1/namespaces/default/rollouts/web/{action}");
        self.ask(Method::POST, &path, body).await
    }

    pub(crate) async fn apply(&self, text: &str) -> Answer {
        self.ask(Method::POST, "/v1/apply?file=web.yaml", text).await
    }
}

impl House {
    /// Asks as the owner for something that has to go well.
    pub(crate) async fn make(&self, path: &str, body: &Value) -> Value {
        let answer = self.ask(Method::POST, path, &body.to_string()).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        answer.json()
    }

    pub(crate) async fn account(&self, name: &str) {
        self.make("/v1/access/accounts", &json!({"name": name, "kind": "user"})).await;
    }

    pub(crate) async fn bind(&self, name: &str, role: &str, namespace: &str) -> Value {
        let wish = json!({"subject": {"account": name}, "role": role, "namespace": namespace});
        self.make("/v1/access/bindings", &wish).await
    }

    pub(crate) async fn token(&self, wish: &Value) -> Somebody<'_> {
        let made = self.make("/v1/access/tokens", wish).await;
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        Somebody { house: self, token: text("token"), id: text("id") }
    }

    /// An account with a role everywhere, and a token of it.
    pub(crate) async fn somebody(&self, name: &str, role: &str) -> Somebody<'_> {
        self.account(name).await;
        self.bind(name, role, "*").await;
        self.token(&json!({"account": name})).await
    }

    /// Every word of the ledger with who said it.
    pub(crate) async fn told(&self) -> Vec<Value> {
        let page = self.get("/v1/ledger").await.json();
        page["entries"].as_array().unwrap().clone()
    }
}

fn names(list: &Answer) -> Vec<String> {
    let items = list.json()["items"].as_array().unwrap().clone();
    let name = |item: &Value| item["metadata"]["name"].as_str().unwrap().to_owned();
    items.iter().map(name).collect()
}

#[tokio::test]
async fn a_role_decides_what_an_account_may_do() {
    let house = House::with_web().await;
    let viewer = house.somebody("vera", "viewer").await;
    let developer = house.somebody("dora", "developer").await;
    let nobody = {
        house.account("noel").await;
        house.token(&json!({"account": "noel"})).await
    };
    let view = "/v1/namespaces/default/rollouts/web/view";
    assert_eq!(viewer.get(view).await.status, 200);
    nobody.get(view).await.refused(403, "noel may not read default/web", "can-i");
    for action in
        ["promote", "promote-full", "pause", "resume", "abort", "retry", "undo", "restart"]
    {
        viewer.act(action, "").await.refused(403, &format!("vera may not {action}"), "");
    }
    viewer
        .act("override", r#"{"rule": "judge", "reason": "x"}"#)
        .await
        .refused(403, "operator", "");
    viewer.apply(&rollout("v2")).await.refused(403, "vera may not apply", "");
    let path = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/web";
    viewer.ask(Method::DELETE, path, "").await.refused(403, "delete", "");
    developer.ask(Method::DELETE, path, "").await.refused(403, "delete", "");
    viewer.get("/v1/access/accounts").await.refused(403, "manage-access", "");
    viewer.get("/v1/ledger/verify").await.refused(403, "verify-ledger", "");
    assert_eq!(developer.apply(&rollout("v2")).await.status, 200);
    developer.act("promote", "").await.refused(403, "approver, operator, admin", "");
    let whom = |entry: &Value| (entry["actor"]["kind"] == "user").then(|| entry.clone());
    let told: Vec<_> = house.told().await.iter().filter_map(whom).collect();
    let said = |what: &str, name: &str| {
        told.iter().any(|entry| entry["what"] == what && entry["actor"]["name"] == name)
    };
    assert!(said("Denied", "vera") && said("Denied", "noel"), "{told:#?}");
}

#[tokio::test]
async fn lists_watches_logs_and_the_ledger_show_what_one_may_see() {
    let house = House::with_web().await;
    let shop =
        rollout("v1").replace("name: web\n  labels", "name: till\n  namespace: shop\n  labels");
    assert_eq!(house.apply(&shop).await.status, 200);
    house.account("ada").await;
    house.bind("ada", "developer", "shop").await;
    let ada = house.token(&json!({"account": "ada"})).await;
    assert_eq!(names(&ada.get("/apis/argoproj.io/v1alpha1/rollouts").await), ["till"]);
    let other = ada.get("/apis/argoproj.io/v1alpha1/namespaces/default/rollouts").await;
    assert_eq!(names(&other), Vec::<String>::new());
    assert_eq!(names(&ada.get("/api/v1/services").await), Vec::<String>::new());
    ada.get("/v1/namespaces/default/rollouts/web/watch").await.refused(403, "default/web", "");
    let entries = ada.get("/v1/ledger").await.json()["entries"].as_array().unwrap().clone();
    assert!(!entries.is_empty());
    for entry in entries {
        assert!(entry["subject"]["key"].as_str().unwrap().starts_with("shop/"), "{entry}");
    }
    let view = house.until(|view| !view["replicas"].as_array().unwrap().is_empty()).await;
    let replica = serde_json::to_value(&view).unwrap()["replicas"][0]["id"].clone();
    let logs = format!("/v1/logs?replica={}", replica.as_str().unwrap());
    ada.get(&logs).await.refused(403, "logs default/web", "");
    ada.get("/v1/logs?replica=gone").await.refused(403, "logs everything", "");
    let all = ada.get("/v1/environments").await.json();
    assert_eq!(all, json!({"items": [{"name": "shop", "protected": false}]}));
}

#[tokio::test]
async fn a_body_is_checked_whole_before_anything_of_it_is_done() {
    let house = House::with_web().await;
    house.account("ada").await;
    house.bind("ada", "developer", "shop").await;
    let ada = house.token(&json!({"account": "ada"})).await;
    let own =
        rollout("v1").replace("name: web\n  labels", "name: till\n  namespace: shop\n  labels");
    let both = format!("{own}---\n{}", rollout("v2"));
    ada.apply(&both).await.refused(403, "ada may not apply default/web", "");
    let path = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/till";
    assert_eq!(house.get(path).await.status, 404);
    // A kind without a namespace is everybody's, whatever namespace the address names.
    let template = "apiVersion: argoproj.io/v1alpha1\nkind: ClusterAnalysisTemplate\nmetadata: {name: all}\n\
                    spec: {metrics: [{name: a, provider: {web: {url: 'http://127.0.0.1:1'}}}]}\n";
    ada.apply(template).await.refused(403, "apply all", "");
    assert_eq!(house.apply(template).await.status, 200, "{}", house.apply(template).await.text());
    house.bind("ada", "operator", "shop").await;
    let path = "/apis/argoproj.io/v1alpha1/namespaces/shop/clusteranalysistemplates/all";
    ada.ask(Method::DELETE, path, "").await.refused(403, "delete all", "");
    ada.get(path).await.refused(403, "read all", "");
    assert_eq!(ada.apply(&own).await.status, 200);
}

#[tokio::test]
async fn a_token_is_worth_nothing_once_it_is_taken_back_expired_or_its_account_gone() {
    let house = House::with_web().await;
    let ada = house.somebody("ada", "viewer").await;
    let path = "/v1/namespaces/default/rollouts/web/view";
    assert_eq!(ada.get(path).await.status, 200);
    let set = |disabled: bool| json!({"name": "ada", "kind": "user", "disabled": disabled});
    house.make("/v1/access/accounts", &set(true)).await;
    ada.get(path).await.refused(401, "disabled", "");
    house.make("/v1/access/accounts", &set(false)).await;
    assert_eq!(ada.get(path).await.status, 200);
    let revoke = format!("/v1/access/tokens/{}", ada.id);
    assert_eq!(house.ask(Method::DELETE, &revoke, "").await.status, 204);
    ada.get(path).await.refused(401, "revoked", "");
    let next = house.token(&json!({"account": "ada"})).await;
    assert_eq!(next.get(path).await.status, 200);
    assert_eq!(house.ask(Method::DELETE, "/v1/access/accounts/ada", "").await.status, 204);
    assert_eq!(next.get(path).await.status, 401);
    // Somebody of that name who comes later has nothing of it.
    house.account("ada").await;
    assert_eq!(next.get(path).await.status, 401);
    house.token(&json!({"account": "ada"})).await.get(path).await.refused(403, "", "");
    let past = json!({"account": "ada", "expiresAt": "2020-01-01T00:00:00Z"});
    let refused = house.ask(Method::POST, "/v1/access/tokens", &past.to_string()).await;
    refused.refused(400, "over already", "");
}

#[tokio::test]
async fn a_scope_narrows_and_no_secret_is_told_twice() {
    let house = House::with_web().await;
    let admin = house.somebody("root", "admin").await;
    let wish = json!({"account": "root", "scope": {"verbs": ["read"], "namespaces": ["shop"]}});
    let narrow = house.token(&wish).await;
    narrow.get("/v1/namespaces/default/rollouts/web/view").await.refused(
        403,
        "the token is not",
        "",
    );
    narrow.get("/v1/access/accounts").await.refused(403, "manage-access", "");
    narrow.act("abort", "").await.refused(403, "", "");
    // A scope with a word that it does not know would be wider than it was meant.
    for scope in [json!({"verb": ["read"]}), json!({"verbs": ["reed"]})] {
        let wish = json!({"account": "root", "scope": scope}).to_string();
        assert_eq!(house.ask(Method::POST, "/v1/access/tokens", &wish).await.status, 400);
    }
    let listed = admin.get("/v1/access/tokens").await;
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 2);
    let ledger = house.get("/v1/ledger").await.text();
    assert!(ledger.contains("TokenCreated") && ledger.contains(&narrow.id));
    for text in [listed.text(), ledger] {
        for somebody in [&admin, &narrow] {
            assert!(!text.contains(&somebody.token));
            assert!(!text.contains("digest"), "{text}");
        }
    }
}

#[tokio::test]
async fn who_may_what_is_told_before_it_is_tried() {
    let house = House::with_web().await;
    let ada = house.somebody("ada", "approver").await;
    let ask = async |query: &str| ada.get(&format!("/v1/can-i?{query}")).await.json();
    assert_eq!(ask("verb=promote&namespace=a&name=b").await, json!({"allowed": true}));
    let refused = ask("verb=apply&namespace=a&name=b").await;
    assert_eq!(refused["allowed"], false);
    assert!(refused["reason"].as_str().unwrap().contains("developer, operator, admin"));
    ada.get("/v1/can-i?verb=fly").await.refused(400, "promote-full", "");
    let all = ada.get("/v1/namespaces/default/rollouts/web/permissions").await.json();
    assert_eq!(all["promote"]["allowed"], true);
    assert_eq!(all["undo"]["allowed"], false);
    assert_eq!(all.as_object().unwrap().len(), 14);
    let me = ada.get("/v1/session").await.json();
    assert_eq!(me["name"], "ada");
    assert_eq!(me["kind"], "user");
    assert_eq!(me["csrf"], Value::Null);
    assert_eq!(me["roles"], json!([{"role": "approver", "namespace": "*", "application": "*"}]));
    assert_eq!(house.get("/v1/session").await.json()["kind"], "owner");
}

#[tokio::test]
async fn a_watch_ends_with_the_token_that_it_was_begun_with() {
    let house = House::with_web().await;
    let ada = house.somebody("ada", "viewer").await;
    let bearer = format!("Bearer {}", ada.token);
    let path = "/v1/namespaces/default/rollouts/web/watch";
    let headers = [("authorization", bearer.as_str())];
    let watch = house.begin(Method::GET, path, &headers, "").await;
    assert_eq!(watch.status(), 200);
    let revoke = format!("/v1/access/tokens/{}", ada.id);
    assert_eq!(house.ask(Method::DELETE, &revoke, "").await.status, 204);
    assert_eq!(house.apply(&rollout("v2")).await.status, 200);
    let rest = http_body_util::BodyExt::collect(watch.into_body());
    let rest = tokio::time::timeout(Duration::from_secs(20), rest).await.unwrap().unwrap();
    let text = String::from_utf8(rest.to_bytes().to_vec()).unwrap();
    assert!(!text.contains("web:v2"), "{text}");
}

#[tokio::test]
async fn ten_thousand_wrong_tokens_keep_nobody_up_and_fill_no_ledger() {
    let house = House::with_web().await;
    let ada = house.somebody("ada", "viewer").await;
    let before = house.told().await.len();
    let path = "/v1/namespaces/default/rollouts/web/view";
    for round in 0..100 {
        for number in 0..100 {
            let bearer = format!("Bearer tgt_{}", round * 100 + number);
            let headers = [("authorization", bearer.as_str())];
            assert_eq!(house.ask_with(Method::GET, path, &headers, "").await.status, 401);
        }
        assert_eq!(ada.get(path).await.status, 200);
    }
    let told = house.told().await;
    assert!(told.len() <= before + 4, "{} entries", told.len() - before);
    assert!(told.iter().any(|entry| entry["what"] == "SignInRefused"));
}

#[tokio::test]
async fn who_may_what_is_kept_over_a_restart() {
    let house = House::with_web().await;
    let ada = house.somebody("ada", "viewer").await;
    let next = house.next().await;
    let bearer = format!("Bearer {}", ada.token);
    let path = "/v1/namespaces/default/rollouts/web/view";
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(next.ask_with(Method::GET, path, &headers, "").await.status, 200);
    assert_eq!(
        next.ask_with(Method::POST, &path.replace("view", "abort"), &headers, "").await.status,
        403
    );
}

#[tokio::test]
async fn nobody_lets_their_own_change_through() {
    let house = House::with_web().await;
    let ada = house.somebody("ada", "operator").await;
    let bo = house.somebody("bo", "approver").await;
    assert_eq!(ada.apply(&rollout("v2")).await.status, 200);
    house.until(|view| view["status"]["pause"].is_object()).await;
    for action in ["promote", "promote-full", "resume"] {
        ada.act(action, "").await.refused(403, "ada made this change", "somebody else");
    }
    let rule = r#"{"rule": "judge", "reason": "x"}"#;
    ada.act("override", rule).await.refused(403, "ada made this change", "");
    let all = ada.get("/v1/namespaces/default/rollouts/web/permissions").await.json();
    assert_eq!(all["promote"]["allowed"], false);
    assert!(all["promote"]["reason"].as_str().unwrap().contains("somebody else"), "{all}");
    assert_eq!(all["abort"]["allowed"], true);
    // Nor by taking the step away that holds it, nor after a restart of the server.
    let no_steps = rollout("v2").replace("      - pause: {}\n", "");
    ada.apply(&no_steps).await.refused(403, "steps along with their own change", "");
    ada.apply(&rollout("v3").replace("setWeight: 10", "setWeight: 100"))
        .await
        .refused(403, "steps", "");
    let next = house.next().await;
    let bearer = format!("Bearer {}", ada.token);
    let path = "/v1/namespaces/default/rollouts/web/promote";
    let headers = [("authorization", bearer.as_str())];
    next.ask_with(Method::POST, path, &headers, "").await.refused(403, "ada made this change", "");
    let bearer = format!("Bearer {}", bo.token);
    let headers = [("authorization", bearer.as_str())];
    let promoted = next.ask_with(Method::POST, path, &headers, "").await;
    assert_eq!(promoted.status, 204, "{}", promoted.text());
    next.until(|view| view["status"]["stable"] == view["status"]["current"]).await;
    // What bo brings in next is bo's alone.
    next.bind("bo", "developer", "*").await;
    let applied = next.ask_with(Method::POST, "/v1/apply", &headers, &rollout("v3")).await;
    assert_eq!(applied.status, 200);
    next.until(|view| view["status"]["pause"].is_object()).await;
    next.ask_with(Method::POST, path, &headers, "").await.refused(403, "bo made this change", "");
    let bearer = format!("Bearer {}", ada.token);
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(next.ask_with(Method::POST, path, &headers, "").await.status, 204);
}
