//! Browsers: sessions, and what other people's pages cannot do with them.

use hyper::Method;
use serde_json::json;

use crate::house::{Answer, House, TOKEN};

const SESSION: &str = "/v1/session";
const PAUSE: &str = "/v1/namespaces/default/rollouts/web/pause";

/// A browser that has signed in.
struct Browser<'a> {
    house: &'a House,
    cookie: String,
    csrf: String,
}

impl Browser<'_> {
    async fn ask(&self, method: Method, path: &str, more: &[(&str, &str)]) -> Answer {
        let mut headers = vec![("cookie", self.cookie.as_str()), ("host", "127.0.0.1:7420")];
        headers.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        headers.extend(more);
        self.house.ask_with(method, path, &headers, "").await
    }

    /// As the page asks.
    async fn change(&self, method: Method, path: &str) -> Answer {
        self.ask(method, path, &[("tidegate-csrf", &self.csrf)]).await
    }
}

async fn post(house: &House, body: &serde_json::Value) -> Answer {
    let headers = [("host", "127.0.0.1:7420")];
    house.ask_with(Method::POST, SESSION, &headers, &body.to_string()).await
}

async fn sign_in<'a>(house: &'a House, body: &serde_json::Value) -> Browser<'a> {
    let answer = post(house, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let set = answer.headers["set-cookie"].to_str().unwrap();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(set.contains(attribute), "{set}");
    }
    let cookie = set.split(';').next().unwrap().to_owned();
    let csrf = answer.json()["csrf"].as_str().unwrap().to_owned();
    assert!(!cookie.contains(&csrf));
    Browser { house, cookie, csrf }
}

#[tokio::test]
async fn a_browser_signs_in_by_a_token_and_out_again() {
    let house = House::with_web().await;
    let ada = house.somebody("ada", "developer").await;
    let browser = sign_in(&house, &json!({"token": ada.token})).await;
    let me = browser.ask(Method::GET, SESSION, &[]).await.json();
    assert_eq!(me["name"], "ada");
    assert_eq!(me["csrf"], browser.csrf.as_str());
    assert!(me["expiresAt"].is_string());
    // It may do what the account may, and is called so.
    assert_eq!(browser.change(Method::POST, PAUSE).await.status, 409);
    let promote = PAUSE.replace("pause", "promote");
    browser.change(Method::POST, &promote).await.refused(403, "ada may not promote", "");
    let out = browser.change(Method::DELETE, SESSION).await;
    assert_eq!(out.status, 204);
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(browser.ask(Method::GET, SESSION, &[]).await.status, 401);
    let words: Vec<_> = house.told().await.iter().map(|it| it["what"].clone()).collect();
    assert!(words.contains(&json!("SignedIn")) && words.contains(&json!("SignedOut")));
    let stored = house.get("/v1/ledger").await.text();
    assert!(!stored.contains("tgs_") && !stored.contains("tgt_"));
}

#[tokio::test]
async fn a_page_of_somebody_else_changes_nothing() {
    let house = House::with_web().await;
    let browser = sign_in(&house, &json!({"token": TOKEN})).await;
    let csrf = ("tidegate-csrf", browser.csrf.as_str());
    let check = async |more: &[(&str, &str)], expect: u16| {
        let answer = browser.ask(Method::POST, PAUSE, more).await;
        assert_eq!(answer.status, expect, "{more:?}: {}", answer.text());
    };
    // What it comes to when it is let through: there is no update to pause.
    check(&[csrf], 409).await;
    check(&[csrf, ("origin", "http://127.0.0.1:7420"), ("sec-fetch-site", "same-origin")], 409)
        .await;
    check(&[], 403).await;
    check(&[("tidegate-csrf", "x")], 403).await;
    check(&[csrf, ("origin", "https://evil.example")], 403).await;
    check(&[csrf, ("origin", "http://127.0.0.1:1")], 403).await;
    check(&[csrf, ("sec-fetch-site", "cross-site")], 403).await;
    // A name that leads here is its owner's: what it may read is nothing.
    check(&[csrf, ("host", "evil.example")], 403).await;
    let read = browser.ask(Method::GET, "/v1/ledger", &[("host", "evil.example")]).await;
    read.refused(403, "not known by the name", "by its address");
    let wrong = [("host", "evil.example")];
    let body = json!({"token": TOKEN}).to_string();
    let refused = house.ask_with(Method::POST, SESSION, &wrong, &body).await;
    refused.refused(403, "not known by the name", "");
    assert!(!refused.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn a_code_signs_in_once() {
    let house = House::with_web().await;
    let ada = house.somebody("ada", "viewer").await;
    let made = ada.ask(Method::POST, "/v1/session/codes", "").await.json();
    let code = json!({"code": made["code"]});
    let browser = sign_in(&house, &code).await;
    assert_eq!(browser.ask(Method::GET, SESSION, &[]).await.json()["name"], "ada");
    post(&house, &code).await.refused(401, "not one of this server", "/v1/session/codes");
    let made = house.ask(Method::POST, "/v1/session/codes", "").await.json();
    let browser = sign_in(&house, &json!({"code": made["code"]})).await;
    let me = browser.ask(Method::GET, SESSION, &[]).await.json();
    // For whom the owner asked when they made it.
    assert_eq!((&me["name"], &me["kind"]), (&json!("ada"), &json!("owner")));
    for body in [json!({}), json!({"token": "a", "code": "b"})] {
        assert_eq!(post(&house, &body).await.status, 400);
    }
}

#[tokio::test]
async fn a_session_ends_with_its_token_and_lives_over_a_restart() {
    let house = House::with_web().await;
    let ada = house.somebody("ada", "viewer").await;
    let browser = sign_in(&house, &json!({"token": ada.token})).await;
    let headers = [("cookie", browser.cookie.as_str()), ("host", "127.0.0.1:1")];
    let next = house.next().await;
    let me = next.ask_with(Method::GET, SESSION, &headers, "").await;
    assert_eq!(me.json()["csrf"], browser.csrf.as_str());
    let revoke = format!("/v1/access/tokens/{}", ada.id);
    assert_eq!(next.ask(Method::DELETE, &revoke, "").await.status, 204);
    next.ask_with(Method::GET, SESSION, &headers, "").await.refused(401, "sign in again", "");
    assert_eq!(post(&next, &json!({"token": ada.token})).await.status, 401);
}

#[tokio::test]
async fn whoever_tries_too_often_is_told_to_wait_and_nobody_else() {
    let house = House::with_web().await;
    let ada = house.somebody("ada", "viewer").await;
    let mut answers = Vec::new();
    for _ in 0..30 {
        answers.push(post(&house, &json!({"token": "wrong"})).await);
    }
    assert!(answers.iter().take(10).all(|answer| answer.status == 401));
    for answer in answers.iter().skip(10) {
        answer.refused(429, "too many", "wait");
        let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait));
    }
    sign_in(&house, &json!({"token": ada.token})).await;
    let told = house.told().await;
    let refused = told.iter().filter(|entry| entry["what"] == "SignInRefused").count();
    assert_eq!(refused, 1);
}

#[tokio::test]
async fn production_is_confirmed_in_so_many_words() {
    let house = House::with_web().await;
    house.make("/v1/environments", &json!({"name": "default", "protected": true})).await;
    let browser = sign_in(&house, &json!({"token": TOKEN})).await;
    let retry = PAUSE.replace("pause", "retry");
    let csrf = ("tidegate-csrf", browser.csrf.as_str());
    browser.ask(Method::POST, &retry, &[csrf]).await.refused(428, "protected", "Tidegate-Confirm");
    let wrong = [csrf, ("tidegate-confirm", "webb")];
    assert_eq!(browser.ask(Method::POST, &retry, &wrong).await.status, 428);
    let right = [csrf, ("tidegate-confirm", "web")];
    assert_eq!(browser.ask(Method::POST, &retry, &right).await.status, 409);
    // What holds a release up is not held up by it, and scripts have nobody to ask.
    assert_eq!(browser.change(Method::POST, PAUSE).await.status, 409);
    assert_eq!(house.act("retry", "").await.status, 409);
    let all = house.get("/v1/environments").await.json();
    assert_eq!(all, json!({"items": [{"name": "default", "protected": true}]}));
    assert_eq!(house.ask(Method::DELETE, "/v1/environments/default", "").await.status, 204);
    assert_eq!(browser.change(Method::POST, &retry).await.status, 409);
}

#[tokio::test]
async fn what_is_applied_in_production_by_a_page_is_confirmed_as_well() {
    let house = House::build().await;
    house.make("/v1/environments", &json!({"name": "default", "protected": true})).await;
    let browser = sign_in(&house, &json!({"token": TOKEN})).await;
    let config = |name: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{a: '1'}}\n")
    };
    let both = format!("{}---\n{}", config("a"), config("b"));
    let apply = async |query: &str, confirm: Option<&str>| {
        let mut headers = vec![("cookie", browser.cookie.as_str()), ("host", "127.0.0.1:7420")];
        headers.push(("tidegate-csrf", browser.csrf.as_str()));
        headers.extend(confirm.map(|names| ("tidegate-confirm", names)));
        house.ask_with(Method::POST, &format!("/v1/apply{query}"), &headers, &both).await
    };
    apply("", None).await.refused(428, "default is protected", "the name a");
    apply("", Some("a")).await.refused(428, "default is protected", "the name b");
    assert_eq!(house.get("/api/v1/configmaps").await.json()["items"], json!([]));
    for query in ["?dryRun=true", "?dryRun=All"] {
        let foreseen = apply(query, None).await;
        assert_eq!(foreseen.status, 200, "{}", foreseen.text());
    }
    assert_eq!(house.get("/api/v1/configmaps").await.json()["items"], json!([]));
    assert_eq!(apply("", Some("a, b")).await.status, 200);
    // What changes nothing asks nobody.
    assert_eq!(apply("", None).await.status, 200);
}

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let house = House::build().await;
    for path in ["/healthz", "/v1/ledger", "/nowhere", "/api/v1/labels"] {
        let answer = house.ask_with(Method::GET, path, &[], "").await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer");
        assert_eq!(answer.headers["x-frame-options"], "DENY");
    }
}
