//! Requests that are repeated.

use hyper::Method;
use serde_json::json;
use tidegate_ports::Store as _;

use crate::house::{Answer, House, TOKEN, rollout};

async fn ask(house: &House, path: &str, key: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {TOKEN}");
    let headers =
        [("authorization", bearer.as_str()), ("idempotency-key", key), ("tidegate-user", "ada")];
    house.ask_with(Method::POST, path, &headers, body).await
}

fn config(value: u32) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{a: '{value}'}}\n")
}

/// Everything that is stored.
async fn texts(house: &House) -> String {
    format!("{:?}", house.store.load_texts().await.unwrap())
}

fn is_replayed(answer: &Answer) -> bool {
    answer.headers.contains_key("idempotency-replayed")
}

#[tokio::test]
async fn the_same_request_has_the_same_answer_and_is_done_once_also_over_a_restart() {
    let mut house = House::build().await;
    let first = ask(&house, "/v1/apply", "one", &config(1)).await;
    assert!(first.status == 200 && !is_replayed(&first), "{}", first.text());
    assert!(first.text().contains("created"), "{}", first.text());
    house.apply(&config(2)).await;
    let entries = house.store.ledger().len();
    for _ in 0..2 {
        let again = ask(&house, "/v1/apply", "\"one\"", &config(1)).await;
        assert!(is_replayed(&again));
        assert_eq!(
            (again.status, again.body, &again.headers["content-type"]),
            (first.status, first.body.clone(), &first.headers["content-type"])
        );
        assert_eq!(house.store.ledger().len(), entries);
        house.end().await;
        house = house.next().await;
    }
    let config = house.get("/api/v1/namespaces/default/configmaps/a").await;
    assert_eq!(config.json()["data"]["a"], "2", "it was not done again");
}

#[tokio::test]
async fn a_key_is_of_one_request_and_of_one_caller() {
    let house = House::with_web().await;
    house.apply(&rollout("v2")).await;
    house.until(|view| view["report"]["phase"] == "Paused").await;
    let path = "/v1/namespaces/default/rollouts/web/pause";
    assert_eq!(ask(&house, path, "k", "").await.status, 204);
    let other = ask(&house, "/v1/namespaces/default/rollouts/web/abort", "k", "").await;
    other.refused(422, "another request", "new key");
    assert_eq!(other.json()["type"], "urn:tidegate:problem:idempotency-key-reused");
    ask(&house, path, "k", "{\"a\": 1}").await.refused(422, "another request", "");
    // Somebody else's key of the same name is another one.
    let vera = house.somebody("vera", "operator").await;
    let bearer = format!("Bearer {}", vera.token);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "k")];
    let resumed =
        house.ask_with(Method::POST, &path.replace("pause", "resume"), &headers, "").await;
    assert_eq!(resumed.status, 204, "{}", resumed.text());
    for key in ["", &"x".repeat(256)] {
        ask(&house, path, key, "").await.refused(400, "Idempotency-Key", "UUID");
    }
}

#[tokio::test]
async fn of_many_at_once_one_is_carried_out() {
    let house = House::build().await;
    let body = config(1);
    let all = (0..12).map(|_| ask(&house, "/v1/apply", "k", &body));
    let answers = futures_util::future::join_all(all).await;
    let done = answers.iter().filter(|one| one.status == 200 && !is_replayed(one)).count();
    assert_eq!(done, 1);
    for one in answers.iter().filter(|one| one.status != 200) {
        one.refused(409, "still being carried out", "in a moment");
        assert_eq!(one.headers["retry-after"], "1");
    }
    assert_eq!(house.store.ledger().len(), 1);
}

#[tokio::test]
async fn a_secret_is_not_kept_and_what_was_refused_for_want_of_rights_may_come_again() {
    let house = House::build().await;
    house.account("ada").await;
    let wish = json!({"account": "ada"}).to_string();
    let made = ask(&house, "/v1/access/tokens", "t", &wish).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let again = ask(&house, "/v1/access/tokens", "t", &wish).await;
    again.refused(409, "its answer is not kept", "told once");
    assert!(!texts(&house).await.contains(&token));
    let vera = house.somebody("vera", "viewer").await;
    let bearer = format!("Bearer {}", vera.token);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "k")];
    let body = config(1);
    let apply =
        async || house.ask_with(Method::POST, "/v1/apply", &headers, &body).await.status.as_u16();
    assert_eq!(apply().await, 403);
    house.bind("vera", "developer", "*").await;
    assert_eq!(apply().await, 200);
}

#[tokio::test]
async fn what_is_remembered_is_bounded() {
    let house = House::build().await;
    for number in 0..1_100 {
        let path = "/v1/namespaces/default/rollouts/none/pause";
        assert_eq!(ask(&house, path, &number.to_string(), "").await.status, 404);
    }
    let kept = texts(&house).await.matches("RepeatableRequest").count();
    assert!((1_000..=1_064).contains(&kept), "{kept}");
}
