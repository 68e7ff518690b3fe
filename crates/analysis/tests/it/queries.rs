//! Metrics that servers are asked for.

use std::{collections::BTreeMap, time::Duration};

use tidegate_analysis::{
    Answer, Asked, DatadogQuery, Metric, NewRelicQuery, PrometheusQuery, Provider, Query,
    RunObservation, RunPhase, RunSpec, RunStatus, WebQuery, plan_run,
};
use tidegate_condition::Value;
use tidegate_units::Timestamp;

use crate::limits::run;

fn query() -> Query {
    asks("up")
}

pub(crate) fn asks(text: &str) -> Query {
    Query::Prometheus(PrometheusQuery::new(text))
}

fn metric() -> Metric {
    Metric {
        success_condition: Some("result[0] >= 0.95".to_owned()),
        ..Metric::new("m", Provider::Query(query()))
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_767_225_600_000).after(Duration::from_secs(seconds))
}

fn asked(metric: &str, asked: Asked) -> RunObservation {
    let asked = BTreeMap::from([(metric.to_owned(), asked)]);
    RunObservation { asked, ..RunObservation::default() }
}

fn answered(asked_at: u64, answered_at: u64, answer: Result<Value, &str>) -> Asked {
    Asked::Answered {
        asked_at: at(asked_at),
        answered_at: at(answered_at),
        answer: match answer {
            Ok(value) => Ok(Answer { value, shown: "[0.99]".to_owned(), ..Answer::default() }),
            Err(problem) => Err(problem.to_owned()),
        },
    }
}

fn list(numbers: &[f64]) -> Value {
    Value::list(numbers.iter().copied().map(Value::Float))
}

#[test]
fn what_is_due_is_asked_once_and_its_answer_is_the_measurement() {
    let spec = run(vec![metric()]);
    let made = plan_run(&spec, &RunStatus::default(), &RunObservation::default(), at(0));
    assert_eq!(made.asks.len(), 1);
    assert_eq!((made.asks[0].metric.as_str(), made.asks[0].errand.query()), ("m", Some(&query())));
    assert_eq!(made.wake_at, None, "the answer wakes it");
    assert_eq!(made.status.metrics["m"].metadata["ResolvedPrometheusQuery"], "up");

    let waiting = plan_run(&spec, &made.status, &asked("m", Asked::Waiting), at(3));
    assert_eq!((waiting.asks.len(), waiting.wake_at), (0, None));

    let seen = asked("m", answered(0, 4, Ok(list(&[0.99]))));
    let done = plan_run(&spec, &waiting.status, &seen, at(5));
    assert_eq!(done.status.phase, RunPhase::Successful, "{:?}", done.status);
    let measured = &done.status.metrics["m"].measurements[0];
    assert_eq!((measured.started_at, measured.finished_at), (at(0), at(4)));
    assert_eq!(measured.value, "[0.99]");
    // The answer is still seen in the next plan.
    let again = plan_run(&spec, &done.status, &seen, at(6));
    assert_eq!((again.asks.len(), again.status), (0, done.status));
}

#[test]
fn an_answer_counts_once_and_the_interval_begins_at_it() {
    let metric = Metric { interval: Some(Duration::from_secs(10)), count: Some(3), ..metric() };
    let spec = run(vec![metric]);
    let seen = asked("m", answered(0, 4, Ok(list(&[1.0]))));
    let first = plan_run(&spec, &RunStatus::default(), &seen, at(4));
    assert_eq!((first.asks.len(), first.wake_at), (0, Some(at(14))));
    assert_eq!(first.status.metrics["m"].count, 1);
    let due = plan_run(&spec, &first.status, &seen, at(14));
    assert_eq!((due.asks.len(), due.wake_at), (1, None), "asked anew");
    assert_eq!(due.status.metrics["m"].count, 1, "the old answer is no new measurement");
}

#[test]
fn an_error_is_asked_again_after_ten_seconds_and_too_many_end_it() {
    let spec = run(vec![metric()]);
    let mut status = RunStatus::default();
    for turn in 0..5 {
        assert!(!status.phase.is_completed(), "after {turn} errors");
        let due = plan_run(&spec, &status, &RunObservation::default(), at(turn * 10));
        assert_eq!(due.asks.len(), 1, "at turn {turn}");
        let seen = asked("m", answered(turn * 10, turn * 10, Err("connection refused")));
        let made = plan_run(&spec, &due.status, &seen, at(turn * 10));
        let next = (turn < 4).then(|| at(turn * 10 + 10));
        assert_eq!(made.wake_at, next);
        status = made.status;
    }
    assert_eq!(status.phase, RunPhase::Error);
    assert_eq!(
        status.message,
        "metric \"m\": connection refused (5 errors in a row, over consecutiveErrorLimit 4)"
    );
}

#[test]
fn a_run_that_ends_asks_no_more_and_ignores_what_comes_late() {
    let two = |name: &str| Metric { name: name.to_owned(), ..metric() };
    let spec = run(vec![two("a"), two("b")]);
    let due = plan_run(&spec, &RunStatus::default(), &RunObservation::default(), at(0));
    assert_eq!(due.asks.len(), 2);
    let seen = asked("a", answered(0, 1, Ok(list(&[0.5]))));
    let failed = plan_run(&spec, &due.status, &seen, at(1));
    assert_eq!((failed.status.phase, failed.asks.len()), (RunPhase::Failed, 0));
    let late = asked("b", answered(0, 9, Ok(list(&[0.1]))));
    let after = plan_run(&spec, &failed.status, &late, at(9));
    assert_eq!(after.status, failed.status);

    let ended = RunSpec { terminate: true, ..spec };
    let made = plan_run(&ended, &due.status, &asked("a", Asked::Waiting), at(1));
    assert_eq!((made.status.phase, made.asks.len()), (RunPhase::Successful, 0));
}

/// What one answer comes to under a condition on success and one on failure.
fn check(value: Value, success: &str, failure: &str, expect: RunPhase, message: &str) {
    let condition = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let metric = Metric {
        success_condition: condition(success),
        failure_condition: condition(failure),
        failure_limit: Some(9),
        inconclusive_limit: Some(9),
        interval: Some(Duration::from_secs(1)),
        ..metric()
    };
    let seen = asked("m", answered(0, 0, Ok(value)));
    let made = plan_run(&run(vec![metric]), &RunStatus::default(), &seen, at(0));
    let measured = &made.status.metrics["m"].measurements[0];
    assert_eq!((measured.phase, measured.message.as_str()), (expect, message), "{success:?}");
}

#[test]
fn conditions_are_asked_about_what_was_answered_as_it_is() {
    use RunPhase::{Error, Failed, Inconclusive, Successful};
    let nan = || list(&[f64::NAN]);
    check(list(&[0.96]), "result[0] >= 0.95", "", Successful, "");
    check(list(&[0.96, 0.5]), "all(result, # >= 0.95)", "", Failed, "");
    check(list(&[0.96, 0.5]), "len(result) == 2 && result[1] == 0.5", "", Successful, "");
    check(Value::Float(0.5), "result > 0.4", "", Successful, "");
    // Nothing compares with NaN.
    check(nan(), "result[0] >= 0.95", "", Failed, "");
    check(nan(), "", "result[0] < 0.95", Successful, "");
    check(nan(), "result[0] >= 0.95", "result[0] < 0.95", Inconclusive, "");
    check(nan(), "isNaN(result[0]) || result[0] >= 0.95", "", Successful, "");
    check(list(&[f64::INFINITY]), "isInf(result[0])", "", Successful, "");
    // No data.
    check(list(&[]), "", "", Successful, "");
    check(list(&[]), "len(result) == 0 || result[0] >= 0.95", "", Successful, "");
    check(
        list(&[]),
        "result[0] >= 0.95",
        "",
        Error,
        "successCondition \"result[0] >= 0.95\" cannot be evaluated: the answer is empty: index 0 is out of range: the length is 0 (line 1, column 7)",
    );
    check(Value::Nil, "default(result, 0) == 0", "", Successful, "");
    check(Value::text("ok"), "result == \"ok\"", "", Successful, "");
    check(Value::Bool(true), "result", "", Successful, "");
}

#[test]
fn what_a_server_says_is_kept_within_bounds() {
    let kept = |answer: Result<Answer, String>| {
        let seen = asked("m", Asked::Answered { asked_at: at(0), answered_at: at(0), answer });
        let made = plan_run(&run(vec![metric()]), &RunStatus::default(), &seen, at(0));
        made.status.metrics["m"].measurements[0].clone()
    };
    let long = "é".repeat(50_000);
    let metadata = (0..1_000).map(|number| (format!("{number:04}{long}"), long.clone()));
    let told =
        kept(Ok(Answer { shown: long.clone(), metadata: metadata.collect(), ..Answer::default() }));
    assert_eq!(told.value.chars().count(), 1_003);
    assert_eq!(told.metadata.len(), 16);
    for (name, fact) in &told.metadata {
        assert_eq!((name.chars().count(), fact.chars().count()), (1_003, 8_003));
    }
    let refused = kept(Err(long));
    assert_eq!((refused.phase, refused.message.chars().count()), (RunPhase::Error, 1_003));
}

#[test]
fn an_answer_is_waited_for_as_long_as_argo_waits() {
    let datadog = |timeout: Option<&str>| {
        let timeout = timeout.map(str::to_owned);
        Query::Datadog(DatadogQuery { timeout, ..DatadogQuery::default() })
    };
    let given = Some(Duration::from_secs(7));
    let web = |timeout| Query::Web(WebQuery { timeout, ..WebQuery::new("http://a.example") });
    let prometheus =
        |timeout| Query::Prometheus(PrometheusQuery { timeout, ..PrometheusQuery::new("up") });
    // New Relic has its own limit, to which the way there and back is added.
    let new_relic =
        |timeout| Query::NewRelic(NewRelicQuery { timeout, ..NewRelicQuery::default() });
    for (query, seconds) in [
        (prometheus(None), 30),
        (prometheus(given), 7),
        (web(None), 10),
        (web(given), 7),
        (datadog(None), 10),
        (datadog(Some("7s")), 7),
        (new_relic(None), 15),
        (new_relic(Some(7)), 17),
    ] {
        assert_eq!(query.timeout(), Duration::from_secs(seconds), "{query:?}");
    }
}
