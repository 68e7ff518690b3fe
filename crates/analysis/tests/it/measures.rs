//! The numbers that the router measured, over the last seconds.

use std::time::Duration;

use tidegate_analysis::{
    ArmMeasure, Metric, Provider, RevisionRole, RouterMeasure, RunObservation, RunStatus,
    RunTraffic, plan_run,
};
use tidegate_traffic::{RevisionTally, Tally};
use tidegate_units::Timestamp;

use crate::limits::run;

const NOW: i64 = 1_767_225_600_000;

/// Seconds ago, requests, errors, cancelled, and the latency of each answer in microseconds.
type Second = (i64, u64, u64, u64, u64);

fn tally(seconds: &[Second]) -> RevisionTally {
    let second = |&(ago, requests, errors, cancelled, micros): &Second| {
        let answered = requests - errors - cancelled;
        let mut tally = Tally { requests, cancelled, unanswered: errors, ..Tally::default() };
        tally.by_class[1] = answered;
        (0..answered).for_each(|_| tally.latency.record(micros));
        (Timestamp::from_millis(NOW - ago * 1_000), tally)
    };
    RevisionTally { seconds: seconds.iter().map(second).collect(), ..RevisionTally::default() }
}

fn check(measure: ArmMeasure, of: RevisionRole, window: u64, seconds: &[Second], expect: &str) {
    let window = Duration::from_secs(window);
    let metric = Metric::new("m", Provider::Router(RouterMeasure { measure, of, window }));
    let spec = run(vec![metric]);
    let now = Timestamp::from_millis(NOW);
    let mut traffic = RunTraffic { at: now, ..RunTraffic::default() };
    match of {
        Canary => traffic.canary = tally(seconds),
        Stable => traffic.stable = tally(seconds),
        Copies => traffic.canary.mirrored.seconds = tally(seconds).seconds,
    }
    let seen = RunObservation { traffic: Some(traffic), ..RunObservation::default() };
    let plan = plan_run(&spec, &RunStatus::default(), &seen, now);
    let last = plan.status.metrics["m"].measurements.last().unwrap();
    let found = if last.value.is_empty() { &last.message } else { &last.value };
    assert_eq!(found, expect);
}

use ArmMeasure::{ErrorRate, LatencyMs, RequestRate};
use RevisionRole::{Canary, Copies, Stable};

#[test]
fn errors_are_a_share_of_the_requests_that_count() {
    check(ErrorRate, Canary, 10, &[(1, 40, 10, 0, 9)], "0.25");
    check(ErrorRate, Canary, 10, &[(1, 50, 10, 10, 9)], "0.25");
    check(ErrorRate, Canary, 10, &[(2, 10, 5, 0, 9), (1, 10, 0, 0, 9)], "0.25");
    check(ErrorRate, Stable, 10, &[(1, 4, 4, 0, 9)], "1.0");
}

#[test]
fn copies_of_requests_are_measured_apart() {
    check(ErrorRate, Copies, 10, &[(1, 40, 10, 0, 9)], "0.25");
    check(RequestRate, Copies, 3, &[(3, 10, 0, 0, 9), (1, 20, 0, 0, 9)], "10.0");
    let none = "no copy of a request to the canary revision in the last 10s";
    check(ErrorRate, Copies, 10, &[], none);
}

#[test]
fn only_the_window_is_measured() {
    check(ErrorRate, Canary, 3, &[(4, 10, 10, 0, 9), (3, 10, 5, 0, 9), (1, 10, 5, 0, 9)], "0.5");
    check(RequestRate, Canary, 3, &[(4, 10, 0, 0, 9), (3, 10, 0, 0, 9), (1, 20, 0, 0, 9)], "10.0");
}

#[test]
fn the_request_rate_is_over_the_time_that_was_counted() {
    check(RequestRate, Canary, 60, &[(2, 30, 0, 0, 9), (1, 50, 0, 0, 9)], "40.0");
    check(RequestRate, Canary, 60, &[(90, 6, 0, 0, 9), (30, 120, 0, 0, 9)], "2.0");
    check(RequestRate, Canary, 60, &[], "0.0");
}

#[test]
fn a_quantile_is_in_milliseconds() {
    let seconds = [(2, 90, 0, 0, 8_000), (1, 10, 0, 0, 63_000)];
    check(LatencyMs { quantile: 0.5 }, Canary, 10, &seconds, "8.0");
    check(LatencyMs { quantile: 0.95 }, Canary, 10, &seconds, "62.976");
}

#[test]
fn with_no_request_there_is_no_value() {
    check(ErrorRate, Canary, 10, &[], "no request to the canary revision in the last 10s");
    check(
        ErrorRate,
        Canary,
        10,
        &[(30, 9, 9, 0, 9)],
        "no request to the canary revision in the last 10s",
    );
    check(
        ErrorRate,
        Canary,
        10,
        &[(1, 9, 0, 9, 9)],
        "no request to the canary revision in the last 10s",
    );
    check(
        LatencyMs { quantile: 0.5 },
        Stable,
        60,
        &[(1, 5, 5, 0, 9)],
        "no request to the stable revision in the last 60s",
    );
}
