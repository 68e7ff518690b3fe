//! DORA's metrics, and that a ledger that was exported gives the same.

use tidegate_dora::{Deployments, Grouping, Query, Report, Span};
use tidegate_units::Timestamp;

use crate::house::{House, rollout};

async fn asked(house: &House, more: &str) -> Report {
    let answer = house.get(&format!("/v1/dora?window=1d{more}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_value(answer.json()).unwrap()
}

#[tokio::test]
async fn a_release_that_is_taken_back_is_told_from_the_ledger_alone() {
    let house = House::with_web().await;
    assert_eq!(asked(&house, "").await.metrics.change_fail_rate.n, 1);
    let answer = house.apply(&rollout("v2")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    house.until(|view| view["report"]["phase"] == "Paused").await;
    house.act("abort", "{}").await;
    house.until(|view| view["report"]["phase"] == "Degraded").await;
    house.until(|view| view["report"]["wanted_weight"] == 0).await;
    // The ledger is read on from where it was read to.
    let report = asked(&house, "&by=application").await;
    let metrics = &report.metrics;
    assert_eq!((metrics.change_fail_rate.count, metrics.change_fail_rate.n), (Some(1), 2));
    assert_eq!(metrics.failed_deployment_recovery_time.n, 1);
    assert!(!metrics.change_lead_time.enough && metrics.change_lead_time.median.is_none());
    assert_eq!(report.groups.len(), 1);
    // The number leads to its entry.
    let link = &metrics.failed_deployment_recovery_time.deployments[0];
    let entry = &house.get(&link.entry).await.json()["entries"][0];
    assert_eq!(
        (entry["sequence"].as_u64(), entry["what"].as_str()),
        (Some(link.sequence), Some("WeightSet"))
    );
    let mut known = Deployments::default();
    for entry in house.store.ledger() {
        known.take(&entry);
    }
    let query = Query {
        window: "1d".parse::<Span>().unwrap(),
        by: Grouping::Application,
        ..Query::new(report.window.until)
    };
    assert_eq!(known.report(&query, |_| true), report);
}

#[tokio::test]
async fn the_past_is_asked_for_and_nonsense_is_refused() {
    let house = House::with_web().await;
    let before = Timestamp::from_millis(0);
    let report = asked(&house, &format!("&until={before}")).await;
    assert_eq!((report.metrics.deployment_frequency.n, report.window.until), (0, before));
    assert_eq!(asked(&house, "&namespace=other").await.deployments.len(), 0);
    house.get("/v1/dora?window=soon").await.refused(400, "\"soon\" is no window", "");
    house.get("/v1/dora?by=weather").await.refused(400, "weather", "reference");
}
