use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A pattern of namespaces or names: `*` stands for any number of characters, everything else for itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(String);

/// A text that is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no pattern: it has 1 to 253 of a-z, 0-9, `.`, `-` and `*`")]
pub struct PatternError {
    found: String,
}

/// As long as the longest name that Kubernetes takes.
const LONGEST: usize = 253;

impl Pattern {
    /// The one that everything meets.
    pub fn everything() -> Self {
        Self("*".to_owned())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` meets it. What belongs to no namespace is in `*`, which only patterns meet that all meet.
    pub fn meets(&self, text: &str) -> bool {
        let (pattern, text) = (self.0.as_bytes(), text.as_bytes());
        let (mut at, mut from) = (0, 0);
        // Where to go on when what follows the last star did not fit: one character of the text later.
        let mut again: Option<(usize, usize)> = None;
        while from < text.len() {
            match (pattern.get(at), text.get(from)) {
                (Some(b'*'), _) => {
                    again = Some((at + 1, from));
                    at += 1;
                }
                (Some(one), Some(other)) if one == other => {
                    at += 1;
                    from += 1;
                }
                _ => {
                    let Some((after, start)) = again else { return false };
                    again = Some((after, start + 1));
                    (at, from) = (after, start + 1);
                }
            }
        }
        pattern.get(at..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-*".contains(&byte);
        if (1..=LONGEST).contains(&text.len()) && text.bytes().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(PatternError { found: text.chars().take(LONGEST + 1).collect() })
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
