use serde::Serialize;

use crate::{
    BenchmarkComparison, BenchmarkSettings, Benchmarks, Bundle, BundleComparison, ChangedLines,
    Coverage, CoverageComparison, FindingComparison, Findings, Report, TestComparison, TestRun,
    benchmark_change::compare_benchmarks, bundle_change::compare_bundles,
    coverage_change::compare_coverage, finding_change::compare_findings,
    test_change::compare_tests,
};

/// All that tools say of one revision.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Tests of all reports.
    pub tests: Option<TestRun>,
    /// Coverage of all reports, together.
    pub coverage: Option<Coverage>,
    /// Findings of all tools.
    pub findings: Option<Findings>,
    /// Sizes of all reports.
    pub bundle: Option<Bundle>,
    /// Benchmarks, a run for each report.
    pub benchmarks: Vec<Benchmarks>,
}

impl Evidence {
    /// Adds what one more file says.
    pub fn add(&mut self, report: Report) {
        match report {
            Report::Tests(more) => {
                let own = self.tests.take().unwrap_or_default();
                self.tests = Some(TestRun::merged([own, more]));
            }
            Report::Coverage(more) => self.coverage.get_or_insert_default().merge(&more),
            Report::Findings(more) => {
                let own = self.findings.take().unwrap_or_default();
                self.findings = Some(Findings::merged([own, more]));
            }
            Report::Bundle(more) => {
                let own = self.bundle.take().unwrap_or_default();
                self.bundle = Some(Bundle::merged([own, more]));
            }
            Report::Benchmarks(more) => self.benchmarks.push(more),
        }
    }
}

/// What a comparison is held to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CompareSettings {
    /// The lines that the head changes, where they are known.
    pub changed: Option<ChangedLines>,
    /// What is held against benchmarks.
    pub benchmarks: BenchmarkSettings,
}

/// What changed between two revisions, of all that the head tells of.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// Of tests.
    pub tests: Option<TestComparison>,
    /// Of coverage.
    pub coverage: Option<CoverageComparison>,
    /// Of findings.
    pub findings: Option<FindingComparison>,
    /// Of sizes.
    pub bundle: Option<BundleComparison>,
    /// Of benchmarks.
    pub benchmarks: Option<BenchmarkComparison>,
}

/// Compares a revision with its base. What the base does not tell of is not made up: those parts say that there is no
/// base.
pub fn compare(base: &Evidence, head: &Evidence, settings: &CompareSettings) -> Comparison {
    let changed = settings.changed.as_ref();
    Comparison {
        tests: head.tests.as_ref().map(|own| compare_tests(base.tests.as_ref(), own)),
        coverage: head
            .coverage
            .as_ref()
            .map(|own| compare_coverage(base.coverage.as_ref(), own, changed)),
        findings: head.findings.as_ref().map(|own| compare_findings(base.findings.as_ref(), own)),
        bundle: head.bundle.as_ref().map(|own| compare_bundles(base.bundle.as_ref(), own)),
        benchmarks: (!head.benchmarks.is_empty())
            .then(|| compare_benchmarks(&base.benchmarks, &head.benchmarks, settings.benchmarks)),
    }
}
