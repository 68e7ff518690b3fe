//! Regular expressions of rules.

use fancy_regex::{Regex, RegexBuilder};

/// So much may be tried before an expression counts as not matching: it is of a file of somebody else's, and may take
/// exponential time.
const MOST_STEPS: usize = 200_000;

/// A regular expression with look-around and references back, as consumers in Ruby, Java and JavaScript write them.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

/// Why a text is no regular expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no regular expression: {problem}")]
pub struct PatternError {
    text: String,
    problem: String,
}

impl Pattern {
    /// Reads an expression.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let whole = format!("\\A(?:{text})\\z");
        let regex = RegexBuilder::new(&whole).backtrack_limit(MOST_STEPS).build();
        let regex = regex.map_err(|problem| PatternError {
            text: text.to_owned(),
            problem: problem.to_string(),
        })?;
        Ok(Self { text: text.to_owned(), regex })
    }

    /// Whether it is all of a text, as Pact's own matching has it; an expression that takes too long is not.
    pub(crate) fn fits(&self, text: &str) -> bool {
        self.regex.is_match(text).unwrap_or(false)
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
