//! Sums, merges and comparisons.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod benchmarks;
mod bundles;
mod conditions;
mod coverage;
mod findings;
mod noise;
mod page;
mod tests;

use tidegate_evidence::{
    BenchmarkSettings, CompareSettings, Comparison, Evidence, Outcome, Report, TestCase, TestId,
    TestRun, compare,
};

/// All that these reports say.
pub(crate) fn evidence(reports: impl IntoIterator<Item = Report>) -> Evidence {
    let mut all = Evidence::default();
    reports.into_iter().for_each(|report| all.add(report));
    all
}

pub(crate) fn compared(
    base: impl IntoIterator<Item = Report>,
    head: impl IntoIterator<Item = Report>,
) -> Comparison {
    compare(&evidence(base), &evidence(head), &CompareSettings::default())
}

pub(crate) fn settings(margin: f64) -> CompareSettings {
    let benchmarks = BenchmarkSettings { margin, ..BenchmarkSettings::default() };
    CompareSettings { benchmarks, ..CompareSettings::default() }
}

pub(crate) fn case(name: &str, outcome: Outcome) -> TestCase {
    TestCase {
        id: TestId { name: name.to_owned(), ..TestId::default() },
        file: None,
        line: None,
        seconds: Some(0.5),
        outcome,
        retries: Vec::new(),
        message: String::new(),
        details: String::new(),
    }
}

pub(crate) fn run(cases: &[(&str, Outcome)]) -> TestRun {
    TestRun { cases: cases.iter().map(|(name, outcome)| case(name, *outcome)).collect() }
}
