//! What tools say of a run: its tests, the lines that they covered, what scanners found, how large
//! what was built is, and how fast it runs.
//!
//! Invariant: nothing here knows a format or a file; `tidegate-report` reads those. What is read was
//! written by outsiders, so every text is cut to a length ([`cut`]) and none is trusted.

mod annotation;
mod annotations;
mod benchmark;
mod benchmark_change;
mod bundle;
mod bundle_change;
mod compare;
mod condition;
mod coverage;
mod coverage_change;
mod finding;
mod finding_change;
mod flakiness;
mod markdown;
mod noise;
mod page;
mod report;
mod stats;
mod test_change;
mod test_run;
mod text;

pub use annotation::{Annotation, AnnotationLevel, Annotations, MOST_ANNOTATIONS};
pub use annotations::{annotate, annotate_comparison};
pub use benchmark::{Benchmark, Benchmarks, Better, Measured};
pub use benchmark_change::{
    BenchmarkChange, BenchmarkComparison, BenchmarkSettings, Change, Interval, Method,
};
pub use bundle::{Asset, Bundle, Sizes, steady_name};
pub use bundle_change::{AssetChange, BundleComparison, Growth};
pub use compare::{CompareSettings, Comparison, Evidence, compare};
pub use condition::{Answer, CONDITIONS, Condition, Grown, Wanted};
pub use coverage::{Branches, Coverage, FileCoverage, FunctionCoverage, Ratio, Totals};
pub use coverage_change::{
    ChangedCoverage, ChangedLines, CoverageComparison, FileChange, LineRange, points,
};
pub use finding::{BaselineState, Finding, Findings, Level, Place, Severity};
pub use finding_change::FindingComparison;
pub use flakiness::{Flakiness, RevisionRun, flaky_tests};
pub use page::{comparison_page, evidence_page};
pub use report::{Kind, Report};
pub use test_change::{FailingTest, FlakyTest, TestComparison};
pub use test_run::{Attempt, Outcome, TestCase, TestCounts, TestId, TestRun};
pub use text::{LONGEST_NAME, LONGEST_TEXT, cut};
