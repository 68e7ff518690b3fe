//! What forges tell, and what others tell in their name.

use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use tidegate_api::{Options, WebhookSecrets};
use tidegate_webhook::{Forge, WebhookSecret};

use crate::house::{Answer, House};

const SECRET: &str = "a secret of some length";

async fn house() -> House {
    House::with(knows_github).await
}

fn knows_github(options: &mut Options) {
    let secret = WebhookSecret::new(SECRET).unwrap();
    options.webhook_secrets = WebhookSecrets::default().with(Forge::GitHub, secret);
}

fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body);
    let bytes = mac.finalize().into_bytes();
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = digits.map(|nibble| char::from_digit(nibble.into(), 16).unwrap());
    format!("sha256={}", digits.collect::<String>())
}

/// Sends a push in the name of GitHub, signed or not.
async fn push(house: &House, delivery: &str, body: &str, signature: &str) -> Answer {
    let headers = [
        ("x-github-event", "push"),
        ("x-github-delivery", delivery),
        ("x-hub-signature-256", signature),
    ];
    post(house, "github", &headers, body).await
}

fn body(commit: &str) -> String {
    json!({
        "ref": "refs/heads/main", "after": commit, "sender": {"login": "ada"},
        "repository": {"full_name": "acme/shop"},
        "commits": [{"id": commit, "timestamp": "2026-01-01T10:00:00Z"}],
    })
    .to_string()
}

async fn post(house: &House, forge: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    house.ask_with(Method::POST, &format!("/v1/webhooks/{forge}"), headers, body).await
}

async fn told(house: &House) -> Vec<Value> {
    let page = house.get("/v1/ledger?limit=1000").await.json();
    let entries = page["entries"].as_array().unwrap().clone();
    entries.into_iter().filter(|entry| entry["what"] == "WebhookReceived").collect()
}

#[tokio::test]
async fn a_push_is_written_down_once_whatever_it_is_called() {
    let house = house().await;
    let first = body("95790bf891e76fee5e1747ab589903a6a1f80f22");
    let taken = push(&house, "one", &first, &signature(first.as_bytes())).await;
    assert_eq!(taken.status, 200, "{}", taken.text());
    assert_eq!(taken.json(), json!({"event": "push", "delivery": "one"}));
    for delivery in ["one", "two"] {
        let again = push(&house, delivery, &first, &signature(first.as_bytes())).await;
        again.refused(409, "came before", "taken the first time");
    }
    let second = body("a10867b14bb761a232cd80139fbd4c0d33264240");
    let taken = push(&house, "three", &second, &signature(second.as_bytes())).await;
    assert_eq!(taken.status, 200, "{}", taken.text());
    let entries = told(&house).await;
    assert_eq!(entries.len(), 2, "{entries:?}");
    assert_eq!(entries[0]["actor"]["name"], "github:ada");
    assert_eq!(entries[0]["subject"]["key"], "*/acme/shop");
    let commits = &entries[0]["detail"]["event"]["changes"][0]["commits"];
    assert_eq!(commits[0]["committedAt"], "2026-01-01T10:00:00.000Z");
}

/// What came before a restart is known after it.
#[tokio::test]
async fn a_restart_forgets_no_delivery() {
    let mut house = house().await;
    let first = body("95790bf891e76fee5e1747ab589903a6a1f80f22");
    let signature = signature(first.as_bytes());
    assert_eq!(push(&house, "one", &first, &signature).await.status, 200);
    house.end().await;
    let house = House::over(Arc::clone(&house.store), knows_github).await;
    push(&house, "two", &first, &signature).await.refused(409, "came before", "");
}

#[tokio::test]
async fn what_nobody_signed_is_refused_and_not_written_down() {
    let house = house().await;
    let text = body("95790bf891e76fee5e1747ab589903a6a1f80f22");
    let other = signature(b"{}");
    push(&house, "one", &text, &other).await.refused(
        403,
        "no secret of github",
        "must be the same",
    );
    push(&house, "one", &text, "sha256=").await.refused(403, "no secret of github", "");
    let odd = signature(b"not json");
    push(&house, "one", "not json", &odd).await.refused(400, "no JSON", "application/json");
    let unsigned = post(&house, "github", &[], &text).await;
    unsigned.refused(403, "X-Hub-Signature-256", "a secret at the forge");
    let gitlab = post(&house, "gitlab", &[], &text).await;
    gitlab.refused(404, "takes no webhooks of gitlab", "--webhook-secret gitlab=FILE");
    let none = post(&house, "sourceforge", &[], &text).await;
    none.refused(404, "none of github, gitlab and bitbucket", "");
    let large = post(&house, "github", &[], &" ".repeat(9 * 1024 * 1024)).await;
    assert_eq!(large.status, 413, "{}", large.text());
    assert!(told(&house).await.is_empty());
}
