//! Metrics that are measured and do not count, and how many measurements are kept.

use tidegate_analysis::{Metric, RunPhase, RunStatus, RunSummary};

use crate::limits::{follow, metric, run};

fn dry(name: &str) -> Metric {
    Metric { dry_run: true, ..metric(name) }
}

fn counted(name: &str, count: u32) -> Metric {
    Metric { count: Some(count), ..metric(name) }
}

fn after(metrics: Vec<Metric>, script: &str) -> RunStatus {
    follow(run(metrics), script).0
}

#[test]
fn a_dry_run_that_fails_takes_nothing_with_it() {
    let strict = Metric { count: Some(2), ..dry("dry") };
    let lax = Metric { failure_limit: Some(3), ..counted("m", 3) };
    let status = after(vec![strict, lax], "FFF");
    assert_eq!(
        (status.phase, status.metrics["dry"].phase),
        (RunPhase::Successful, RunPhase::Failed)
    );
    assert_eq!(status.metrics["m"].count, 3, "the other goes on to its count");
    assert!(status.metrics["dry"].dry_run && !status.metrics["m"].dry_run);
    let one = RunSummary { count: 1, ..RunSummary::default() };
    assert_eq!(status.run_summary, RunSummary { successful: 1, ..one });
    assert_eq!(status.dry_run_summary, RunSummary { failed: 1, ..one });
}

#[test]
fn errors_and_neither_in_a_dry_run_do_not_count_either() {
    for (script, phase) in [("IS", RunPhase::Inconclusive), ("EEEEES", RunPhase::Error)] {
        let patient = Metric {
            consecutive_error_limit: Some(9),
            inconclusive_limit: Some(1),
            ..counted("m", 1)
        };
        let status = after(vec![dry("dry"), patient], script);
        assert_eq!(status.metrics["dry"].phase, phase);
        assert_eq!(status.phase, RunPhase::Successful, "{script}");
    }
}

#[test]
fn a_run_of_dry_runs_alone_succeeds() {
    let status = after(vec![dry("a"), dry("b")], "F");
    assert_eq!(status.phase, RunPhase::Successful);
    assert_eq!(status.message, "no metric counts: all are dry runs");
    assert_eq!((status.run_summary.count, status.dry_run_summary.failed), (0, 2));
}

#[test]
fn a_run_waits_for_its_dry_runs() {
    let slow = Metric { count: Some(3), ..dry("dry") };
    assert_eq!(after(vec![slow.clone(), counted("m", 1)], "SS").phase, RunPhase::Running);
    assert_eq!(after(vec![slow, counted("m", 1)], "SSS").phase, RunPhase::Successful);
}

#[test]
fn a_failure_that_counts_ends_the_dry_runs_too() {
    let status = after(vec![dry("dry"), metric("m")], "SF");
    assert_eq!(status.phase, RunPhase::Failed);
    assert!(status.metrics["dry"].phase.is_completed());
    assert!(status.message.starts_with("metric \"m\""), "{}", status.message);
}

#[test]
fn so_many_measurements_are_kept_as_the_metric_says() {
    let kept = |kept: Option<u32>, script: &str| {
        let status = after(vec![Metric { kept, ..metric("m") }], script);
        (status.metrics["m"].measurements.len(), status.metrics["m"].count)
    };
    let script = "S".repeat(25);
    assert_eq!(kept(None, &script), (10, 25));
    assert_eq!(kept(Some(3), &script), (3, 25));
    assert_eq!(kept(Some(20), &script), (20, 25));
    assert_eq!(kept(Some(u32::MAX), &"S".repeat(1_010)), (1_000, 1_010));
}
