//! Counts, limits and times of an analysis run, as Argo Rollouts has them.

use std::{collections::BTreeMap, time::Duration};

use tidegate_analysis::{
    ArmMeasure, Metric, Provider, RevisionRole, RouterMeasure, RunEvent, RunObservation, RunPhase,
    RunPlan, RunSpec, RunStatus, RunTraffic, plan_run,
};
use tidegate_traffic::{RevisionTally, Tally};
use tidegate_units::{ObjectKey, Owner, Timestamp};

const START: i64 = 1_767_225_600_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(START + seconds * 1_000)
}

/// The canary's error rate, every 10 s: under 10 % is a success, over 90 % a failure.
pub(crate) fn metric(name: &str) -> Metric {
    let provider = Provider::Router(RouterMeasure {
        measure: ArmMeasure::ErrorRate,
        of: RevisionRole::Canary,
        window: Duration::from_secs(5),
    });
    Metric {
        interval: Some(Duration::from_secs(10)),
        success_condition: Some("result < 0.1".to_owned()),
        failure_condition: Some("result > 0.9".to_owned()),
        ..Metric::new(name, provider)
    }
}

pub(crate) fn run(metrics: Vec<Metric>) -> RunSpec {
    RunSpec {
        name: "web-1".into(),
        owner: Owner::rollout(&ObjectKey::new("default", "web")),
        canary: "b".into(),
        stable: "a".into(),
        metrics,
        terminate: false,
        secrets: BTreeMap::new(),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        overrides: BTreeMap::new(),
    }
}

/// What the router saw of the canary: `S` no errors, `F` errors only, `I` half of each, `E` no
/// request at all, `-` the router did not answer.
fn seen(kind: char, now: Timestamp) -> RunObservation {
    let errors = match kind {
        'S' => 0,
        'F' => 100,
        'I' => 50,
        'E' => {
            return RunObservation {
                traffic: Some(RunTraffic { at: now, ..RunTraffic::default() }),
                ..RunObservation::default()
            };
        }
        _ => return RunObservation::default(),
    };
    let tally =
        Tally { requests: 100, by_class: [0, 100 - errors, 0, 0, errors], ..Tally::default() };
    let second = now.before(Duration::from_secs(1));
    let canary = RevisionTally { seconds: vec![(second, tally)], ..RevisionTally::default() };
    RunObservation {
        traffic: Some(RunTraffic { at: now, canary, ..RunTraffic::default() }),
        ..RunObservation::default()
    }
}

/// Plans every 10 s with what `script` says was seen; `!` asks the run to end.
pub(crate) fn follow(mut spec: RunSpec, script: &str) -> (RunStatus, Vec<RunEvent>) {
    let (mut status, mut events) = (RunStatus::default(), Vec::new());
    for (step, kind) in (0..).zip(script.chars()) {
        spec.terminate |= kind == '!';
        let now = at(step * 10);
        let plan = plan_run(&spec, &status, &seen(kind, now), now);
        let settled = plan_run(&spec, &plan.status, &seen(kind, now), now);
        assert_eq!((&settled.status, settled.events.len()), (&plan.status, 0), "it settles");
        assert!(plan.wake_at.is_none_or(|wake| wake > now), "it wakes later");
        status = plan.status;
        events.extend(plan.events);
    }
    (status, events)
}

fn check(change: impl FnOnce(&mut Metric), script: &str, expect: (RunPhase, &str)) {
    let mut metric = metric("m");
    change(&mut metric);
    let (status, _) = follow(run(vec![metric]), script);
    assert_eq!((status.phase, status.message.as_str()), expect, "{script}");
    assert_eq!(status.completed_at.is_some(), status.phase.is_completed());
}

use RunPhase::{Error, Failed, Inconclusive, Running, Successful};

#[test]
fn the_count_ends_a_metric_and_an_interval_alone_never_does() {
    let done = (Successful, "all metrics succeeded");
    check(|m| m.count = Some(3), "SS", (Running, ""));
    check(|m| m.count = Some(3), "SSS", done);
    check(|m| (m.count, m.interval) = (None, None), "S", done);
    check(|m| (m.count, m.interval) = (Some(0), None), "S", done);
    check(|m| m.count = Some(0), "SSSSSSSSSSSS", (Running, ""));
    check(|_| (), "SSSSSSSSSSSS", (Running, ""));
}

#[test]
fn a_limit_is_broken_by_one_more_than_it_allows() {
    let failed = |reason| (Failed, reason);
    check(
        |_| (),
        "SF",
        failed("metric \"m\": the last value was 1.0 (1 failed, over failureLimit 0)"),
    );
    check(|m| m.failure_limit = Some(1), "SFS", (Running, ""));
    check(
        |m| m.failure_limit = Some(1),
        "FSF",
        failed("metric \"m\": the last value was 1.0 (2 failed, over failureLimit 1)"),
    );
    check(
        |_| (),
        "SI",
        (
            Inconclusive,
            "metric \"m\": the last value was 0.5 (1 inconclusive, over inconclusiveLimit 0)",
        ),
    );
    check(|m| m.inconclusive_limit = Some(2), "IIS", (Running, ""));
    check(
        |m| m.consecutive_error_limit = Some(1),
        "SEE",
        (
            Error,
            "metric \"m\": no request to the canary revision in the last 5s (2 errors in a row, over consecutiveErrorLimit 1)",
        ),
    );
    check(|_| (), "EEEESEEEE", (Running, ""));
    check(
        |_| (),
        "-----",
        (
            Error,
            "metric \"m\": the router did not answer (5 errors in a row, over consecutiveErrorLimit 4)",
        ),
    );
}

#[test]
fn a_limit_that_allows_enough_lets_the_count_succeed() {
    let done = (Successful, "all metrics succeeded");
    check(|m| (m.count, m.failure_limit) = (Some(3), Some(2)), "FSF", done);
    check(|m| (m.count, m.inconclusive_limit) = (Some(2), Some(2)), "II", done);
    check(|m| m.count = Some(2), "SEES", done);
}

#[test]
fn successes_in_a_row_end_a_metric_early_and_their_lack_spoils_the_count() {
    let done = (Successful, "all metrics succeeded");
    let wanted = |failure_limit| {
        move |m: &mut Metric| {
            (m.count, m.failure_limit, m.consecutive_success_limit) =
                (Some(5), failure_limit, Some(2));
        }
    };
    check(wanted(Some(3)), "FSS", done);
    check(wanted(Some(-1)), "FFFSS", done);
    check(
        wanted(Some(3)),
        "FSFSF",
        (
            Inconclusive,
            "metric \"m\": the last value was 1.0 (5 measurements without 2 successes in a row)",
        ),
    );
    check(
        wanted(Some(-1)),
        "FSFSF",
        (
            Failed,
            "metric \"m\": the last value was 1.0 (5 measurements without 2 successes in a row)",
        ),
    );
    check(|m| m.consecutive_success_limit = Some(2), "SES", (Running, ""));
}

#[test]
fn one_condition_alone_decides_both_ways_and_none_always_succeeds() {
    check(
        |m| m.failure_condition = None,
        "I",
        (Failed, "metric \"m\": the last value was 0.5 (1 failed, over failureLimit 0)"),
    );
    check(
        |m| (m.success_condition, m.count) = (None, Some(1)),
        "I",
        (Successful, "all metrics succeeded"),
    );
    check(
        |m| (m.success_condition, m.failure_condition, m.count) = (None, None, Some(1)),
        "F",
        (Successful, "all metrics succeeded"),
    );
    let (status, _) = follow(
        run(vec![Metric { success_condition: Some("result <".to_owned()), ..metric("m") }]),
        "S",
    );
    let view = &status.metrics["m"];
    assert_eq!((view.errors, view.count, view.phase), (1, 0, Running));
    assert!(
        view.message.starts_with("successCondition \"result <\" cannot be evaluated: "),
        "{}",
        view.message
    );
}

#[test]
fn a_run_that_is_ended_is_what_was_measured_and_nothing_is_no_success() {
    check(|_| (), "SS!", (Successful, "ended on request"));
    check(|_| (), "!", (Successful, "ended on request"));
    check(
        |_| (),
        "EEE!",
        (
            Inconclusive,
            "metric \"m\": no request to the canary revision in the last 5s (ended with nothing measured: 3 of 3 attempts were errors)",
        ),
    );
    check(|_| (), "ESE!", (Successful, "ended on request"));
}

#[test]
fn one_bad_metric_ends_the_others_and_the_worst_is_the_run() {
    let slack = Metric { failure_limit: Some(3), inconclusive_limit: Some(3), ..metric("a") };
    let (status, events) = follow(run(vec![slack.clone(), metric("b")]), "SIS");
    assert_eq!(status.phase, Inconclusive);
    assert_eq!(status.completed_at, Some(at(10)));
    assert_eq!(status.metrics["a"].phase, Successful);
    assert_eq!(status.metrics["a"].count, 2);
    let told: Vec<String> = events
        .iter()
        .map(|event| match event {
            RunEvent::MetricDecided { metric, view } => format!("{metric} {:?}", view.phase),
            RunEvent::RunDecided { phase, .. } => format!("run {phase:?}"),
            RunEvent::Decision { decision, .. } => format!("{decision}"),
        })
        .collect();
    assert_eq!(told, ["b Inconclusive", "a Successful", "run Inconclusive"]);
    let strict = Metric { failure_limit: Some(0), inconclusive_limit: Some(0), ..metric("b") };
    let half = Metric { failure_condition: Some("result > 0.4".to_owned()), ..metric("c") };
    let (status, _) = follow(run(vec![slack, strict, half]), "SI");
    assert_eq!(status.phase, Failed, "{}", status.message);
    assert!(status.message.starts_with("metric \"c\": "), "{}", status.message);
}

/// When the measurements of `metric` start, in seconds after the run's, when it is planned every
/// second.
fn times(metric: Metric, script: &str) -> Vec<i64> {
    let spec = run(vec![metric]);
    let (mut status, mut kinds) = (RunStatus::default(), script.chars());
    let (mut times, mut kind) = (Vec::new(), kinds.next().unwrap());
    for second in 0..120 {
        let RunPlan { status: next, wake_at, .. } =
            plan_run(&spec, &status, &seen(kind, at(second)), at(second));
        let count =
            |status: &RunStatus| status.metrics.get("m").map_or(0, |view| view.count + view.errors);
        if count(&next) > count(&status) {
            times.push(second);
            let Some(following) = kinds.next() else { return times };
            kind = following;
            assert!(wake_at.is_some(), "it wakes for the next");
        }
        status = next;
    }
    times
}

#[test]
fn measurements_come_after_the_delay_at_the_interval_and_sooner_after_an_error() {
    let every = |seconds| Metric { interval: Some(Duration::from_secs(seconds)), ..metric("m") };
    assert_eq!(times(every(30), "SSS"), [0, 30, 60]);
    assert_eq!(times(every(30), "SES"), [0, 30, 40]);
    assert_eq!(times(every(5), "EES"), [0, 10, 20]);
    let late = Metric { initial_delay: Some(Duration::from_secs(7)), ..every(20) };
    assert_eq!(times(late, "SS"), [7, 27]);
    assert_eq!(times(Metric { interval: None, ..metric("m") }, "EES"), [0, 10, 20]);
}

#[test]
fn ten_measurements_are_kept() {
    let (status, _) = follow(run(vec![metric("m")]), "SSSSSSSSSSSSS");
    let kept = &status.metrics["m"].measurements;
    assert_eq!((status.metrics["m"].count, kept.len()), (13, 10));
    assert_eq!(kept[0].started_at, at(30));
    assert_eq!(kept[9].value, "0.0");
}

#[test]
fn a_run_that_nobody_could_follow_is_an_error_at_once() {
    let (status, _) = follow(run(Vec::new()), "S");
    assert_eq!(
        (status.phase, status.message.as_str()),
        (Error, "metrics: there is none: add at least one")
    );
    let (status, _) = follow(run(vec![metric("m"), metric("m")]), "S");
    assert_eq!(status.phase, Error);
}

#[test]
fn a_decided_run_stays_as_it_is() {
    let spec = run(vec![metric("m")]);
    let (status, _) = follow(spec.clone(), "F");
    let later = plan_run(&spec, &status, &seen('S', at(600)), at(600));
    assert_eq!((later.status, later.events.len(), later.wake_at), (status, 0, None));
}
