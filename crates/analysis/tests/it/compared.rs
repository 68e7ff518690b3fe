//! Other metrics of a run that the judge compares.

use std::time::Duration;

use tidegate_analysis::{
    ArmMeasure, Direction, JudgeSettings, Metric, Provider, RevisionRole, RouterMeasure,
    RunObservation, RunPhase, RunStatus, RunTraffic, SeriesSettings, TestUnit, Verdict,
    check_metrics, plan_run,
};
use tidegate_traffic::{RevisionTally, Tally};
use tidegate_units::Timestamp;

use crate::limits::run;

/// How many requests a second come, measured every ten seconds of each revision.
fn rate(name: &str, of: RevisionRole) -> Metric {
    let window = Duration::from_secs(10);
    let measure = RouterMeasure { measure: ArmMeasure::RequestRate, of, window };
    let interval = Some(Duration::from_secs(10));
    Metric { interval, ..Metric::new(name, Provider::Router(measure)) }
}

fn judge(canary: &str) -> Metric {
    let series = SeriesSettings {
        name: "rate".to_owned(),
        canary: canary.to_owned(),
        stable: "b".to_owned(),
        harm: Direction::Decrease,
        margin: 0.1,
    };
    let settings = JudgeSettings { series: vec![series], ..JudgeSettings::default() };
    Metric::new("judge", Provider::Judge(settings))
}

fn tally(now: Timestamp, requests: u64) -> RevisionTally {
    let second =
        |ago| (now.before(Duration::from_secs(ago)), Tally { requests, ..Tally::default() });
    RevisionTally { seconds: (1..=10).rev().map(second).collect(), ..RevisionTally::default() }
}

/// The run after measurements of the canary's requests a second, beside 100 of the stable revision.
fn after(canary: u64, measurements: u64) -> RunStatus {
    let spec =
        run(vec![judge("a"), rate("a", RevisionRole::Canary), rate("b", RevisionRole::Stable)]);
    let mut status = RunStatus::default();
    for look in 0..measurements * 10 {
        let now = Timestamp::from_millis(1_767_225_600_000).after(Duration::from_secs(look));
        let noise = look / 10 * 7 % 5;
        let traffic = RunTraffic {
            at: now,
            canary: tally(now, canary + noise),
            stable: tally(now, 100 + (noise + 2) % 5),
            ..RunTraffic::default()
        };
        let seen = RunObservation { traffic: Some(traffic), ..RunObservation::default() };
        let plan = plan_run(&spec, &status, &seen, now);
        let settled = plan_run(&spec, &plan.status, &seen, now);
        assert_eq!((&settled.status, settled.events.len()), (&plan.status, 0), "it settles");
        status = plan.status;
    }
    status
}

#[test]
fn what_other_metrics_measured_fails_the_run_when_it_is_worse() {
    let status = after(60, 40);
    assert_eq!(status.phase, RunPhase::Failed, "{status:?}");
    assert!(status.message.starts_with("metric \"judge\": rate: canary 6"), "{}", status.message);
    let judged = &status.metrics["judge"];
    assert_eq!(judged.measurements.len(), 1);
    let test = &judged.evidence.as_ref().unwrap().tests[4];
    assert_eq!((test.unit, test.verdict), (TestUnit::Value, Verdict::Worse));
    assert!(test.canary_count < 20, "{}", test.canary_count);
}

#[test]
fn what_is_as_good_stays_watched() {
    let status = after(100, 40);
    assert_eq!(status.phase, RunPhase::Running, "{}", status.message);
    let test = &status.metrics["judge"].evidence.as_ref().unwrap().tests[4];
    assert_eq!((test.verdict, test.canary_count), (Verdict::NoWorse, 40));
}

#[test]
fn a_metric_that_the_run_does_not_measure_is_refused() {
    for missing in ["c", "judge"] {
        let metrics =
            [judge(missing), rate("a", RevisionRole::Canary), rate("b", RevisionRole::Stable)];
        let told = check_metrics(&metrics).unwrap_err().to_string();
        let expect = format!("compares {missing:?}, and no metric of the run measures that");
        assert!(told.contains(&expect), "{told}");
    }
}
