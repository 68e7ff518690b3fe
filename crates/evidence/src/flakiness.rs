use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Outcome, TestCase, TestId, TestRun, stats::wilson};

/// How often a test fails although the code is right: it passed on the very same revision.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Flakiness {
    /// Attempts that failed on revisions on which another one passed.
    pub failed: u64,
    /// All attempts on revisions on which one passed.
    pub attempts: u64,
    /// The share of them that failed.
    pub probability: f64,
    /// The low end of its interval of 95 % (Wilson, 1927).
    pub low: f64,
    /// The high end.
    pub high: f64,
}

/// The tests that ran on a revision once; a revision may have several such runs.
#[derive(Clone, Copy, Debug)]
pub struct RevisionRun<'a> {
    /// Which revision.
    pub revision: &'a str,
    /// What ran.
    pub tests: &'a TestRun,
}

impl Flakiness {
    fn of(failed: u64, attempts: u64) -> Self {
        let (low, high) = wilson(failed, attempts);
        #[expect(clippy::cast_precision_loss, reason = "far fewer runs than 2^53")]
        let probability = if attempts == 0 { 0.0 } else { failed as f64 / attempts as f64 };
        Self { failed, attempts, probability, low, high }
    }
}

/// Attempts that failed, and that passed.
#[derive(Clone, Copy, Default)]
struct Attempts {
    failed: u64,
    passed: u64,
}

impl Attempts {
    fn add(&mut self, case: &TestCase) {
        if case.outcome == Outcome::Skipped {
            return;
        }
        self.failed += case.retries.len() as u64 + u64::from(case.outcome.is_failure());
        self.passed += u64::from(case.outcome == Outcome::Passed);
    }
}

/// The tests that passed and failed on one revision, with how often that is over all revisions of `history`. A failure on
/// a revision on which the test never passed tells of the code, and counts for nothing here.
///
/// Two tests that their names do not tell apart look like one that is flaky.
pub fn flaky_tests(history: &[RevisionRun<'_>]) -> BTreeMap<TestId, Flakiness> {
    let mut attempts: BTreeMap<(&TestId, &str), Attempts> = BTreeMap::new();
    for run in history {
        for case in &run.tests.cases {
            attempts.entry((&case.id, run.revision)).or_default().add(case);
        }
    }
    let mut sums: BTreeMap<&TestId, Attempts> = BTreeMap::new();
    for ((id, _), own) in attempts {
        if own.passed > 0 {
            let sum = sums.entry(id).or_default();
            sum.failed += own.failed;
            sum.passed += own.passed;
        }
    }
    let flaky = sums.into_iter().filter(|(_, sum)| sum.failed > 0);
    flaky
        .map(|(id, sum)| (id.clone(), Flakiness::of(sum.failed, sum.failed + sum.passed)))
        .collect()
}
