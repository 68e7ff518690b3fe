//! Logs and the ledger.

use serde_json::Value;
use tidegate_ledger::{Entry, verify};

use crate::house::{House, rollout};

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

#[tokio::test]
async fn the_ledger_is_searched_and_read_from_either_end() {
    let house = House::with_web().await;
    house.apply(&rollout("v2")).await;
    house.until(|view| view["report"]["phase"] == "Paused").await;
    // Until then there may be more of it.
    house.act("pause", "").await;
    let all = house.get("/v1/ledger").await.json();
    let count = all["next"].as_u64().unwrap();
    assert!(count > 6, "{all}");
    let found = async |query: &str| {
        let page = house.get(&format!("/v1/ledger?{query}")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.json();
        let entries = page["entries"].as_array().unwrap();
        let numbers: Vec<_> =
            entries.iter().map(|entry| entry["sequence"].as_u64().unwrap()).collect();
        (numbers, page["next"].as_u64().unwrap())
    };
    let matching = |holds: &dyn Fn(&Value) -> bool| -> Vec<u64> {
        let entries = all["entries"].as_array().unwrap().iter();
        entries.filter(|one| holds(one)).map(|one| one["sequence"].as_u64().unwrap()).collect()
    };
    assert_eq!(found("order=desc&limit=2").await, (vec![count, count - 1], count - 1));
    let before = format!("order=desc&limit=2&before={}", count - 1);
    assert_eq!(found(&before).await, (vec![count - 2, count - 3], count - 3));
    assert_eq!(found("order=desc&before=1").await, (vec![], 1));
    assert_eq!(found("after=2&before=5").await, (vec![3, 4], 4));
    assert_eq!(found("limit=3").await, (vec![1, 2, 3], 3));
    let by_ada = matching(&|one| one["actor"]["name"] == "ada");
    assert!(!by_ada.is_empty() && (by_ada.len() as u64) < count);
    assert_eq!(found("actor=ada").await, (by_ada, count));
    let services = matching(&|one| one["subject"]["kind"] == "Service");
    assert_eq!(found("kind=service").await, (services, count));
    assert_eq!(found("search=WEB:V1").await.0, matching(&|one| one.to_string().contains("web:v1")));
    assert_eq!(found("namespace=elsewhere").await, (vec![], count));
    let at = all["entries"][3]["at"].as_str().unwrap();
    let since = matching(&|one| one["at"].as_str().unwrap() >= at);
    assert_eq!(found(&format!("since={at}")).await.0, since);
    let until = matching(&|one| one["at"].as_str().unwrap() < at);
    assert_eq!(found(&format!("until={at}")).await.0, until);
    house.get("/v1/ledger?until=noon").await.refused(400, "RFC 3339", "");
    house.get("/v1/ledger?color=red").await.refused(400, "color", "");
}
