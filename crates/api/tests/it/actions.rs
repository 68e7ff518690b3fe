//! What people ask of a rollout.

use crate::house::{House, rollout};

/// A house in which `v2` is paused at 10 %.
async fn paused() -> House {
    let house = House::with_web().await;
    house.apply(&rollout("v2")).await;
    house.until(|view| view["report"]["phase"] == "Paused").await;
    house
}

#[tokio::test]
async fn a_promotion_ends_a_pause_and_the_ledger_says_who_asked() {
    let house = paused().await;
    assert_eq!(house.act("promote", "").await.status, 204);
    house
        .until(|view| {
            view["report"]["phase"] == "Healthy"
                && view["status"]["stable"] == view["status"]["current"]
        })
        .await;
    let ledger = house.get("/v1/ledger").await.json();
    let entries = ledger["entries"].as_array().unwrap();
    let asked = entries.iter().filter(|entry| entry["actor"]["name"] == "ada");
    let words = asked.map(|entry| entry["what"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(words.last(), Some(&"Promote"), "{words:?}");
}

#[tokio::test]
async fn every_command_reaches_the_planner() {
    let house = paused().await;
    assert_eq!(house.act("pause", "").await.status, 204);
    house.until(|view| view["status"]["pause"]["reason"] == "User").await;
    assert_eq!(house.act("resume", "").await.status, 204);
    house.until(|view| view["status"]["pause"]["reason"] == "Step").await;
    assert_eq!(house.act("abort", r#"{"reason": "smoke"}"#).await.status, 204);
    let view = house.until(|view| view["report"]["phase"] == "Degraded").await;
    let reason = serde_json::to_string(&view.report.aborted).unwrap();
    assert!(reason.contains("smoke") && reason.contains("ada"), "{reason}");
    assert_eq!(house.act("retry", "").await.status, 204);
    house.until(|view| view["report"]["phase"] == "Paused").await;
    assert_eq!(house.act("promote-full", "").await.status, 204);
    house.until(|view| view["report"]["phase"] == "Healthy").await;
}

#[tokio::test]
async fn a_command_that_makes_no_sense_now_is_a_conflict_with_its_mend() {
    let house = House::with_web().await;
    house.act("abort", "").await.refused(409, "", "");
    house.act("explode", "").await.refused(404, "explode", "promote, promote-full, pause");
    house.act("abort", "{").await.refused(400, "not what is asked for", "");
    house.act("abort", r#"{"why": "x"}"#).await.refused(400, "why", "");
    let path = "/v1/namespaces/default/rollouts/api/promote";
    house.ask(hyper::Method::POST, path, "").await.refused(
        404,
        "there is no Rollout default/api",
        "get rollouts -A",
    );
}

#[tokio::test]
async fn an_undo_brings_the_template_of_an_earlier_revision_back() {
    let house = paused().await;
    let before = house.get("/v1/namespaces/default/rollouts/web/history").await.json();
    assert_eq!(before[0]["images"], serde_json::json!(["web:v2"]));
    assert_eq!((&before[0]["current"], &before[0]["stable"]), (&true.into(), &false.into()));
    let answer = house.act("undo", "").await;
    assert_eq!(answer.json()["outcome"], "configured");
    let view = house.until(|view| view["report"]["phase"] == "Healthy").await;
    assert_eq!(view.images, ["web:v1"]);
    assert_eq!(view.status.stable, view.status.current);
    assert!(house.store.words().contains(&"Undone".to_owned()), "{:?}", house.store.words());
    house.act("undo", r#"{"toRevision": 77}"#).await.refused(404, "no revision 77", "kept: ");
}

#[tokio::test]
async fn an_image_is_set_by_the_name_of_its_container() {
    let house = House::with_web().await;
    let answer = house.act("set-image", r#"{"images": {"web": "web:v9"}}"#).await;
    assert_eq!(answer.json()["outcome"], "configured");
    let view = house.until(|view| view["report"]["phase"] == "Paused").await;
    assert_eq!(view.images, ["web:v9"]);
    assert!(house.store.words().contains(&"ImageSet".to_owned()), "{:?}", house.store.words());
    house.act("set-image", r#"{"images": {"sidecar": "x"}}"#).await.refused(
        400,
        "no container \"sidecar\"; the template has web",
        "",
    );
    house.act("set-image", r#"{"images": {}}"#).await.refused(400, "no image", "at least one");
}

#[tokio::test]
async fn a_restart_replaces_the_replicas_and_makes_no_revision() {
    let house = House::with_web().await;
    let before = house.until(|view| view["report"]["phase"] == "Healthy").await;
    assert_eq!(house.act("restart", "").await.json()["outcome"], "configured");
    let after = house.until(|view| !view["status"]["restarted_at"].is_null()).await;
    assert_eq!(after.status.current, before.status.current);
    assert!(house.store.words().contains(&"Restarted".to_owned()), "{:?}", house.store.words());
}
