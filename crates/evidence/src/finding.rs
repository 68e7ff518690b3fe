use std::collections::BTreeMap;

use serde::Serialize;

/// What scanners and linters found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Findings {
    /// The tools that looked, with their versions where they say.
    pub tools: Vec<String>,
    /// Each of what they found, those that somebody suppressed among them.
    pub findings: Vec<Finding>,
    /// What says that a tool did not get to its end; what it found then may not be all.
    pub incomplete: Vec<String>,
}

/// One of what a tool found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The tool that found it.
    pub tool: String,
    /// The rule that it is of.
    pub rule: String,
    /// The rule in a few words, where the tool has them.
    pub title: String,
    /// How bad the tool calls it.
    pub level: Level,
    /// How bad that is.
    pub severity: Severity,
    /// What the tool says.
    pub message: String,
    /// Where it is; the first of its places.
    pub place: Option<Place>,
    /// What is written there, where the report has it.
    pub snippet: String,
    /// What finds it again in another run, by the name of how it was made.
    pub fingerprints: BTreeMap<String, String>,
    /// Whether somebody said, in the code or elsewhere, that it is to be left alone.
    pub is_suppressed: bool,
    /// What the tool itself says of the run before.
    pub baseline: Option<BaselineState>,
    /// Where there is more to read.
    pub help: Option<String>,
}

/// A place in a file of the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The path, with `/` between its parts.
    pub file: String,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The character of that line, from 1.
    pub column: Option<u32>,
    /// The last line.
    pub end_line: Option<u32>,
    /// The character after the last one.
    pub end_column: Option<u32>,
}

/// How bad a tool calls what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// It has no level: it is not about something bad.
    None,
    /// Something to know.
    Note,
    /// A problem.
    Warning,
    /// A serious one.
    Error,
}

/// How bad what was found is: of what is about security by its score, of the rest by its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Of the level `none` or `note`.
    Note,
    /// Of the level `warning`.
    Warning,
    /// Of the level `error`.
    Error,
    /// About security, with a score of 0.1 to 3.9.
    Low,
    /// About security, 4.0 to 6.9.
    Medium,
    /// About security, 7.0 to 8.9.
    High,
    /// About security, 9.0 and more.
    Critical,
}

/// What a tool says of a finding and the run before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum BaselineState {
    /// It was not there.
    New,
    /// It was there.
    Unchanged,
    /// It was there, and something of it changed.
    Updated,
    /// It was there, and is not any more.
    Absent,
}

impl Severity {
    /// All of them, the worst first.
    pub const ALL: [Self; 7] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Error,
        Self::Warning,
        Self::Note,
    ];

    /// As GitHub's code scanning has it: the score of `security-severity` (CVSS, 0.1 to 10) where there
    /// is one, else the level. Other scores count as none.
    pub fn of(level: Level, score: Option<f64>) -> Self {
        match score {
            Some(score) if (9.0..=10.0).contains(&score) => Self::Critical,
            Some(score) if (7.0..9.0).contains(&score) => Self::High,
            Some(score) if (4.0..7.0).contains(&score) => Self::Medium,
            Some(score) if score > 0.0 && score < 4.0 => Self::Low,
            _ => match level {
                Level::Error => Self::Error,
                Level::Warning => Self::Warning,
                Level::Note | Level::None => Self::Note,
            },
        }
    }

    /// As people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl Finding {
    /// Whether it is there and nobody wants it left alone.
    pub fn is_open(&self) -> bool {
        !self.is_suppressed && self.baseline != Some(BaselineState::Absent)
    }
}

impl Findings {
    /// What several tools found.
    pub fn merged(all: impl IntoIterator<Item = Self>) -> Self {
        let mut sum = Self::default();
        for one in all {
            sum.tools.extend(one.tools);
            sum.findings.extend(one.findings);
            sum.incomplete.extend(one.incomplete);
        }
        sum.tools.sort();
        sum.tools.dedup();
        sum
    }

    /// Those that are there and nobody wants left alone.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.is_open())
    }

    /// How many of them there are of each severity.
    pub fn by_severity(&self) -> BTreeMap<Severity, usize> {
        let mut counts = BTreeMap::new();
        for finding in self.open() {
            *counts.entry(finding.severity).or_default() += 1;
        }
        counts
    }
}
