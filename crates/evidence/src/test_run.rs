use std::collections::BTreeMap;

use serde::Serialize;

/// The tests that one run of a tool ran, in the order of the report.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestRun {
    /// Each of them.
    pub cases: Vec<TestCase>,
}

/// What tells a test from the others of its run, and finds it again in another run.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestId {
    /// The suites that it is in, from the outermost on, joined by ` > `.
    pub suite: String,
    /// The class, module or package, where the tool names one.
    pub class: String,
    /// Its own name.
    pub name: String,
}

/// A test and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestCase {
    /// Which test it is.
    pub id: TestId,
    /// The file that it is in, where the report says so.
    pub file: Option<String>,
    /// The line of that file, from 1.
    pub line: Option<u32>,
    /// How long it took, in seconds; never negative.
    pub seconds: Option<f64>,
    /// How it ended, at its last attempt.
    pub outcome: Outcome,
    /// Attempts that failed, apart from the one that decided.
    pub retries: Vec<Attempt>,
    /// What is said of how it ended: the message of a failure, the reason of a skip.
    pub message: String,
    /// The stack trace or the like.
    pub details: String,
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It was not run.
    Skipped,
    /// It holds.
    Passed,
    /// What it asserts does not hold.
    Failed,
    /// It could not be carried out.
    Errored,
}

/// An attempt that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// What is said of it.
    pub message: String,
}

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestCounts {
    /// All of them.
    pub total: usize,
    /// Those that hold.
    pub passed: usize,
    /// Those that do not.
    pub failed: usize,
    /// Those that could not be carried out.
    pub errored: usize,
    /// Those that were not run.
    pub skipped: usize,
    /// Those of them that passed and failed in this run.
    pub flaky: usize,
    /// How long they took together, in seconds.
    pub seconds: f64,
}

impl Outcome {
    /// Whether the test is against the change.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Errored)
    }

    /// As people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Errored => "errored",
        }
    }
}

impl TestId {
    /// Its name for people: the class, else the suite, and its own name.
    pub fn title(&self) -> String {
        let within = if self.class.is_empty() { &self.suite } else { &self.class };
        if within.is_empty() { self.name.clone() } else { format!("{within} > {}", self.name) }
    }
}

impl TestRun {
    /// The tests of several reports together: of one commit, or of the shards of one job.
    pub fn merged(runs: impl IntoIterator<Item = Self>) -> Self {
        Self { cases: runs.into_iter().flat_map(|run| run.cases).collect() }
    }

    /// Each test once, by its id. A test that is listed several times (run anew, or with arguments
    /// that its name does not tell) takes the worst outcome of them: a failure is never hidden by a
    /// namesake that passed.
    pub fn by_id(&self) -> BTreeMap<&TestId, Vec<&TestCase>> {
        let mut tests: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for case in &self.cases {
            tests.entry(&case.id).or_default().push(case);
        }
        tests
    }

    /// How many ended how; each element of the report counts.
    pub fn counts(&self) -> TestCounts {
        let mut counts = TestCounts { total: self.cases.len(), ..TestCounts::default() };
        for case in &self.cases {
            match case.outcome {
                Outcome::Skipped => counts.skipped += 1,
                Outcome::Passed => counts.passed += 1,
                Outcome::Failed => counts.failed += 1,
                Outcome::Errored => counts.errored += 1,
            }
            counts.flaky += usize::from(case.is_flaky());
            counts.seconds += case.seconds.unwrap_or(0.0);
        }
        counts
    }
}

impl TestCase {
    /// Whether it passed, but not at its first attempt.
    pub fn is_flaky(&self) -> bool {
        self.outcome == Outcome::Passed && !self.retries.is_empty()
    }
}
