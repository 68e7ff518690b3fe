//! What a run makes of comparisons of answers.

use std::time::Duration;

use tidegate_analysis::{
    Metric, Provider, RunObservation, RunPhase, RunStatus, RunTraffic, ShadowSettings, plan_run,
    shadow_metrics,
};
use tidegate_comparison::{Apart, Counts, Difference, Found};
use tidegate_traffic::{Compared, RevisionTally};
use tidegate_units::Timestamp;

use crate::limits::run;

fn add(counts: &mut Counts, differences: impl Iterator<Item = (String, Option<Apart>)>) {
    let difference = |(field, apart): (String, Option<Apart>)| {
        Some(Difference { field, apart: apart?, shown: Default::default() })
    };
    let differences = differences.filter_map(difference).collect();
    counts.add(&Found { differences, ..Found::default() }, "GET /", 0);
}

/// So many comparisons, in so many of which the price was wrong.
fn compared(requests: u64, wrong: u64) -> Compared {
    let mut compared = Compared::default();
    for request in 0..requests {
        let price = (request < wrong).then_some(Apart::Candidate);
        let id = ("body.id".to_owned(), Some(Apart::All));
        add(&mut compared.counts, [id, ("body.price".to_owned(), price)].into_iter());
    }
    compared
}

/// The phase and the message of a metric after looks at these seconds.
fn looked(metric: Metric, looks: &[(i64, Option<Compared>)]) -> (RunPhase, String) {
    let spec = run(vec![metric]);
    let mut status = RunStatus::default();
    for (second, compared) in looks {
        let now = Timestamp::from_millis(second * 1_000);
        let compared = compared.clone().map(Box::new);
        let canary = RevisionTally { compared, ..RevisionTally::default() };
        let traffic = RunTraffic { at: now, canary, ..RunTraffic::default() };
        let seen = RunObservation { traffic: Some(traffic), ..RunObservation::default() };
        let plan = plan_run(&spec, &status, &seen, now);
        assert!(plan.status.phase.is_completed() || plan.wake_at.is_some());
        status = plan.status;
    }
    let view = status.metrics.values().next().unwrap();
    (view.phase, view.message.clone())
}

fn step() -> Metric {
    shadow_metrics(Duration::from_mins(1), 100).remove(0)
}

fn metric(success: Option<&str>) -> Metric {
    let success_condition = success.map(str::to_owned);
    let settings = ShadowSettings::default();
    Metric { success_condition, ..Metric::new("shadow", Provider::Shadow(settings)) }
}

#[test]
fn a_step_waits_for_its_end_unless_a_difference_is_shown() {
    let (phase, _) = looked(step(), &[(0, None), (59, Some(compared(500, 0)))]);
    assert_eq!(phase, RunPhase::Pending);
    let (phase, message) = looked(step(), &[(0, None), (60, Some(compared(500, 0)))]);
    let (phase_shown, message_shown) = looked(step(), &[(0, None), (7, Some(compared(40, 20)))]);
    assert_eq!(phase, RunPhase::Successful);
    assert!(message.starts_with("no difference in 500 requests that were compared"), "{message}");
    assert_eq!(phase_shown, RunPhase::Failed);
    let expect = "body.price: 20 times the new revision alone, 0 times one of the stable replicas \
                  alone; evidence 1 : ";
    assert!(message_shown.starts_with(expect), "{message_shown}");
}

#[test]
fn too_little_is_no_success() {
    for seen in [None, Some(compared(0, 0)), Some(compared(99, 3))] {
        let (phase, message) = looked(step(), &[(0, None), (60, seen.clone())]);
        assert_eq!(phase, RunPhase::Inconclusive, "{message}");
        let expect = if seen.is_some() { "100 are needed" } else { "no answers are compared" };
        assert!(message.contains(expect), "{message}");
    }
}

#[test]
fn what_a_restart_of_the_router_has_lost_is_told() {
    let resumed = |requests| Compared { resumed: true, ..compared(requests, 0) };
    for (requests, phase) in [(30, RunPhase::Inconclusive), (300, RunPhase::Successful)] {
        let looks = [(0, Some(compared(90, 0))), (60, Some(resumed(requests)))];
        let (found, message) = looked(step(), &looks);
        assert_eq!(found, phase);
        assert!(message.contains("what was compared before is lost"), "{message}");
    }
}

#[test]
fn a_metric_waits_for_enough_comparisons_and_no_longer_than_it_says() {
    let looks =
        |seconds, requests| [(0, Some(compared(10, 0))), (seconds, Some(compared(requests, 0)))];
    assert_eq!(looked(metric(None), &looks(299, 99)).0, RunPhase::Pending);
    assert_eq!(looked(metric(None), &looks(299, 100)).0, RunPhase::Successful);
    assert_eq!(looked(metric(None), &looks(300, 99)).0, RunPhase::Inconclusive);
}

#[test]
fn conditions_come_before_the_verdict() {
    let check = |condition: &str, expect: RunPhase| {
        let seen = [(0, Some(compared(200, 30)))];
        assert_eq!(looked(metric(Some(condition)), &seen).0, expect, "{condition}");
    };
    check("result.compared >= 200 && result.differing < 40", RunPhase::Successful);
    check("result.verdict == 'alike'", RunPhase::Failed);
    check("result.worst == 'body.price' && result.eValue > 1000", RunPhase::Successful);
    check("result.differences == 1 && result.noisy == 0", RunPhase::Successful);
}
