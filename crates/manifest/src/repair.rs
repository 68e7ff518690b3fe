//! Texts that Kubernetes' reader takes and YAML 1.2 does not: what stands between brackets or
//! quotes may begin a line further to the left than the key that it belongs to.
//!
//! There, blanks before the first letter of a line mean nothing. So a line that the parser refuses
//! for its indentation is moved to the right, and the text is parsed again. Places are told as
//! they are in the file.

use std::{borrow::Cow, collections::BTreeMap};

use saphyr_parser::ScanError;

use crate::load::small;

/// Each moved line costs a parse of the whole text; a hand-written file has a handful of them.
const MOST_MOVES: usize = 200;

/// What all the parses of one file may read together, in bytes: a fraction of a second.
const MOST_WORK: usize = 64 << 20;

/// Indentation beyond this is not of any manifest.
const WIDEST: usize = 2_000;

/// How far each line (from 1) is moved to the right.
#[derive(Default)]
pub(crate) struct Moves {
    lines: BTreeMap<u32, usize>,
    parses: usize,
}

impl Moves {
    /// The text with its lines moved.
    pub(crate) fn apply<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.lines.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut moved = String::with_capacity(text.len() + 64 * self.lines.len());
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let by = self.of(small(index + 1));
            moved.extend(std::iter::repeat_n(' ', by));
            moved.push_str(line);
        }
        Cow::Owned(moved)
    }

    /// How far a line is moved.
    pub(crate) fn of(&self, line: u32) -> usize {
        self.lines.get(&line).copied().unwrap_or(0)
    }

    /// Moves what the parser refused in `text`, the text with its moves so far. False when this is
    /// not the way to mend it.
    pub(crate) fn mend(&mut self, text: &str, error: &ScanError) -> bool {
        self.parses += 1;
        if self.parses > MOST_MOVES || self.parses.saturating_mul(text.len()) > MOST_WORK {
            return false;
        }
        let at = (error.marker().line(), error.marker().col());
        let first = match error.info() {
            // The scanner says so of nothing but what stands between brackets.
            "invalid indentation" | "invalid indentation in flow construct" => at.0..=at.0,
            "invalid indentation in quoted scalar" => match last_line_of_quoted(text, at) {
                Some(last) => at.0 + 1..=last,
                None => return false,
            },
            _ => return false,
        };
        let width = widest_before(text, *first.start());
        let mut moved = false;
        for line in first {
            let slot = self.lines.entry(small(line)).or_default();
            moved |= *slot < width;
            *slot = (*slot).max(width);
        }
        moved
    }
}

/// To the right of whatever a line can belong to: no key before it begins further to the right.
fn widest_before(text: &str, line: usize) -> usize {
    let before = text.split('\n').take(line.saturating_sub(1));
    let widest = before.map(|line| line.chars().count()).max().unwrap_or(0);
    (widest + 1).min(WIDEST)
}

/// The line on which the quoted text ends that begins at this line (from 1) and column (from 0).
fn last_line_of_quoted(text: &str, (line, column): (usize, usize)) -> Option<usize> {
    let mut lines = text.split('\n').enumerate().skip(line.checked_sub(1)?);
    let (_, first) = lines.next()?;
    let mut letters = first.chars().skip(column);
    let quote = letters.next().filter(|c| matches!(c, '"' | '\''))?;
    let mut quoted = Quoted { quote, escaped: false, closing: false };
    if quoted.ends_in(letters) {
        return Some(line);
    }
    lines.find_map(|(index, line)| quoted.ends_in(line.chars()).then_some(index + 1))
}

/// A text between quotes while it is walked.
struct Quoted {
    quote: char,
    /// After a `\`.
    escaped: bool,
    /// After a `'`, which may be the first of two.
    closing: bool,
}

impl Quoted {
    /// Whether it ends within this line.
    fn ends_in(&mut self, letters: impl Iterator<Item = char>) -> bool {
        for c in letters {
            if std::mem::take(&mut self.closing) {
                if c != '\'' {
                    return true;
                }
                continue;
            }
            if std::mem::take(&mut self.escaped) {
                continue;
            }
            match (self.quote, c) {
                ('"', '\\') => self.escaped = true,
                ('"', '"') => return true,
                ('\'', '\'') => self.closing = true,
                _ => {}
            }
        }
        self.escaped = false;
        std::mem::take(&mut self.closing)
    }
}
