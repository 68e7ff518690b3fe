use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use crate::labels::Labels;

/// What one compiled pattern may take: 1 MiB holds any that a person writes, and a query has few.
const PATTERN_BYTES: usize = 1 << 20;

/// What a label's value must be.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// The label; one that a series has not got counts as empty.
    pub name: Arc<str>,
    /// How it is compared.
    pub kind: MatchKind,
    /// With what: a value or the text of a pattern.
    pub value: Arc<str>,
    pattern: Option<Regex>,
}

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchKind {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, the whole value
    Pattern,
    /// `!~`, the whole value
    NotPattern,
}

impl Matcher {
    /// A matcher, or what is wrong with its pattern.
    pub fn new(name: &str, kind: MatchKind, value: &str) -> Result<Self, String> {
        let pattern = match kind {
            MatchKind::Equal | MatchKind::NotEqual => None,
            MatchKind::Pattern | MatchKind::NotPattern => Some(whole(value)?),
        };
        Ok(Self { name: name.into(), kind, value: value.into(), pattern })
    }

    /// Whether a value is what the matcher asks for.
    pub fn matches(&self, value: &str) -> bool {
        match (self.kind, &self.pattern) {
            (MatchKind::Equal, _) => *self.value == *value,
            (MatchKind::NotEqual, _) => *self.value != *value,
            (MatchKind::NotPattern, Some(pattern)) => !pattern.is_match(value),
            (_, pattern) => pattern.as_ref().is_some_and(|pattern| pattern.is_match(value)),
        }
    }

    /// Whether a series has what the matcher asks for.
    pub fn matches_labels(&self, labels: &Labels) -> bool {
        self.matches(labels.get(&self.name))
    }
}

/// A pattern that must match a whole text, or what is wrong with it.
pub(crate) fn whole(pattern: &str) -> Result<Regex, String> {
    let text = format!("^(?:{})$", as_go_reads_it(pattern));
    let built = RegexBuilder::new(&text).size_limit(PATTERN_BYTES).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "error parsing regexp: expression too large".to_owned(),
        other => {
            let report = other.to_string();
            let reason = report.lines().last().unwrap_or_default();
            let reason = reason.trim_start_matches("error: ");
            format!("error parsing regexp: {reason}: `^(?:{pattern})$`")
        }
    })
}

/// Go takes a brace that begins no repetition, as in `/users/{id}`, as itself.
fn as_go_reads_it(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\\' => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            '{' if !begins_repetition(rest) => {
                text.push('\\');
                1
            }
            _ => c.len_utf8(),
        };
        let escaped_class = ["\\p{", "\\P{", "\\x{"].iter().any(|it| rest.starts_with(it));
        let length = if escaped_class { rest.find('}').unwrap_or(length) } else { length };
        let (taken, left) = rest.split_at_checked(length).unwrap_or((rest, ""));
        text.push_str(taken);
        rest = left;
    }
    text
}

/// `{2}`, `{2,}` or `{2,3}`.
fn begins_repetition(text: &str) -> bool {
    let inside = text.get(1..).and_then(|text| text.split_once('}')).map(|(inside, _)| inside);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    inside.is_some_and(|inside| match inside.split_once(',') {
        None => is_number(inside),
        Some((low, high)) => is_number(low) && (high.is_empty() || is_number(high)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: MatchKind, asked: &str, value: &str, expect: bool) {
        let matcher = Matcher::new("a", kind, asked).unwrap();
        assert_eq!(matcher.matches(value), expect, "{kind:?} {asked} {value}");
    }

    #[test]
    fn values_are_compared_whole() {
        check(MatchKind::Equal, "a", "a", true);
        check(MatchKind::Equal, "a", "ab", false);
        check(MatchKind::NotEqual, "a", "ab", true);
        check(MatchKind::Pattern, "a|b", "b", true);
        check(MatchKind::Pattern, "a|b", "ab", false);
        check(MatchKind::Pattern, "5..", "503", true);
        check(MatchKind::NotPattern, "5.*", "503", false);
        check(MatchKind::NotPattern, "5.*", "404", true);
    }

    #[test]
    fn patterns_are_read_as_go_reads_them() {
        check(MatchKind::Pattern, "/users/{id}", "/users/{id}", true);
        check(MatchKind::Pattern, "a{2}b{1,}c{0,1}", "aab", true);
        check(MatchKind::Pattern, r"\p{Lu}\{x\}{y", "A{x}{y", true);
        check(MatchKind::Pattern, r"a\\{b}", r"a\{b}", true);
    }

    #[test]
    fn a_pattern_that_is_none_is_refused() {
        let error = Matcher::new("a", MatchKind::Pattern, "a(").unwrap_err();
        assert!(error.starts_with("error parsing regexp: "), "{error}");
        let error = Matcher::new("a", MatchKind::Pattern, "(.{900}){900}").unwrap_err();
        assert_eq!(error, "error parsing regexp: expression too large");
    }
}
