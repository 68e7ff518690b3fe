use std::{fmt, str::FromStr};

use serde::Serialize;

/// The name of an object: 40 (SHA-1) or 64 (SHA-256) hexadecimal digits in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ObjectId(Box<str>);

/// What is not the name of an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no object's name: that has 40 or 64 hexadecimal digits")]
pub struct ParseIdError(String);

impl ObjectId {
    /// All of its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first digits, as people write it.
    pub fn short(&self) -> &str {
        self.0.get(..7).unwrap_or(&self.0)
    }
}

impl FromStr for ObjectId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let whole = matches!(text.len(), 40 | 64);
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if whole && digits { Ok(Self(text.into())) } else { Err(ParseIdError(text.to_owned())) }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
