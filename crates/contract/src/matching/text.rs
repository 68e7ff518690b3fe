//! A rule and a text: a header, a parameter, a path, the text of an element.

use super::{Context, Found, binary, holds};
use crate::{
    mismatch::{Mismatch, Part},
    moment::is_moment,
    pact::Body,
    place::Place,
    rule::Rule,
};

fn unless(holds: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem()) }
}

/// Whether `actual` is as the rule has it.
pub(crate) fn check(
    rule: &Rule,
    expected: &str,
    actual: &str,
    cascaded: bool,
) -> Result<(), String> {
    let is = |holds: bool, what: &str| unless(holds, || format!("{actual:?} is no {what}"));
    match rule {
        Rule::Regex(pattern) => unless(pattern.fits(actual), || {
            format!("{actual:?} does not match the expression {}", pattern.text())
        }),
        Rule::Equality | Rule::Values => {
            unless(expected == actual, || format!("it is {actual:?} and not {expected:?}"))
        }
        Rule::Type { .. } => Ok(()),
        Rule::Include(text) => {
            unless(actual.contains(text.as_str()), || format!("{text:?} is not in {actual:?}"))
        }
        Rule::Number | Rule::Decimal => is(actual.parse::<f64>().is_ok(), "number"),
        Rule::Integer => is(actual.parse::<i64>().is_ok(), "integer"),
        Rule::Boolean => is(matches!(actual, "true" | "false"), "boolean"),
        Rule::Moment { kind, format } => {
            let format = if format.is_empty() { kind.usual_format() } else { format };
            unless(is_moment(actual, format), || {
                format!("{actual:?} is no {} of the format {format}", kind.word())
            })
        }
        Rule::StatusCode(statuses) => {
            let status = actual.parse();
            unless(status.is_ok_and(|it| statuses.has(it)), || {
                format!("{actual:?} is not one of {statuses:?}")
            })
        }
        Rule::NotEmpty => unless(!actual.is_empty(), || "it is empty".to_owned()),
        Rule::Semver => is(semver::Version::parse(actual).is_ok(), "semantic version"),
        Rule::ContentType(name) => binary::check_type(actual.as_bytes(), name),
        Rule::Null | Rule::ArrayContains(_) | Rule::EachKey(_) | Rule::EachValue(_) => {
            let skipped = cascaded && !rule.cascades();
            unless(skipped, || format!("a rule for JSON cannot hold for the text {actual:?}"))
        }
    }
}

/// Bodies of plain text.
pub(crate) fn compare(expected: &Body, actual: &Body, context: Context<'_>) -> Found {
    let mut found = Found::default();
    let [expected, actual] =
        [expected, actual].map(|body| String::from_utf8_lossy(body.bytes()).into_owned());
    let problems = match context.best(&Place::root()) {
        Some(best) => holds(best, |rule, cascaded| check(rule, &expected, &actual, cascaded)).err(),
        None => check(&Rule::Equality, &expected, &actual, false).err().map(|it| vec![it]),
    };
    for problem in problems.unwrap_or_default() {
        let part = Part::Body(Place::root().to_string());
        found.add(Mismatch::new(part, &expected, &actual, problem));
    }
    found
}
