use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer};

use crate::annotation::Level;
use crate::files::text;
use crate::pattern::compile;

/// How long a file of problem matchers may be: the longest known has some 10 KB.
pub const MOST_MATCHER_BYTES: usize = 1024 * 1024;

/// One problem matcher, as its file declares it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct MatcherSpec {
    /// Whose it is: a later one of the same owner takes its place.
    #[serde(default)]
    pub owner: String,
    /// The severity of a problem that tells none.
    #[serde(default)]
    pub severity: Option<String>,
    /// From where a problem's file is to be looked for, if it does not tell.
    #[serde(default, rename = "fromPath")]
    pub from_path: Option<String>,
    /// One pattern for each line that a problem takes.
    #[serde(default, rename = "pattern")]
    pub patterns: Vec<PatternSpec>,
}

/// What one line of a problem looks like, and which groups of the pattern tell what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PatternSpec {
    /// The regular expression, as JavaScript and .NET write them.
    pub regexp: String,
    /// The group that is the file.
    #[serde(deserialize_with = "group")]
    pub file: Option<u32>,
    /// The group that is the line.
    #[serde(deserialize_with = "group")]
    pub line: Option<u32>,
    /// The group that is the column.
    #[serde(deserialize_with = "group")]
    pub column: Option<u32>,
    /// The group that is the severity.
    #[serde(deserialize_with = "group")]
    pub severity: Option<u32>,
    /// The group that is the code.
    #[serde(deserialize_with = "group")]
    pub code: Option<u32>,
    /// The group that is the message.
    #[serde(deserialize_with = "group")]
    pub message: Option<u32>,
    /// The group that is the path from which the file is looked for.
    #[serde(rename = "fromPath", deserialize_with = "group")]
    pub from_path: Option<u32>,
    /// Whether more lines like this tell more problems of the same place.
    pub r#loop: bool,
}

impl PatternSpec {
    fn groups(&self) -> [(&'static str, Option<u32>); 7] {
        [
            ("file", self.file),
            ("line", self.line),
            ("column", self.column),
            ("severity", self.severity),
            ("code", self.code),
            ("message", self.message),
            ("fromPath", self.from_path),
        ]
    }
}

/// Numbers are also taken as text, as GitHub's runner takes them.
fn group<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "the number of a group of the pattern, from 0")]
    enum Group {
        Number(u32),
        Text(String),
    }
    Ok(match Option::deserialize(deserializer)? {
        None => None,
        Some(Group::Number(number)) => Some(number),
        Some(Group::Text(text)) => Some(text.trim().parse().map_err(serde::de::Error::custom)?),
    })
}

/// Why a file of problem matchers is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatcherError {
    /// It is too long.
    #[error("a file of problem matchers has {0} bytes; at most {MOST_MATCHER_BYTES} are taken")]
    TooLong(usize),
    /// It is no JSON of this form.
    #[error("line {line}, column {column}: {what}")]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What was found and what is allowed.
        what: String,
    },
    /// A matcher without an owner.
    #[error("Owner must not be empty")]
    NoOwner,
    /// Two of one owner.
    #[error("Duplicate owner name '{0}'")]
    DuplicateOwner(String),
    /// A severity that there is not.
    #[error(
        "Matcher '{owner}' contains unexpected default severity '{severity}': error, warning and notice are allowed"
    )]
    Severity {
        /// Whose matcher.
        owner: String,
        /// What it says.
        severity: String,
    },
    /// A matcher that matches nothing.
    #[error("Matcher '{0}' does not contain any patterns")]
    NoPatterns(String),
    /// A problem without a word.
    #[error("Matcher '{0}': At least one pattern must set 'message'")]
    NoMessage(String),
    /// A loop elsewhere than at the end of several lines.
    #[error("Matcher '{0}': Only the last pattern in a multiline matcher may set 'loop'")]
    Loop(String),
    /// A loop in which nothing new is told.
    #[error("Matcher '{0}': The loop pattern must set 'message'")]
    LoopMessage(String),
    /// The same told twice.
    #[error("Matcher '{owner}': The property '{property}' is set twice")]
    Twice {
        /// Whose matcher.
        owner: String,
        /// Which.
        property: &'static str,
    },
    /// A group that the pattern has not.
    #[error(
        "Matcher '{owner}': The property '{property}' is set to {group} which is out of range: the pattern has groups 0 to {last}"
    )]
    OutOfRange {
        /// Whose matcher.
        owner: String,
        /// Which.
        property: &'static str,
        /// What it says.
        group: u32,
        /// The last group.
        last: usize,
    },
    /// A pattern that cannot be read.
    #[error("Matcher '{owner}': the regexp '{regexp}' cannot be used: {why}")]
    Pattern {
        /// Whose matcher.
        owner: String,
        /// The pattern.
        regexp: String,
        /// What is wrong with it.
        why: String,
    },
}

#[derive(Deserialize)]
struct File {
    #[serde(default, rename = "problemMatcher")]
    matchers: Option<Vec<MatcherSpec>>,
}

/// Reads and checks a file of problem matchers: JSON with comments and with commas behind the last, as people
/// write it for editors and as GitHub's runner takes it.
pub fn read_matchers(bytes: &[u8]) -> Result<Vec<MatcherSpec>, MatcherError> {
    if bytes.len() > MOST_MATCHER_BYTES {
        return Err(MatcherError::TooLong(bytes.len()));
    }
    let file: File = serde_json::from_str(&strict(&text(bytes))).map_err(|error| {
        MatcherError::Json { line: error.line(), column: error.column(), what: error.to_string() }
    })?;
    let matchers = file.matchers.unwrap_or_default();
    let mut owners = BTreeSet::new();
    for matcher in &matchers {
        matcher.check()?;
        if !owners.insert(matcher.owner.to_lowercase()) {
            return Err(MatcherError::DuplicateOwner(matcher.owner.clone()));
        }
    }
    Ok(matchers)
}

/// The same without comments and needless commas, each line and column where it was.
fn strict(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Where a comma stands behind which nothing has come.
    let mut comma = None;
    while let Some(character) = rest.chars().next() {
        let (kind, length) = token(rest, character);
        let (taken, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        match kind {
            Token::Comment => out.extend(taken.chars().map(|c| if c == '\n' { c } else { ' ' })),
            Token::Blank => out.push_str(taken),
            Token::End => {
                if let Some(at) = comma.take() {
                    out.replace_range(at..=at, " ");
                }
                out.push_str(taken);
            }
            Token::Other => {
                comma = (character == ',').then_some(out.len());
                out.push_str(taken);
            }
        }
        rest = behind;
    }
    out
}

/// What is told apart in a file.
enum Token {
    Comment,
    Blank,
    /// A bracket that ends a list or an object.
    End,
    Other,
}

/// What stands first, and its bytes.
fn token(text: &str, first: char) -> (Token, usize) {
    let until = |end: &str, from: usize| {
        let found = text.get(from..).and_then(|rest| rest.find(end));
        found.map_or(text.len(), |at| from + at + end.len())
    };
    match first {
        '/' if text.starts_with("//") => (Token::Comment, until("\n", 2)),
        '/' if text.starts_with("/*") => (Token::Comment, until("*/", 2)),
        '"' => (Token::Other, string(text)),
        '}' | ']' => (Token::End, 1),
        _ if first.is_whitespace() => (Token::Blank, first.len_utf8()),
        _ => (Token::Other, first.len_utf8()),
    }
}

/// The bytes of the string that the text begins with.
fn string(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |at| at + 2)
}

impl MatcherSpec {
    fn check(&self) -> Result<(), MatcherError> {
        let owner = || self.owner.clone();
        if self.owner.is_empty() {
            return Err(MatcherError::NoOwner);
        }
        if let Some(severity) =
            self.severity.as_deref().filter(|name| !name.is_empty() && Level::of(name).is_none())
        {
            return Err(MatcherError::Severity { owner: owner(), severity: severity.to_owned() });
        }
        if self.patterns.is_empty() {
            return Err(MatcherError::NoPatterns(owner()));
        }
        let mut set = BTreeSet::new();
        for (index, pattern) in self.patterns.iter().enumerate() {
            if pattern.r#loop && (index == 0 || index + 1 < self.patterns.len()) {
                return Err(MatcherError::Loop(owner()));
            }
            if pattern.r#loop && pattern.message.is_none() {
                return Err(MatcherError::LoopMessage(owner()));
            }
            self.check_groups(pattern, &mut set)?;
        }
        if set.contains("message") { Ok(()) } else { Err(MatcherError::NoMessage(owner())) }
    }

    fn check_groups(
        &self,
        pattern: &PatternSpec,
        set: &mut BTreeSet<&'static str>,
    ) -> Result<(), MatcherError> {
        let owner = || self.owner.clone();
        let regex = compile(&pattern.regexp).map_err(|error| MatcherError::Pattern {
            owner: owner(),
            regexp: pattern.regexp.clone(),
            why: error.to_string(),
        })?;
        let groups = regex.captures_len();
        for (property, group) in pattern.groups() {
            let Some(group) = group else { continue };
            if !set.insert(property) {
                return Err(MatcherError::Twice { owner: owner(), property });
            }
            if group as usize >= groups {
                return Err(MatcherError::OutOfRange {
                    owner: owner(),
                    property,
                    group,
                    last: groups - 1,
                });
            }
        }
        Ok(())
    }
}
