use tidegate_evidence::{
    Attempt, Outcome, Report, RevisionRun, TestComparison, TestId, TestRun, flaky_tests,
};

use crate::{case, compared, run};

use Outcome::{Errored, Failed, Passed, Skipped};

fn changed(base: Option<TestRun>, head: TestRun) -> TestComparison {
    compared(base.map(Report::Tests), [Report::Tests(head)]).tests.unwrap()
}

fn names(ids: &[TestId]) -> Vec<&str> {
    ids.iter().map(|id| id.name.as_str()).collect()
}

#[test]
fn tests_are_told_by_what_became_of_them() {
    let base = run(&[("a", Passed), ("b", Failed), ("c", Failed), ("d", Passed), ("e", Passed)]);
    let head = run(&[("a", Failed), ("b", Passed), ("c", Errored), ("e", Skipped), ("f", Failed)]);
    let changed = changed(Some(base), head);
    let failing: Vec<_> =
        changed.failing.iter().map(|own| (own.case.id.name.as_str(), own.is_new)).collect();
    assert_eq!(failing, [("a", Some(true)), ("c", Some(false)), ("f", Some(true))]);
    assert_eq!(names(&changed.fixed), ["b"]);
    assert_eq!(names(&changed.added), ["f"]);
    assert_eq!(names(&changed.removed), ["d"]);
    assert_eq!(names(&changed.newly_skipped), ["e"]);
    assert_eq!(changed.head.total, 5);
}

#[test]
fn without_a_base_nothing_is_called_new() {
    let changed = changed(None, run(&[("a", Failed), ("b", Passed)]));
    assert_eq!(changed.failing[0].is_new, None);
    assert_eq!((changed.base, changed.added.len(), changed.fixed.len()), (None, 0, 0));
}

#[test]
fn a_failure_is_not_hidden_by_a_namesake() {
    let changed = changed(None, run(&[("a", Failed), ("a", Passed)]));
    assert_eq!(changed.failing.len(), 1);
    assert_eq!(changed.flaky.len(), 1, "and it passed on the same revision");
}

#[test]
fn the_slowest_come_first() {
    let mut head = run(&[("a", Passed), ("b", Passed), ("c", Passed)]);
    head.cases[1].seconds = Some(2.0);
    head.cases[2].seconds = None;
    let changed = changed(None, head);
    let slowest: Vec<_> = changed.slowest.iter().map(|(id, _)| id.name.as_str()).collect();
    assert_eq!(slowest, ["b", "a"]);
}

#[test]
fn what_failed_on_a_revision_that_never_passed_says_nothing_of_flakiness() {
    let runs = [
        ("1", run(&[("a", Passed), ("b", Failed), ("c", Passed)])),
        ("1", run(&[("a", Failed), ("b", Failed), ("c", Skipped)])),
        ("2", run(&[("a", Passed), ("b", Passed), ("c", Passed)])),
        ("3", run(&[("a", Failed), ("b", Passed), ("c", Failed)])),
    ];
    let history: Vec<_> =
        runs.iter().map(|(revision, tests)| RevisionRun { revision, tests }).collect();
    let flaky = flaky_tests(&history);
    let found: Vec<_> =
        flaky.iter().map(|(id, own)| (id.name.as_str(), own.failed, own.attempts)).collect();
    // `a` failed on 1 and passed there; on 3 it failed alone. `b` broke on 1 and was mended by 2.
    assert_eq!(found, [("a", 1, 3)]);
    let own = flaky.values().next().unwrap();
    assert!((own.probability - 1.0 / 3.0).abs() < 1e-12);
    assert!(own.low > 0.06 && own.low < 0.07 && own.high > 0.79 && own.high < 0.8, "{own:?}");
}

#[test]
fn retries_are_attempts() {
    let mut retried = case("a", Passed);
    retried.retries = vec![Attempt::default(), Attempt::default()];
    let tests = TestRun { cases: vec![retried] };
    let flaky = flaky_tests(&[RevisionRun { revision: "1", tests: &tests }]);
    let own = flaky.values().next().unwrap();
    assert_eq!((own.failed, own.attempts), (2, 3));
}
