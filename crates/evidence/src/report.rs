use serde::Serialize;

use crate::{Benchmarks, Bundle, Coverage, Findings, TestRun};

/// What one file says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", content = "report", rename_all = "camelCase")]
pub enum Report {
    /// Tests that ran.
    Tests(TestRun),
    /// What tests covered.
    Coverage(Coverage),
    /// What scanners and linters found.
    Findings(Findings),
    /// How large what was built is.
    Bundle(Bundle),
    /// How fast it runs.
    Benchmarks(Benchmarks),
}

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Tests that ran.
    Tests,
    /// What tests covered.
    Coverage,
    /// What scanners and linters found.
    Findings,
    /// How large what was built is.
    Bundle,
    /// How fast it runs.
    Benchmarks,
}

impl Report {
    /// What it is about.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Tests(_) => Kind::Tests,
            Self::Coverage(_) => Kind::Coverage,
            Self::Findings(_) => Kind::Findings,
            Self::Bundle(_) => Kind::Bundle,
            Self::Benchmarks(_) => Kind::Benchmarks,
        }
    }
}

impl Kind {
    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tests => "tests",
            Self::Coverage => "coverage",
            Self::Findings => "findings",
            Self::Bundle => "sizes",
            Self::Benchmarks => "benchmarks",
        }
    }
}
