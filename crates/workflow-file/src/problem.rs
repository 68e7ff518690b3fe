use std::{collections::BTreeSet, fmt};

use serde::Serialize;

use crate::{
    Span,
    place::{Lines, Place},
};

/// Whether GitHub would refuse the file for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file is taken, and does something that its author is unlikely to want.
    Warning,
}

/// Something that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The file, as it was named by whoever read it.
    pub file: String,
    /// The line of what is meant, from 1.
    pub line: u32,
    /// The column of what is meant in characters, from 1.
    pub column: u32,
    /// How many characters are meant, from `column` on; at least 1.
    pub width: u32,
    /// The line of the value that has it, which differs for an expression within a text.
    pub value_line: u32,
    /// The column of that value.
    pub value_column: u32,
    /// Whether the file is refused for it.
    pub severity: Severity,
    /// What is wrong, in the words that GitHub has for it.
    pub message: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The line of the file.
    pub source: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// Nobody mends more than this in one go, and an answer must stay small.
const MOST_PROBLEMS: usize = 500;

/// A source line longer than this is shown without its end: a terminal has some 200 columns.
const LONGEST_SOURCE: usize = 400;

/// What is found wrong with one file.
pub(crate) struct Problems<'t> {
    file: &'t str,
    pub(crate) lines: Lines<'t>,
    found: Vec<Problem>,
}

impl<'t> Problems<'t> {
    pub(crate) fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, lines: Lines::of(text), found: Vec::new() }
    }

    /// An error at a value.
    pub(crate) fn error(&mut self, span: Span, message: impl Into<String>) {
        self.add(Severity::Error, span, span, message.into(), None);
    }

    /// An error at a value, with its mend.
    pub(crate) fn error_with_hint(&mut self, span: Span, message: String, hint: &str) {
        self.add(Severity::Error, span, span, message, Some(hint.to_owned()));
    }

    /// An error at a part of a value.
    pub(crate) fn error_within(&mut self, value: Span, part: Span, message: impl Into<String>) {
        self.add(Severity::Error, value, part, message.into(), None);
    }

    /// Something that is taken and yet unwanted, at a part of a value.
    pub(crate) fn warn(&mut self, value: Span, part: Span, message: String, hint: String) {
        self.add(Severity::Warning, value, part, message, Some(hint));
    }

    /// Whether any error was found.
    pub(crate) fn any_error(&self) -> bool {
        self.found.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Whether no more are kept.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= MOST_PROBLEMS
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    /// All of them in the order of the file.
    pub(crate) fn finish(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|problem| (problem.line, problem.column));
        // What an alias stands for is read as often as it is named, and wrong once.
        let mut told = BTreeSet::new();
        self.found
            .retain(|problem| told.insert((problem.line, problem.column, problem.message.clone())));
        self.found
    }

    fn add(
        &mut self,
        severity: Severity,
        value: Span,
        part: Span,
        message: String,
        hint: Option<String>,
    ) {
        if self.found.len() >= MOST_PROBLEMS {
            return;
        }
        let source = self.lines.line(part.start.line);
        let rest = source.chars().count().saturating_sub(part.start.column as usize - 1);
        let width = if part.end.line == part.start.line {
            part.end.column.saturating_sub(part.start.column)
        } else {
            crate::place::small(rest)
        };
        let Place { line, column } = part.start;
        self.found.push(Problem {
            file: self.file.to_owned(),
            line,
            column,
            width: width.clamp(1, crate::place::small(rest.max(1))),
            value_line: value.start.line,
            value_column: value.start.column,
            severity,
            message,
            hint,
            source: source.chars().take(LONGEST_SOURCE).collect(),
        });
    }
}
