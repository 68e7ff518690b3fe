//! Patterns of branches, tags and paths, as GitHub's filters have them.

use regex::Regex;

/// No pattern is longer, in bytes: git itself takes no longer name of a branch.
pub const LONGEST_PATTERN: usize = 1_024;

/// What one pattern may grow to when it is compiled, in bytes; the longest ones stay below it.
const MOST_COMPILED: usize = 1 << 20;

/// A list of patterns, in order: a later one has the last word.
#[derive(Clone, Debug)]
pub struct Patterns {
    list: Vec<Pattern>,
}

/// One pattern.
#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    /// It takes out what an earlier one took in.
    negative: bool,
    regex: Regex,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no filter pattern, at its character {at}: {why}")]
pub struct PatternError {
    /// The pattern.
    pub pattern: String,
    /// Which of its characters, from 1.
    pub at: usize,
    /// What is wrong there.
    pub why: &'static str,
}

impl Patterns {
    /// The patterns that `texts` are.
    pub fn new<T: AsRef<str>>(texts: &[T]) -> Result<Self, PatternError> {
        let list =
            texts.iter().map(|text| Pattern::new(text.as_ref())).collect::<Result<_, _>>()?;
        Ok(Self { list })
    }

    /// Whether `name` is meant: the last pattern that matches it decides, and none means no.
    pub fn matches(&self, name: &str) -> bool {
        self.deciding(name).is_some_and(|pattern| !pattern.negative)
    }

    /// The pattern that decides about `name`, as it was written.
    pub fn decides(&self, name: &str) -> Option<&str> {
        self.deciding(name).map(|pattern| pattern.text.as_str())
    }

    /// Whether a pattern takes out what an earlier one took in.
    pub fn negates(&self) -> bool {
        self.list.iter().any(|pattern| pattern.negative)
    }

    /// Whether there is one at all that takes something in.
    pub fn takes_in(&self) -> bool {
        self.list.iter().any(|pattern| !pattern.negative)
    }

    /// As they were written.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|pattern| pattern.text.as_str())
    }

    fn deciding(&self, name: &str) -> Option<&Pattern> {
        self.list.iter().rev().find(|pattern| pattern.regex.is_match(name))
    }
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.texts().eq(other.texts())
    }
}

impl Pattern {
    fn new(text: &str) -> Result<Self, PatternError> {
        let wrong = |at: usize, why| PatternError { pattern: text.to_owned(), at, why };
        if text.len() > LONGEST_PATTERN {
            return Err(wrong(LONGEST_PATTERN, "it is longer than 1024 bytes"));
        }
        let (negative, rest) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let letters: Vec<char> = rest.chars().collect();
        let offset = 1 + usize::from(negative);
        let written = translated(&letters).map_err(|(at, why)| wrong(at + offset, why))?;
        let regex = regex::RegexBuilder::new(&written)
            .size_limit(MOST_COMPILED)
            .dot_matches_new_line(true)
            .build()
            .map_err(|_| wrong(offset, "it repeats too much"))?;
        Ok(Self { text: text.to_owned(), negative, regex })
    }
}

/// The regular expression of a pattern, or the character from 0 that is wrong in it.
fn translated(letters: &[char]) -> Result<String, (usize, &'static str)> {
    let mut pieces: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let rest = letters.get(at + 1..).unwrap_or_default();
        let (piece, taken) = match (letter, rest) {
            // Directories, or none at all: `**/README.md` is also the one at the root.
            ('*', ['*', '/', ..]) => ("(?:.+/)?".to_owned(), 3),
            ('*', ['*', ..]) => (".*".to_owned(), 2),
            ('*', _) => ("[^/]*".to_owned(), 1),
            ('?' | '+', _) => match pieces.pop() {
                Some(before) => (format!("(?:{before}){letter}"), 1),
                None => (escaped(letter), 1),
            },
            ('[', _) => class(rest).map_err(|(more, why)| (at + 1 + more, why))?,
            ('\\', [next, ..]) => (escaped(*next), 2),
            ('\\', []) => return Err((at, "nothing follows the backslash")),
            _ => (escaped(letter), 1),
        };
        pieces.push(piece);
        at += taken;
    }
    Ok(format!("^(?:{})$", pieces.concat()))
}

fn escaped(letter: char) -> String {
    regex::escape(letter.encode_utf8(&mut [0; 4]))
}

/// What stands between brackets, and how many characters that is with both of them.
fn class(inside: &[char]) -> Result<(String, usize), (usize, &'static str)> {
    let end = inside.iter().position(|letter| *letter == ']');
    let end = end.ok_or((inside.len(), "the bracket is not closed"))?;
    let inside = inside.get(..end).unwrap_or_default();
    if inside.is_empty() {
        return Err((0, "nothing stands in the brackets"));
    }
    let mut regex = String::from("[");
    let mut at = 0;
    while let Some(&first) = inside.get(at) {
        let range = (inside.get(at + 1) == Some(&'-')).then(|| inside.get(at + 2)).flatten();
        match range {
            Some(last) if in_order(first, *last) => {
                regex.extend([first, '-', *last]);
                at += 3;
            }
            Some(_) => return Err((at + 1, "a range is of a-z, A-Z, A-z or 0-9, and in order")),
            None if first.is_ascii_alphanumeric() || first == '_' => {
                regex.push(first);
                at += 1;
            }
            None => {
                return Err((
                    at,
                    "in brackets stand letters of a-z and A-Z, digits, and ranges of them",
                ));
            }
        }
    }
    regex.push(']');
    Ok((regex, end + 2))
}

/// Whether `first` to `last` is a range.
fn in_order(first: char, last: char) -> bool {
    let digits = first.is_ascii_digit() && last.is_ascii_digit();
    let letters = first.is_ascii_alphabetic() && last.is_ascii_alphabetic();
    (digits || letters) && first <= last
}
