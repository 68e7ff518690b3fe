//! `JUnit`'s XML, in the dialects of those who write it.

use tidegate_evidence::{
    Attempt, LONGEST_NAME, LONGEST_TEXT, Outcome, TestCase, TestId, TestRun, cut,
};

use crate::{
    error::Problem,
    limits::{MOST_RETRIES, MOST_TESTS},
    number::seconds,
    xml::{Tag, Xml},
};

/// A suite that is open.
#[derive(Clone, Debug, Default)]
struct Suite {
    /// The names of those around it and its own, joined by ` > `.
    name: String,
    /// The file that its tests are in.
    file: Option<String>,
    /// The line of a file that the tool writes for the first one: pytest counts from 0.
    first_line: u32,
}

/// Reads a document whose root is `root`, `testsuites` or `testsuite`.
pub(crate) fn junit(xml: &mut Xml<'_>, root: &Tag) -> Result<TestRun, Problem> {
    let mut run = TestRun::default();
    let outer = Suite { first_line: 1, ..Suite::default() };
    if root.name == "testsuite" {
        let suite = outer.within(root);
        suite_of(xml, &suite, root, &mut run)?;
    } else {
        // The name of the root is that of the tool or of the moment, not of tests.
        suite_of(xml, &outer, root, &mut run)?;
    }
    Ok(run)
}

impl Suite {
    fn within(&self, tag: &Tag) -> Self {
        let own = tag.get("name").unwrap_or_default().trim();
        let name = match (self.name.is_empty(), own.is_empty()) {
            (false, false) => format!("{} > {own}", self.name),
            (true, _) => own.to_owned(),
            (false, true) => self.name.clone(),
        };
        let file = ["file", "filepath"].iter().find_map(|key| tag.get(key)).map(path);
        let first_line = if own == "pytest" { 0 } else { self.first_line };
        let name = cut(&name, LONGEST_NAME);
        Self { name, file: file.or_else(|| self.file.clone()), first_line }
    }
}

/// Reads what is within a suite, to its end. Suites are at most as deep as XML may be.
fn suite_of(xml: &mut Xml<'_>, suite: &Suite, tag: &Tag, run: &mut TestRun) -> Result<(), Problem> {
    let (before, said) = (run.cases.len(), tag.get("tests").and_then(|tests| tests.parse().ok()));
    while let Some(tag) = xml.child()? {
        match tag.name.as_str() {
            "testsuite" => suite_of(xml, &suite.within(&tag), &tag, run)?,
            "testcase" => {
                let case = case_of(xml, suite, &tag)?;
                push(run, case, tag.at)?;
            }
            // A suite that could not be set up, and has no test to tell it of.
            "failure" | "error" => {
                let mut case = empty(suite, "(suite)");
                let ended = if tag.name == "error" { Ended::Error } else { Ended::Failure };
                ended.read(xml, &tag, &mut case)?;
                push(run, case, tag.at)?;
            }
            _ => xml.skip()?,
        }
    }
    if let Some(said) = said {
        join_reruns(&mut run.cases, before, said);
    }
    Ok(())
}

/// Joins the tests from `before` on that the tool lists several times and counts once: pytest lists each
/// rerun of pytest-rerunfailures, and tells nothing of it. Where it does not come out as `said`, namesakes
/// are tests of their own.
fn join_reruns(cases: &mut Vec<TestCase>, before: usize, said: usize) {
    let listed = cases.get(before..).unwrap_or_default();
    let repeats = listed.windows(2).filter(|two| is_again(two)).count();
    if repeats == 0 || listed.len() - repeats != said {
        return;
    }
    let mut joined: Vec<TestCase> = Vec::new();
    for case in cases.split_off(before) {
        match joined.last_mut().filter(|last| last.id == case.id) {
            Some(last) => {
                let earlier = std::mem::replace(last, case);
                last.follow(earlier);
            }
            None => joined.push(case),
        }
    }
    cases.append(&mut joined);
}

fn is_again(two: &[TestCase]) -> bool {
    matches!(two, [first, second] if first.id == second.id)
}

trait Follow {
    /// Takes in what was told of the test before.
    fn follow(&mut self, earlier: Self);
}

impl Follow for TestCase {
    fn follow(&mut self, mut earlier: Self) {
        let seconds = earlier.seconds.unwrap_or(0.0) + self.seconds.unwrap_or(0.0);
        self.seconds = Some(seconds).filter(|_| earlier.seconds.or(self.seconds).is_some());
        if earlier.outcome.is_failure() {
            // It failed, and what tidies up behind it failed too.
            if !self.outcome.is_failure() || earlier.outcome > self.outcome {
                self.outcome = earlier.outcome;
            }
            self.message = earlier.message;
            self.details = earlier.details;
        } else if earlier.outcome == Outcome::Passed && earlier.retries.len() < MOST_RETRIES {
            earlier.retries.push(Attempt::default());
        }
        self.retries.splice(0..0, earlier.retries);
    }
}

fn push(run: &mut TestRun, case: TestCase, at: usize) -> Result<(), Problem> {
    if run.cases.len() >= MOST_TESTS {
        return Err(Problem::too_many(at, MOST_TESTS, "tests"));
    }
    run.cases.push(case);
    Ok(())
}

fn empty(suite: &Suite, name: &str) -> TestCase {
    TestCase {
        id: TestId {
            suite: suite.name.clone(),
            class: String::new(),
            name: cut(name, LONGEST_NAME),
        },
        file: suite.file.clone(),
        line: None,
        seconds: None,
        outcome: Outcome::Passed,
        retries: Vec::new(),
        message: String::new(),
        details: String::new(),
    }
}

fn case_of(xml: &mut Xml<'_>, suite: &Suite, tag: &Tag) -> Result<TestCase, Problem> {
    let mut case = empty(suite, tag.get("name").unwrap_or_default().trim());
    let class = tag.get("classname").or_else(|| tag.get("class")).unwrap_or_default();
    case.id.class = cut(class.trim(), LONGEST_NAME);
    if let Some(file) = tag.get("file") {
        case.file = Some(path(file));
    }
    // Some write -1 for a line that they do not know.
    let line = tag.get("line").or_else(|| tag.get("lineno"));
    let line = line.and_then(|line| line.trim().parse::<u32>().ok());
    case.line =
        line.and_then(|line| line.checked_add(1 - suite.first_line)).filter(|line| *line > 0);
    case.seconds = tag.get("time").or_else(|| tag.get("duration")).and_then(seconds);
    case.outcome = said(tag);
    while let Some(child) = xml.child()? {
        match Ended::by_name(&child.name) {
            Some(ended) => ended.read(xml, &child, &mut case)?,
            None => xml.skip()?,
        }
    }
    Ok(case)
}

/// What the attributes alone say: Google Test's disabled tests have no element within.
fn said(tag: &Tag) -> Outcome {
    let is = |name: &str, values: &[&str]| {
        tag.get(name).is_some_and(|own| values.iter().any(|value| own.eq_ignore_ascii_case(value)))
    };
    if is("status", &["notrun", "skipped", "disabled", "ignored"])
        || is("result", &["suppressed", "skipped", "ignored"])
    {
        return Outcome::Skipped;
    }
    if is("status", &["failed", "failure"]) || is("result", &["failed", "failure"]) {
        return Outcome::Failed;
    }
    if is("status", &["error"]) || is("result", &["error"]) {
        return Outcome::Errored;
    }
    Outcome::Passed
}

/// What an element within a test says of it.
#[derive(Clone, Copy)]
enum Ended {
    /// It failed.
    Failure,
    /// It could not be carried out.
    Error,
    /// It was not run.
    Skipped,
    /// An attempt failed, and another one decided.
    Retried,
}

impl Ended {
    fn by_name(name: &str) -> Option<Self> {
        match name {
            "failure" => Some(Self::Failure),
            "error" => Some(Self::Error),
            "skipped" | "ignored" | "disabled" => Some(Self::Skipped),
            // Surefire's words, which nextest has too: flaky ones passed in the end, others not.
            "flakyFailure" | "flakyError" | "rerunFailure" | "rerunError" => Some(Self::Retried),
            _ => None,
        }
    }

    /// Reads the element `tag`, to its end, into `case`. Of several failures the first is told of.
    fn read(self, xml: &mut Xml<'_>, tag: &Tag, case: &mut TestCase) -> Result<(), Problem> {
        let title = tag.get("message").or_else(|| tag.get("type")).unwrap_or_default();
        let title = cut(title.trim(), LONGEST_TEXT);
        let text = xml.text()?;
        // go-junit-report and gotestsum say no more than this before the output.
        let says_nothing = title.is_empty() || title == "Failed";
        let line = if says_nothing { first_line(&text) } else { String::new() };
        let message = if line.is_empty() { title } else { line };
        let outcome = match self {
            Self::Failure => Outcome::Failed,
            Self::Error => Outcome::Errored,
            Self::Skipped => Outcome::Skipped,
            Self::Retried => {
                if case.retries.len() < MOST_RETRIES {
                    case.retries.push(Attempt { message });
                }
                return Ok(());
            }
        };
        let is_told = case.outcome.is_failure() && !case.message.is_empty();
        if !(is_told || case.outcome.is_failure() && outcome == Outcome::Skipped) {
            case.message = message;
            case.details = text;
        }
        let is_worse = outcome.is_failure() && outcome > case.outcome;
        if is_worse || !case.outcome.is_failure() {
            case.outcome = outcome;
        }
        Ok(())
    }
}

fn first_line(text: &str) -> String {
    let is_told = |line: &&str| !line.is_empty() && !line.starts_with("=== ");
    let line = text.lines().map(str::trim).find(is_told);
    cut(line.unwrap_or_default(), LONGEST_TEXT)
}

/// A path with `/` between its parts, whoever wrote it.
pub(crate) fn path(text: &str) -> String {
    let text = text.trim().replace('\\', "/");
    cut(text.strip_prefix("./").unwrap_or(&text), LONGEST_NAME)
}
