use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Flakiness, Outcome, RevisionRun, TestCase, TestCounts, TestId, TestRun, flaky_tests};

/// So many of the slowest tests are told.
const SLOWEST: usize = 10;

/// What changed between the tests of two runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestComparison {
    /// How the tests of the base ended; nothing where there is no base.
    pub base: Option<TestCounts>,
    /// How those of the head ended.
    pub head: TestCounts,
    /// Those that fail now.
    pub failing: Vec<FailingTest>,
    /// Those that failed, and hold now.
    pub fixed: Vec<TestId>,
    /// Those that were not there.
    pub added: Vec<TestId>,
    /// Those that are not there any more.
    pub removed: Vec<TestId>,
    /// Those that ran in the base and are skipped now.
    pub newly_skipped: Vec<TestId>,
    /// Those that passed and failed on the head's revision.
    pub flaky: Vec<FlakyTest>,
    /// Those that took longest, with their seconds, the slowest first.
    pub slowest: Vec<(TestId, f64)>,
}

/// A test that fails.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailingTest {
    /// What is said of it.
    pub case: TestCase,
    /// Whether it did not fail in the base; nothing where there is no base.
    pub is_new: Option<bool>,
}

/// A test that passed and failed on one revision.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FlakyTest {
    /// Which test it is.
    pub id: TestId,
    /// How often.
    pub flakiness: Flakiness,
}

type ById<'a> = BTreeMap<&'a TestId, Vec<&'a TestCase>>;

/// Of several with one name, the one that ended worst.
fn worst<'a>(cases: &[&'a TestCase]) -> Option<&'a TestCase> {
    cases.iter().copied().max_by_key(|case| case.outcome)
}

fn outcome(tests: &ById<'_>, id: &TestId) -> Option<Outcome> {
    tests.get(id).and_then(|cases| worst(cases)).map(|case| case.outcome)
}

/// Compares the tests of two runs.
pub(crate) fn compare_tests(base: Option<&TestRun>, head: &TestRun) -> TestComparison {
    let now = head.by_id();
    let before = base.map(TestRun::by_id);
    let empty = ById::new();
    let known = before.as_ref().unwrap_or(&empty);
    let failing = now.values().filter_map(|cases| worst(cases));
    let failing = failing.filter(|case| case.outcome.is_failure()).map(|case| FailingTest {
        case: case.clone(),
        is_new: before
            .as_ref()
            .map(|before| !outcome(before, &case.id).is_some_and(Outcome::is_failure)),
    });
    let is = |tests: &ById<'_>, id: &TestId, wanted: fn(Outcome) -> bool| {
        outcome(tests, id).is_some_and(wanted)
    };
    let with = |fits: &dyn Fn(&TestId) -> bool| -> Vec<TestId> {
        now.keys().filter(|id| fits(id)).map(|id| (*id).clone()).collect()
    };
    let passed = |outcome| outcome == Outcome::Passed;
    let skipped = |outcome| outcome == Outcome::Skipped;
    let gone = |id: &&&TestId| !now.contains_key(**id);
    TestComparison {
        base: base.map(TestRun::counts),
        head: head.counts(),
        failing: failing.collect(),
        fixed: with(&|id| is(known, id, Outcome::is_failure) && is(&now, id, passed)),
        added: with(&|id| before.is_some() && !known.contains_key(id)),
        removed: known.keys().filter(gone).map(|id| (*id).clone()).collect(),
        newly_skipped: with(&|id| {
            is(&now, id, skipped) && known.contains_key(id) && !is(known, id, skipped)
        }),
        flaky: flaky(head),
        slowest: slowest(head),
    }
}

fn flaky(head: &TestRun) -> Vec<FlakyTest> {
    let run = RevisionRun { revision: "", tests: head };
    let flaky = flaky_tests(&[run]).into_iter();
    flaky.map(|(id, flakiness)| FlakyTest { id, flakiness }).collect()
}

fn slowest(head: &TestRun) -> Vec<(TestId, f64)> {
    let mut timed: Vec<_> = head
        .cases
        .iter()
        .filter_map(|case| Some((&case.id, case.seconds.filter(|seconds| *seconds > 0.0)?)))
        .collect();
    timed.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    timed.into_iter().take(SLOWEST).map(|(id, seconds)| (id.clone(), seconds)).collect()
}
