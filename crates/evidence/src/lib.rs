//! What tools say of a run: its tests, the lines that they covered, what scanners found, how large
//! what was built is, and how fast it runs.
//!
//! Invariant: nothing here knows a format or a file; `tidegate-report` reads those. What is read was
//! written by outsiders, so every text is cut to a length ([`cut`]) and none is trusted.

mod benchmark;
mod bundle;
mod coverage;
mod finding;
mod report;
mod test_run;
mod text;

pub use benchmark::{Benchmark, Benchmarks, Better, Measured};
pub use bundle::{Asset, Bundle, Sizes, steady_name};
pub use coverage::{Branches, Coverage, FileCoverage, FunctionCoverage, Ratio, Totals};
pub use finding::{BaselineState, Finding, Findings, Level, Place, Severity};
pub use report::{Kind, Report};
pub use test_run::{Attempt, Outcome, TestCase, TestCounts, TestId, TestRun};
pub use text::{LONGEST_NAME, LONGEST_TEXT, cut};
