use std::borrow::Cow;

use fancy_regex::{Captures, Regex};

use crate::annotation::{Annotation, Level};
use crate::matcher_file::{MatcherSpec, PatternSpec};
use crate::pattern::compile;

/// A problem that a tool told in what it printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it is; its file as the tool told it, not yet looked for.
    pub annotation: Annotation,
    /// From where its file is to be looked for.
    pub from_path: Option<String>,
    /// The line that told it, without its colours.
    pub line: String,
}

/// What the matchers say of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Text,
    /// It tells a problem, or ends one that lines before it began.
    Problem(Box<Problem>),
}

/// The problem matchers of a step, with what the lines so far have begun.
#[derive(Debug, Default)]
pub struct Matchers {
    list: Vec<Matcher>,
}

#[derive(Debug)]
struct Matcher {
    spec: MatcherSpec,
    patterns: Vec<Regex>,
    /// By pattern but the last: what was found up to it.
    begun: Vec<Option<Found>>,
}

impl Matchers {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds matchers before those that are there; one of the same owner goes.
    ///
    /// A specification that did not come of [`read_matchers`](crate::read_matchers) and has a pattern that cannot be
    /// used is left out.
    pub fn add(&mut self, specs: &[MatcherSpec]) {
        for spec in specs {
            self.remove(&spec.owner);
        }
        let added: Vec<_> = specs.iter().filter_map(Matcher::new).collect();
        self.list.splice(0..0, added);
    }

    /// Removes the matcher of an owner, whose name counts without regard to case.
    pub fn remove(&mut self, owner: &str) {
        self.list.retain(|matcher| !matcher.spec.owner.eq_ignore_ascii_case(owner));
    }

    /// Forgets what was begun: the next line is another step's.
    pub fn reset(&mut self) {
        self.list.iter_mut().for_each(Matcher::reset);
    }

    /// Whether a line need not be shown to them.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Looks at a line as it is, and then without its colours. A matcher that takes too long is removed and named in `given_up`.
    pub fn look(&mut self, line: &str, given_up: &mut Vec<String>) -> Verdict {
        if self.list.is_empty() {
            return Verdict::Text;
        }
        let plain = without_colours(line);
        let mut index = 0;
        while let Some(matcher) = self.list.get_mut(index) {
            match matcher.look(line, &plain) {
                Err(TooLong) => {
                    given_up.push(self.list.remove(index).spec.owner);
                    continue;
                }
                Ok(Some(found)) => {
                    self.reset_others(index);
                    if let Some(problem) = found.into_problem(&plain) {
                        return Verdict::Problem(Box::new(problem));
                    }
                }
                Ok(None) => {}
            }
            index += 1;
        }
        Verdict::Text
    }

    fn reset_others(&mut self, keep: usize) {
        let others = self.list.iter_mut().enumerate().filter(|(index, _)| *index != keep);
        others.for_each(|(_, matcher)| matcher.reset());
    }
}

struct TooLong;

impl Matcher {
    fn new(spec: &MatcherSpec) -> Option<Self> {
        let patterns: Result<Vec<_>, _> =
            spec.patterns.iter().map(|pattern| compile(&pattern.regexp)).collect();
        let begun = vec![None; spec.patterns.len().checked_sub(1)?];
        Some(Self { spec: spec.clone(), patterns: patterns.ok()?, begun })
    }

    fn reset(&mut self) {
        self.begun.fill(None);
    }

    /// The patterns from the last to the first, each against what the one before it has begun.
    fn look(&mut self, line: &str, plain: &str) -> Result<Option<Found>, TooLong> {
        for index in (0..self.patterns.len()).rev() {
            let before = match index.checked_sub(1).and_then(|before| self.begun.get(before)) {
                Some(None) => continue,
                Some(Some(found)) => Some(found.clone()),
                None => None,
            };
            let (Some(regex), Some(spec)) =
                (self.patterns.get(index), self.spec.patterns.get(index))
            else {
                continue;
            };
            let captures = capture(regex, line, plain)?;
            let found = captures.map(|captures| Found::new(before.clone(), spec, &captures));
            let repeats = spec.r#loop;
            match (found, self.begun.get_mut(index)) {
                (found, Some(slot)) => *slot = found,
                (Some(found), None) => {
                    self.reset();
                    if let Some(slot) = self.begun.last_mut().filter(|_| repeats) {
                        *slot = before;
                    }
                    return Ok(Some(found.or_default(&self.spec)));
                }
                (None, None) => {
                    if let Some(slot) = self.begun.last_mut() {
                        *slot = None;
                    }
                }
            }
        }
        Ok(None)
    }
}

/// A pattern may ask for colours, as GitHub's runner, which leaves them in, has made people write them.
fn capture<'a>(
    regex: &Regex,
    line: &'a str,
    plain: &'a str,
) -> Result<Option<Captures<'a, str>>, TooLong> {
    let found = regex.captures(line).map_err(|_| TooLong)?;
    if found.is_some() || line == plain {
        return Ok(found);
    }
    regex.captures(plain).map_err(|_| TooLong)
}

/// What the lines of a problem told so far.
#[derive(Clone, Debug, Default)]
struct Found {
    file: Option<String>,
    line: Option<String>,
    column: Option<String>,
    severity: Option<String>,
    code: Option<String>,
    message: Option<String>,
    from_path: Option<String>,
}

impl Found {
    fn new(before: Option<Self>, spec: &PatternSpec, captures: &Captures<'_, str>) -> Self {
        let before = before.unwrap_or_default();
        let or = |known: Option<String>, group: Option<u32>| {
            known.or_else(|| {
                let text = captures.get(group? as usize).map_or("", |found| found.as_str());
                Some(text.to_owned())
            })
        };
        Self {
            file: or(before.file, spec.file),
            line: or(before.line, spec.line),
            column: or(before.column, spec.column),
            severity: or(before.severity, spec.severity),
            code: or(before.code, spec.code),
            message: or(before.message, spec.message),
            from_path: or(before.from_path, spec.from_path),
        }
    }

    fn or_default(mut self, spec: &MatcherSpec) -> Self {
        self.severity =
            self.severity.filter(|text| !text.is_empty()).or_else(|| spec.severity.clone());
        self.from_path =
            self.from_path.filter(|text| !text.is_empty()).or_else(|| spec.from_path.clone());
        self
    }

    /// Nothing without a message, or with a severity that there is not.
    fn into_problem(self, line: &str) -> Option<Problem> {
        let told = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
        let level = match self.severity.as_deref() {
            None | Some("") => Level::Error,
            Some(name) => Level::of(name)?,
        };
        let annotation = Annotation {
            file: told(self.file),
            line: number(self.line),
            column: number(self.column),
            code: told(self.code).map(|code| code.trim().to_owned()),
            ..Annotation::new(level, told(self.message)?)
        };
        Some(Problem { annotation, from_path: told(self.from_path), line: line.to_owned() })
    }
}

/// The line without the codes that colour it or clear what is behind it: `ESC [`, digits and semicolons, `m` or `K`.
fn without_colours(line: &str) -> Cow<'_, str> {
    if !line.contains("\x1b[") {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((plain, code)) = rest.split_once("\x1b[") {
        out.push_str(plain);
        let behind = code
            .trim_start_matches(|character: char| character.is_ascii_digit() || character == ';');
        rest = behind.strip_prefix(['m', 'K']).unwrap_or(behind);
    }
    out.push_str(rest);
    Cow::Owned(out)
}
