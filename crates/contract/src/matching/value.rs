//! A rule and a value of JSON.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

use super::{binary, list::check_size};
use crate::{moment::is_moment, rule::Rule};

/// What a value is, for people.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "decimal",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value with its type.
pub(crate) fn shown(value: &Value) -> String {
    format!("{value} ({})", type_of(value))
}

/// The text of a value: a string without its quotes.
pub(crate) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn unless(holds: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem()) }
}

/// Whether `actual` is as the rule has it.
pub(crate) fn check(
    rule: &Rule,
    expected: &Value,
    actual: &Value,
    cascaded: bool,
) -> Result<(), String> {
    let is = |holds: bool, what: &str| unless(holds, || format!("{} is no {what}", shown(actual)));
    match rule {
        Rule::Regex(pattern) => unless(pattern.fits(&text_of(actual)), || {
            format!("{actual} does not match the expression {}", pattern.text())
        }),
        Rule::Include(text) => unless(text_of(actual).contains(text.as_str()), || {
            format!("{text:?} is not in {actual}")
        }),
        Rule::Type { min, max } => {
            same_type(expected, actual).and_then(|()| check_length(actual, (*min, *max), cascaded))
        }
        Rule::Equality | Rule::Values => unless(expected == actual, || {
            format!("it is {} and not {}", shown(actual), shown(expected))
        }),
        Rule::Null => is(actual.is_null(), "null"),
        Rule::Integer => is(actual.is_i64() || actual.is_u64(), "integer"),
        Rule::Decimal => is(actual.is_f64(), "decimal number"),
        Rule::Number => is(actual.is_number(), "number"),
        Rule::Boolean => {
            let word = matches!(actual.as_str(), Some("true" | "false"));
            is(actual.is_boolean() || word, "boolean")
        }
        Rule::Moment { kind, format } => {
            let format = if format.is_empty() { kind.usual_format() } else { format };
            unless(is_moment(&text_of(actual), format), || {
                format!("{actual} is no {} of the format {format}", kind.word())
            })
        }
        Rule::ContentType(name) => binary::check_type(&bytes_of(actual), name),
        Rule::NotEmpty => unless(!is_nothing(actual), || format!("{actual} is empty")),
        Rule::Semver => is(
            actual.as_str().is_some_and(|text| semver::Version::parse(text).is_ok()),
            "semantic version",
        ),
        Rule::ArrayContains(_) | Rule::EachKey(_) | Rule::EachValue(_) | Rule::StatusCode(_) => {
            Ok(())
        }
    }
}

fn same_type(expected: &Value, actual: &Value) -> Result<(), String> {
    let alike = std::mem::discriminant(expected) == std::mem::discriminant(actual);
    unless(alike, || format!("{} is not of the type of {}", shown(actual), shown(expected)))
}

fn check_length(
    actual: &Value,
    bounds: (Option<usize>, Option<usize>),
    cascaded: bool,
) -> Result<(), String> {
    match actual {
        Value::Array(items) if !cascaded => check_size(items.len(), bounds),
        _ => Ok(()),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// The bytes that a value stands for: base64 where it is.
fn bytes_of(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => {
            BASE64_STANDARD.decode(text).unwrap_or_else(|_| text.clone().into_bytes())
        }
        other => other.to_string().into_bytes(),
    }
}
