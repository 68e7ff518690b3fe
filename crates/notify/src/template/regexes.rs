//! Regular expressions, whose language is Go's but for what neither of the two people use.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

/// What a compiled expression may take: a class of all letters is some 100 KiB.
const MAX_REGEX_BYTES: usize = 1024 * 1024;

fn compiled(pattern: &str) -> Result<Regex, String> {
    let regex = RegexBuilder::new(pattern).size_limit(MAX_REGEX_BYTES).build();
    regex.map_err(|problem| problem.to_string())
}

/// Whether it is found anywhere.
pub(super) fn matches(pattern: &str, text: &str) -> Result<Value, String> {
    Ok(compiled(pattern)?.is_match(text).into())
}

/// Where it is found first; nothing else.
pub(super) fn find(pattern: &str, text: &str) -> Result<Value, String> {
    Ok(compiled(pattern)?.find(text).map(|found| found.as_str()).unwrap_or_default().into())
}

/// With `${1}` for what a group found.
pub(super) fn replace(pattern: &str, text: &str, by: &str) -> Result<Value, String> {
    Ok(compiled(pattern)?.replace_all(text, by).into_owned().into())
}

/// All that are found, so many at most.
pub(super) fn find_all(pattern: &str, text: &str, most: usize) -> Result<Value, String> {
    let regex = compiled(pattern)?;
    Ok(regex.find_iter(text).take(most).map(|found| Value::from(found.as_str())).collect())
}

/// Without groups in what is put in its place.
pub(super) fn replace_literally(pattern: &str, text: &str, by: &str) -> Result<Value, String> {
    Ok(compiled(pattern)?.replace_all(text, regex::NoExpand(by)).into_owned().into())
}

/// What is between, in so many parts at most.
pub(super) fn split(pattern: &str, text: &str, most: usize) -> Result<Value, String> {
    let regex = compiled(pattern)?;
    Ok(regex.splitn(text, most).map(Value::from).collect())
}

/// A text that stands for itself in an expression.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::new();
    for sign in text.chars() {
        if r"\.+*?()|[]{}^$".contains(sign) {
            out.push('\\');
        }
        out.push(sign);
    }
    out
}
