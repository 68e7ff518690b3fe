use std::{fmt, str::FromStr};

use serde::Serialize;

use crate::{Change, Comparison, Growth, Level, Severity, coverage_change::points};

/// What a gate may ask of a comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Condition {
    /// The share of covered lines fell by more than so many percentage points.
    CoverageFell(f64),
    /// The share of taken branches did.
    BranchCoverageFell(f64),
    /// Of the changed lines fewer than so many per cent are covered.
    ChangedCoverageBelow(f64),
    /// A finding of such a severity or a worse one is new.
    NewFinding(Wanted),
    /// A test fails.
    TestFailed,
    /// A test fails that did not fail in the base.
    TestBroke,
    /// A test of the base is gone or skipped.
    TestLost,
    /// A test passed and failed on one revision.
    FlakyTest,
    /// What was built grew by more than this.
    BundleGrew(Grown),
    /// A file is larger than its own limit.
    BundleOverLimit,
    /// A benchmark got worse beyond its noise.
    BenchmarkRegressed,
}

/// Which findings are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All.
    Any,
    /// Of this level or a worse one.
    Level(Level),
    /// About security, of this severity or a worse one.
    Severity(Severity),
}

/// How much is too much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Grown {
    /// So many bytes.
    Bytes(u64),
    /// So many per cent.
    Percent(f64),
}

/// Whether what a condition asks for is so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "answer", content = "because", rename_all = "camelCase")]
pub enum Answer {
    /// It is, because of each of these.
    Holds(Vec<String>),
    /// It is not.
    DoesNotHold,
    /// It cannot be told: why.
    Unknown(String),
}

/// The names of conditions with what they ask, for people.
pub const CONDITIONS: [(&str, &str); 17] = [
    (
        "coverage-fell[=POINTS]",
        "the share of covered lines fell, by more than so many percentage points",
    ),
    ("branch-coverage-fell[=POINTS]", "the share of taken branches fell"),
    ("changed-coverage-below=PERCENT", "fewer of the changed lines are covered (needs --diff)"),
    ("new-critical", "a new finding about security is critical"),
    ("new-high", "one is high or critical"),
    ("new-medium", "one is medium, high or critical"),
    ("new-low", "one is about security"),
    ("new-error", "a new finding has the level error"),
    ("new-warning", "one has the level warning or error"),
    ("new-finding", "a finding is new"),
    ("test-failed", "a test fails"),
    ("test-broke", "a test fails that did not fail in the base"),
    ("test-lost", "a test of the base is gone, or skipped now"),
    ("flaky-test", "a test passed and failed on the head's revision"),
    ("bundle-grew[=BYTES|=PERCENT%]", "all files together grew"),
    ("bundle-over-limit", "a file is over its own limit"),
    ("benchmark-regressed", "a benchmark got worse beyond its noise"),
];

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (text.trim(), None),
        };
        let severity = |severity| Self::NewFinding(Wanted::Severity(severity));
        let plain = match name {
            "new-critical" => severity(Severity::Critical),
            "new-high" => severity(Severity::High),
            "new-medium" => severity(Severity::Medium),
            "new-low" => severity(Severity::Low),
            "new-error" => Self::NewFinding(Wanted::Level(Level::Error)),
            "new-warning" => Self::NewFinding(Wanted::Level(Level::Warning)),
            "new-finding" => Self::NewFinding(Wanted::Any),
            "test-failed" => Self::TestFailed,
            "test-broke" => Self::TestBroke,
            "test-lost" => Self::TestLost,
            "flaky-test" => Self::FlakyTest,
            "bundle-over-limit" => Self::BundleOverLimit,
            "benchmark-regressed" => Self::BenchmarkRegressed,
            "coverage-fell" => return percent(value, Some(0.0)).map(Self::CoverageFell),
            "branch-coverage-fell" => {
                return percent(value, Some(0.0)).map(Self::BranchCoverageFell);
            }
            "changed-coverage-below" => {
                return percent(value, None).map(Self::ChangedCoverageBelow);
            }
            "bundle-grew" => return grown(value).map(Self::BundleGrew),
            _ => return Err(format!("{name:?} is no condition: write one of {}", names())),
        };
        match value {
            None => Ok(plain),
            Some(_) => Err(format!("{name} takes no value: leave out what is behind it")),
        }
    }
}

fn names() -> String {
    CONDITIONS.map(|(name, _)| name).join(", ")
}

fn percent(value: Option<&str>, default: Option<f64>) -> Result<f64, String> {
    let Some(value) = value else {
        return default.ok_or_else(|| "it needs a number of per cent, such as =80".to_owned());
    };
    let number = value.trim_end_matches('%').parse().ok();
    number
        .filter(|number| (0.0..=100.0).contains(number))
        .ok_or_else(|| format!("{value:?} is no number of per cent: write one from 0 to 100"))
}

fn grown(value: Option<&str>) -> Result<Grown, String> {
    let Some(value) = value else { return Ok(Grown::Bytes(0)) };
    let wrong =
        || format!("{value:?} is no size: write bytes, such as 2048, or a percentage, such as 2%");
    if let Some(percent) = value.strip_suffix('%') {
        let number = percent.trim().parse().ok().filter(|own: &f64| own.is_finite() && *own >= 0.0);
        return number.map(Grown::Percent).ok_or_else(wrong);
    }
    value.parse().map(Grown::Bytes).map_err(|_| wrong())
}

impl fmt::Display for Condition {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CoverageFell(by) => write!(to, "coverage-fell={by}"),
            Self::BranchCoverageFell(by) => write!(to, "branch-coverage-fell={by}"),
            Self::ChangedCoverageBelow(least) => write!(to, "changed-coverage-below={least}"),
            Self::NewFinding(Wanted::Any) => to.write_str("new-finding"),
            Self::NewFinding(Wanted::Level(Level::Error)) => to.write_str("new-error"),
            Self::NewFinding(Wanted::Level(_)) => to.write_str("new-warning"),
            Self::NewFinding(Wanted::Severity(own)) => write!(to, "new-{}", own.name()),
            Self::TestFailed => to.write_str("test-failed"),
            Self::TestBroke => to.write_str("test-broke"),
            Self::TestLost => to.write_str("test-lost"),
            Self::FlakyTest => to.write_str("flaky-test"),
            Self::BundleGrew(Grown::Bytes(by)) => write!(to, "bundle-grew={by}"),
            Self::BundleGrew(Grown::Percent(by)) => write!(to, "bundle-grew={by}%"),
            Self::BundleOverLimit => to.write_str("bundle-over-limit"),
            Self::BenchmarkRegressed => to.write_str("benchmark-regressed"),
        }
    }
}

/// So many reasons are told; there may be thousands.
const MOST_REASONS: usize = 10;

fn reasons(all: impl IntoIterator<Item = String>) -> Answer {
    let mut all: Vec<_> = all.into_iter().collect();
    let more = all.len().saturating_sub(MOST_REASONS);
    all.truncate(MOST_REASONS);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    if all.is_empty() { Answer::DoesNotHold } else { Answer::Holds(all) }
}

fn unknown(why: &str) -> Answer {
    Answer::Unknown(why.to_owned())
}

impl Condition {
    /// Whether it holds. What was not measured is unknown, never well.
    pub fn ask(self, of: &Comparison) -> Answer {
        match self {
            Self::CoverageFell(by) => fell(of, by, "lines", |totals| totals.lines),
            Self::BranchCoverageFell(by) => fell(of, by, "branches", |totals| totals.branches),
            Self::ChangedCoverageBelow(least) => changed_below(of, least),
            Self::NewFinding(wanted) => new_finding(of, wanted),
            Self::TestFailed | Self::TestBroke | Self::TestLost | Self::FlakyTest => {
                self.of_tests(of)
            }
            Self::BundleGrew(by) => bundle_grew(of, by),
            Self::BundleOverLimit => match &of.bundle {
                None => unknown("the head has no sizes"),
                Some(own) => {
                    reasons(own.over.iter().map(|name| format!("{name} is over its limit")))
                }
            },
            Self::BenchmarkRegressed => benchmark_regressed(of),
        }
    }

    fn of_tests(self, of: &Comparison) -> Answer {
        let Some(tests) = &of.tests else { return unknown("the head has no tests") };
        let needs_base = matches!(self, Self::TestBroke | Self::TestLost);
        if needs_base && tests.base.is_none() {
            return unknown("the base has no tests");
        }
        match self {
            Self::TestLost => {
                let gone = tests.removed.iter().map(|id| format!("{} is gone", id.title()));
                let skipped = tests.newly_skipped.iter();
                reasons(gone.chain(skipped.map(|id| format!("{} is skipped", id.title()))))
            }
            Self::FlakyTest => reasons(tests.flaky.iter().map(|own| {
                let of = own.flakiness;
                format!("{} failed {} of {} times", own.id.title(), of.failed, of.attempts)
            })),
            _ => {
                let failing = tests.failing.iter();
                let failing = failing.filter(|own| !needs_base || own.is_new == Some(true));
                reasons(failing.map(|own| format!("{} fails", own.case.id.title())))
            }
        }
    }
}

fn fell(of: &Comparison, by: f64, what: &str, ratio: fn(&crate::Totals) -> crate::Ratio) -> Answer {
    let Some(coverage) = &of.coverage else { return unknown("the head has no coverage") };
    let Some(base) = &coverage.base else { return unknown("the base has no coverage") };
    let Some(points) = points(ratio(base), ratio(&coverage.head)) else {
        return Answer::Unknown(format!("one of both reports has no {what}"));
    };
    // What is lost in the last bit is no fall.
    let has_fallen = -points > by + 1e-9;
    let told = format!("coverage of {what} fell by {:.2} points", -points);
    reasons(has_fallen.then_some(told))
}

fn changed_below(of: &Comparison, least: f64) -> Answer {
    let Some(coverage) = &of.coverage else { return unknown("the head has no coverage") };
    let Some(changed) = &coverage.changed else { return unknown("no change was given") };
    match changed.lines.share() {
        None if changed.unknown.is_empty() => Answer::DoesNotHold,
        None => unknown("the report knows none of the files that changed"),
        Some(share) => reasons((share * 100.0 < least).then(|| {
            let lines = changed.lines;
            format!("{} of {} changed lines are covered", lines.covered, lines.total)
        })),
    }
}

fn new_finding(of: &Comparison, wanted: Wanted) -> Answer {
    let Some(findings) = &of.findings else { return unknown("the head has no findings") };
    if let Some(why) = findings.incomplete.first() {
        return Answer::Unknown(format!("a tool did not get to its end: {why}"));
    }
    let Some(new) = &findings.new else { return unknown("the base has no findings") };
    let is_wanted = |own: &&crate::Finding| match wanted {
        Wanted::Any => true,
        Wanted::Level(least) => own.level >= least,
        Wanted::Severity(least) => own.severity >= least,
    };
    reasons(new.iter().filter(is_wanted).map(|own| {
        let place = own.place.as_ref().map_or_else(String::new, |place| {
            let line = place.line.map_or_else(String::new, |line| format!(":{line}"));
            format!(" at {}{line}", place.file)
        });
        format!("{} ({}) is new{place}", own.rule, own.severity.name())
    }))
}

fn bundle_grew(of: &Comparison, by: Grown) -> Answer {
    let Some(bundle) = &of.bundle else { return unknown("the head has no sizes") };
    if bundle.base.is_none() {
        return unknown("the base has no sizes");
    }
    let Some(growth) = bundle.growth() else {
        return unknown("the sizes of both are measured in different ways");
    };
    let has_grown = match by {
        Grown::Bytes(most) => growth.head > growth.base.saturating_add(most),
        // From nothing to something is more than any share.
        Grown::Percent(most) => match growth.percent() {
            Some(percent) => percent > most,
            None => growth.head > 0,
        },
    };
    reasons(has_grown.then(|| {
        let Growth { measure, base, head } = growth;
        format!("all files grew from {base} to {head} bytes ({measure})")
    }))
}

fn benchmark_regressed(of: &Comparison) -> Answer {
    let Some(benchmarks) = &of.benchmarks else { return unknown("the head has no benchmarks") };
    if !benchmarks.has_base {
        return unknown("the base has no benchmarks");
    }
    let of_verdict = |verdict| benchmarks.changes.iter().filter(move |own| own.verdict == verdict);
    let regressed = of_verdict(Change::Regressed)
        .map(|own| format!("{} went from {} to {} {}", own.name, own.base, own.head, own.unit));
    match reasons(regressed) {
        Answer::DoesNotHold if benchmarks.changes.is_empty() => unknown("no benchmark is in both"),
        Answer::DoesNotHold
            if of_verdict(Change::Undecidable).count() == benchmarks.changes.len() =>
        {
            unknown("there are too few values of each benchmark to tell a change from noise")
        }
        answer => answer,
    }
}
