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

impl Report {
    /// Names files from `root` on where they are named from the root of the machine: `/home/ci/repo/src/a.rs` is `src/a.rs`.
    pub fn relative_to(&mut self, root: &str) {
        let root = root.trim_end_matches('/');
        let shorten = |path: &mut String| {
            let rest = path.strip_prefix(root).and_then(|rest| rest.strip_prefix('/'));
            if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
                *path = rest.to_owned();
            }
        };
        match self {
            Self::Tests(run) => {
                run.cases.iter_mut().filter_map(|case| case.file.as_mut()).for_each(shorten);
            }
            Self::Findings(found) => {
                let places = found.findings.iter_mut().filter_map(|own| own.place.as_mut());
                places.for_each(|place| shorten(&mut place.file));
            }
            Self::Coverage(coverage) => {
                let mut files = std::collections::BTreeMap::<_, crate::FileCoverage>::new();
                for (mut path, file) in std::mem::take(&mut coverage.files) {
                    shorten(&mut path);
                    files.entry(path).or_default().merge(&file);
                }
                coverage.files = files;
            }
            Self::Bundle(_) | Self::Benchmarks(_) => {}
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
