//! Logs and the ledger.

use tidegate_ledger::{Entry, verify};

use crate::house::House;

#[tokio::test]
async fn the_ledger_is_read_in_pages_that_make_one_chain() {
    let house = House::with_web().await;
    let mut entries: Vec<Entry> = Vec::new();
    let mut after = 0;
    loop {
        let page = house.get(&format!("/v1/ledger?after={after}&limit=2")).await.json();
        let some: Vec<Entry> = serde_json::from_value(page["entries"].clone()).unwrap();
        assert!(some.len() <= 2);
        after = page["next"].as_u64().unwrap();
        if some.is_empty() {
            break;
        }
        entries.extend(some);
    }
    assert_eq!(entries.len(), house.store.ledger().len());
    assert!(entries.len() > 2, "{entries:?}");
    let summary = verify(entries, None).unwrap();
    assert_eq!(summary.head.sequence, after);
}

#[tokio::test]
async fn a_ledger_is_verified_against_a_head_that_was_kept() {
    let house = House::with_web().await;
    let verdict = house.get("/v1/ledger/verify").await.json();
    assert_eq!(verdict["holds"], true);
    let (sequence, hash) =
        (&verdict["head"]["sequence"], verdict["head"]["hash"].as_str().unwrap());
    let held = house.get(&format!("/v1/ledger/verify?sequence={sequence}&hash={hash}")).await;
    assert_eq!(held.json()["holds"], true);
    let other = "0".repeat(64);
    let path = format!("/v1/ledger/verify?sequence={sequence}&hash={other}");
    let rewritten = house.get(&path).await.json();
    assert_eq!(rewritten["holds"], false);
    assert!(rewritten["broken"].as_str().unwrap().contains("rewritten"), "{rewritten}");
    let cut = house.get(&format!("/v1/ledger/verify?sequence=9999&hash={other}")).await.json();
    assert!(cut["broken"].as_str().unwrap().contains("cut off"), "{cut}");
    house.get("/v1/ledger/verify?sequence=1").await.refused(400, "belong together", "");
}

#[tokio::test]
async fn parameters_that_make_no_sense_are_refused() {
    let house = House::build().await;
    house.get("/v1/ledger?limit=many").await.refused(400, "limit", "reference");
    house.get("/v1/logs").await.refused(400, "`replica` is missing", "rollout get");
    house.get("/v1/logs?replica=none").await.refused(404, "no replica none", "rollout get");
}
