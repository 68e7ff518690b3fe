//! Changes that are only rehearsed.

use hyper::Method;
use serde_json::{Value, json};
use tidegate_ports::Store as _;

use crate::house::{Answer, House, rollout};

async fn paused() -> House {
    let house = House::with_web().await;
    house.apply(&rollout("v2")).await;
    house.until(|view| view["report"]["phase"] == "Paused").await;
    house
}

/// The words of the entries that were foreseen.
#[track_caller]
fn words(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = answer.json();
    assert_eq!(told["dryRun"], "All", "{told}");
    let entries = told["entries"].as_array().unwrap();
    entries.iter().map(|entry| entry["what"].as_str().unwrap().to_owned()).collect()
}

/// All that is stored but for what is measured all the time, and the ledger's length.
async fn kept(house: &House) -> (Value, usize) {
    let view = house.get("/v1/namespaces/default/rollouts/web/view").await.json();
    let status = view["status"].clone();
    let wanted = house.get("/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/web").await;
    let manifest = wanted.json();
    let access = house.get("/v1/access/accounts").await.json();
    let environments = house.get("/v1/environments").await.json();
    let all = json!([
        status["step_index"],
        status["abort"],
        status["pause"],
        manifest["spec"],
        access,
        environments
    ]);
    house.store.head().await.unwrap();
    (all, house.store.ledger().len())
}

#[tokio::test]
async fn every_action_says_what_would_be_and_does_nothing() {
    let house = paused().await;
    let before = kept(&house).await;
    let check = async |action: &str, body: &str, expect: &str| {
        let answer = house.act(&format!("{action}?dryRun=All"), body).await;
        let words = words(&answer);
        assert!(words.iter().any(|word| word == expect), "{action}: {words:?}");
    };
    check("promote", "", "Promote").await;
    check("promote-full", "", "PromoteFull").await;
    check("pause", "", "Pause").await;
    check("abort", r#"{"reason": "smoke"}"#, "Abort").await;
    check("undo", "", "Undone").await;
    check("restart", "", "Restarted").await;
    check("set-image", r#"{"images": {"*": "web:v9"}}"#, "ImageSet").await;
    assert_eq!(kept(&house).await, before);
    // It says what the next plan would come to as well.
    let promoted = house.act("promote?dryRun=true", "").await;
    assert!(words(&promoted).len() > 1, "{}", promoted.text());
    let aborted = house.act("abort?dryRun=All", r#"{"reason": "smoke"}"#).await;
    assert!(
        aborted.text().contains("smoke") && aborted.text().contains("ada"),
        "{}",
        aborted.text()
    );
    assert_eq!(kept(&house).await, before);
    assert_eq!(house.act("promote?dryRun=false", "").await.status, 204);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_as_if_it_were_done() {
    let house = paused().await;
    let before = kept(&house).await;
    house.act("retry?dryRun=All", "").await.refused(409, "", "");
    house.act("undo?dryRun=All", r#"{"toRevision": 9}"#).await.refused(404, "revision 9", "kept");
    house.act("promote?dryRun=Some", "").await.refused(400, "dryRun", "");
    let path = "/v1/namespaces/default/rollouts/nobody/promote?dryRun=All";
    house.ask(Method::POST, path, "").await.refused(404, "nobody", "");
    let code = house.ask(Method::POST, "/v1/session/codes?dryRun=All", "").await;
    code.refused(400, "no dry run", "leave");
    assert_eq!(kept(&house).await, before);
}

#[tokio::test]
async fn deletes_and_changes_of_access_are_rehearsed_too() {
    let house = paused().await;
    let ask = async |method: Method, path: &str, body: &str| house.ask(method, path, body).await;
    let account = r#"{"name": "eve", "kind": "user"}"#;
    let made = ask(Method::POST, "/v1/access/accounts", account).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let before = kept(&house).await;
    let web = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/web?dryRun=All";
    let words_of =
        async |method: Method, path: &str, body: &str| words(&ask(method, path, body).await);
    assert!(words_of(Method::DELETE, web, "").await.iter().any(|word| word == "Deleted"));
    let bob = r#"{"name": "bob", "kind": "user"}"#;
    let path = "/v1/access/accounts?dryRun=All";
    assert_eq!(words_of(Method::POST, path, bob).await, ["AccountCreated"]);
    // What is so already is no change.
    assert_eq!(words_of(Method::POST, path, account).await, Vec::<String>::new());
    let path = "/v1/access/accounts/eve?dryRun=All";
    assert_eq!(words_of(Method::DELETE, path, "").await, ["AccountDeleted"]);
    let token = ask(Method::POST, "/v1/access/tokens?dryRun=All", r#"{"account": "eve"}"#).await;
    assert_eq!(words(&token), ["TokenCreated"]);
    assert!(!token.text().contains("\"token\""), "no secret is made: {}", token.text());
    let path = "/v1/environments?dryRun=All";
    let wish = r#"{"name": "default", "protected": true}"#;
    assert_eq!(words_of(Method::POST, path, wish).await, ["EnvironmentSet"]);
    assert_eq!(kept(&house).await, before);
    // Nothing of it is remembered by a server that is asked for the thing itself.
    assert_eq!(ask(Method::POST, "/v1/access/accounts", bob).await.status, 200);
    assert_eq!(house.store.ledger().len(), before.1 + 1);
}
