//! Nobody approves their own change, over the wire.

use hyper::Method;

use crate::house::{House, rollout};

const KEYS: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\nstringData: {token: VALUE}\n";

fn with_keys(version: &str) -> String {
    let given =
        "image: web:VERSION\n        envFrom:\n        - secretRef: {name: keys, optional: true}";
    let given = given.replace("VERSION", version);
    rollout(version).replace(&format!("image: web:{version}"), &given)
}

#[tokio::test]
async fn who_changed_a_secret_of_a_revision_is_told_who_else_may() {
    let house = House::build().await;
    assert_eq!(house.apply(&KEYS.replace("VALUE", "one")).await.status, 200);
    assert_eq!(house.apply(&with_keys("v1")).await.status, 200);
    house.until(|view| view["status"]["stable"].is_string()).await;
    let ada = house.somebody("ada", "operator").await;
    let bo = house.somebody("bo", "operator").await;
    let cy = house.somebody("cy", "approver").await;
    house.somebody("vera", "viewer").await;
    assert_eq!(bo.apply(&with_keys("v2")).await.status, 200);
    house.until(|view| view["status"]["pause"].is_object()).await;
    let can = "/v1/can-i?verb=promote&namespace=default&name=web";
    assert_eq!(ada.get(can).await.json()["allowed"], true);
    assert_eq!(ada.apply(&KEYS.replace("VALUE", "two")).await.status, 200);
    assert_eq!(ada.get(can).await.json()["allowed"], false);
    let refused = ada.act("promote", "").await;
    refused.refused(
        403,
        "since Rollout default/web was last settled, they changed Secret default/keys",
        "does it: cy",
    );
    let problem = refused.json();
    assert_eq!(problem["type"], "urn:tidegate:problem:own-change");
    assert!(!problem["hint"].as_str().unwrap().contains("vera"), "{problem}");
    assert!(!refused.text().contains("two"));
    bo.act("promote-full", "").await.refused(403, "Rollout default/web", "cy");
    let denied = house.told().await;
    assert!(denied.iter().any(|one| one["what"] == "Denied" && one["actor"]["name"] == "ada"));
    // Somebody who asks again with the key of what was refused is not held to the refusal.
    let path = "/v1/namespaces/default/rollouts/web/promote";
    let bearer = format!("Bearer {}", ada.token);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "one")];
    house.ask_with(Method::POST, path, &headers, "").await.refused(403, "ada made", "cy");
    let gone = "/api/v1/namespaces/default/secrets/keys";
    assert_eq!(house.ask(Method::DELETE, gone, "").await.status, 200);
    for replayed in [false, true] {
        let again = house.ask_with(Method::POST, path, &headers, "").await;
        assert_eq!(again.status, 204, "{}", again.text());
        assert_eq!(again.headers.contains_key("idempotency-replayed"), replayed);
    }
    drop(cy);
}

#[tokio::test]
async fn a_dry_run_tells_that_steps_are_not_changed_along_with_what_they_let_through() {
    let house = House::with_web().await;
    let ada = house.somebody("ada", "operator").await;
    let both = rollout("v2").replace("      - pause: {}\n", "");
    let answer = ada.ask(Method::POST, "/v1/apply?dryRun=All", &both).await;
    answer.refused(403, "steps along with their own change", "by itself");
    let answer = ada.ask(Method::POST, "/v1/apply?dryRun=All", &rollout("v2")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}
