//! What an answer is not as it should be.

use std::fmt;

use serde::Serialize;

/// So many characters of a value are told; a body may have millions.
const MOST_TOLD: usize = 400;

/// So many mismatches are told of one answer: an array of ten thousand wrong items is told by its first.
pub(crate) const MOST_MISMATCHES: usize = 200;

/// The part of a request, an answer or a message that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "part", content = "name", rename_all = "kebab-case")]
pub enum Part {
    /// The method of a request.
    Method,
    /// The path of a request.
    Path,
    /// A parameter of a request, by name.
    Query(String),
    /// The status of an answer.
    Status,
    /// A header, by name.
    Header(String),
    /// The type of a body.
    BodyType,
    /// A place in a body.
    Body(String),
    /// A key of a message's metadata.
    Metadata(String),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Method => f.write_str("method"),
            Self::Path => f.write_str("path"),
            Self::Query(name) => write!(f, "query {name}"),
            Self::Status => f.write_str("status"),
            Self::Header(name) => write!(f, "header {name}"),
            Self::BodyType => f.write_str("content type"),
            Self::Body(place) => write!(f, "body {place}"),
            Self::Metadata(key) => write!(f, "metadata {key}"),
        }
    }
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mismatch {
    /// Where.
    #[serde(flatten)]
    pub part: Part,
    /// What should be there, cut where it is long.
    pub expected: String,
    /// What is there, cut where it is long.
    pub actual: String,
    /// Why that is not the same.
    pub problem: String,
}

impl Mismatch {
    pub(crate) fn new(
        part: Part,
        expected: impl AsRef<str>,
        actual: impl AsRef<str>,
        problem: impl AsRef<str>,
    ) -> Self {
        let [expected, actual, problem] =
            [expected.as_ref(), actual.as_ref(), problem.as_ref()].map(cut);
        Self { part, expected, actual, problem }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.problem)
    }
}

pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_TOLD) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
    }
}
