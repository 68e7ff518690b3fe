//! One matching rule.

use serde_json::Value;
use tidegate_contract::{
    Category, Combine, MomentKind, Path, Pattern, Rule, RuleList, Statuses, Variant, check_format,
};

use crate::{
    node::{Node, Problems},
    rules,
};

const KNOWN: &str = "type, regex, equality, include, integer, decimal, number, date, time, datetime, timestamp, null, \
    boolean, contentType, values, arrayContains, eachKey, eachValue, notEmpty, semver, statusCode";

/// Reads a rule; none where it is told as a problem.
pub(crate) fn read(node: &Node<'_>, problems: &mut Problems) -> Option<Rule> {
    let Some(kind) = node.first(&["match", "pact:matcher:type"]) else {
        return guessed(node, problems);
    };
    let kind = kind.loose_text();
    match kind.as_str() {
        "type" | "min" | "max" | "min-type" | "max-type" => Some(of_type(node, problems)),
        "equality" => Some(Rule::Equality),
        "regex" => regex(node, problems),
        "include" => text_of(node, "value", problems).map(Rule::Include),
        "number" => Some(Rule::Number),
        "integer" => Some(Rule::Integer),
        "decimal" | "real" => Some(Rule::Decimal),
        "boolean" => Some(Rule::Boolean),
        "null" => Some(Rule::Null),
        "date" => moment(node, MomentKind::Date, &["format", "date"], problems),
        "time" => moment(node, MomentKind::Time, &["format", "time"], problems),
        "timestamp" | "datetime" => {
            moment(node, MomentKind::DateTime, &["format", "timestamp", "datetime"], problems)
        }
        "contentType" | "content-type" => text_of(node, "value", problems).map(Rule::ContentType),
        "values" => Some(Rule::Values),
        "arrayContains" | "array-contains" => Some(array_contains(node, problems)),
        "eachKey" | "each-key" => Some(Rule::EachKey(inner(node, problems))),
        "eachValue" | "each-value" => Some(Rule::EachValue(inner(node, problems))),
        "notEmpty" | "not-empty" => Some(Rule::NotEmpty),
        "semver" => Some(Rule::Semver),
        "statusCode" | "status-code" => status_code(node, problems),
        other => {
            problems.add(
                node,
                format!("the rule {other:?} is not known, or is a plugin's; there are {KNOWN}"),
            );
            None
        }
    }
}

/// A rule with no name, by what it has.
fn guessed(node: &Node<'_>, problems: &mut Problems) -> Option<Rule> {
    if node.get("regex").is_some() {
        return regex(node, problems);
    }
    if node.first(&["min", "max"]).is_some() {
        return Some(of_type(node, problems));
    }
    for (key, kind) in [
        ("timestamp", MomentKind::DateTime),
        ("time", MomentKind::Time),
        ("date", MomentKind::Date),
    ] {
        if node.get(key).is_some() {
            return moment(node, kind, &[key], problems);
        }
    }
    problems.add(node, "\"match\" is missing, which says what the rule is");
    None
}

fn of_type(node: &Node<'_>, problems: &mut Problems) -> Rule {
    Rule::Type { min: node.count_at("min", problems), max: node.count_at("max", problems) }
}

fn text_of(node: &Node<'_>, key: &str, problems: &mut Problems) -> Option<String> {
    let found = node.get(key).map(|it| it.loose_text());
    if found.is_none() {
        problems.add(node, format!("{key:?} is missing"));
    }
    found
}

fn regex(node: &Node<'_>, problems: &mut Problems) -> Option<Rule> {
    let text = text_of(node, "regex", problems)?;
    match Pattern::new(&text) {
        Ok(pattern) => Some(Rule::Regex(pattern)),
        Err(problem) => {
            problems.add(node, problem.to_string());
            None
        }
    }
}

fn moment(
    node: &Node<'_>,
    kind: MomentKind,
    keys: &[&str],
    problems: &mut Problems,
) -> Option<Rule> {
    let format = node.first(keys).map(|it| it.loose_text()).unwrap_or_default();
    if let Err(problem) = check_format(&format) {
        problems.add(node, problem);
        return None;
    }
    Some(Rule::Moment { kind, format })
}

fn array_contains(node: &Node<'_>, problems: &mut Problems) -> Rule {
    let Some(variants) = node.get("variants") else {
        problems.add(node, "\"variants\" are missing");
        return Rule::ArrayContains(Vec::new());
    };
    let mut all = Vec::new();
    for variant in variants.items(problems) {
        let index = variant.count_at("index", problems).unwrap_or_default();
        let rules = match variant.get("rules") {
            Some(rules) => rules::by_path(&rules, problems),
            None => equality(),
        };
        all.push(Variant { index, rules });
    }
    Rule::ArrayContains(all)
}

fn equality() -> Category {
    let mut category = Category::default();
    let list = RuleList { rules: vec![Rule::Equality], combine: Combine::And };
    category.add(Path::empty(), list);
    category
}

/// The rules of `eachKey` and `eachValue`.
fn inner(node: &Node<'_>, problems: &mut Problems) -> Vec<Rule> {
    let Some(rules) = node.get("rules") else { return Vec::new() };
    let rules = rules.items(problems);
    rules.iter().filter_map(|rule| read(rule, problems)).collect()
}

fn status_code(node: &Node<'_>, problems: &mut Problems) -> Option<Rule> {
    let Some(told) = node.get("status") else {
        return Some(Rule::StatusCode(Statuses::Range(200..=299)));
    };
    if let Value::Array(statuses) = told.value {
        let statuses = statuses.iter().map(|it| it.as_u64().and_then(|it| u16::try_from(it).ok()));
        if let Some(statuses) = statuses.collect() {
            return Some(Rule::StatusCode(Statuses::These(statuses)));
        }
    }
    let range = match told.loose_text().as_str() {
        "info" => 100..=199,
        "success" => 200..=299,
        "redirect" => 300..=399,
        "clientError" => 400..=499,
        "serverError" => 500..=599,
        "nonError" => 0..=399,
        "error" => 400..=999,
        _ => {
            let classes = "info, success, redirect, clientError, serverError, nonError, error";
            problems.add(
                &told,
                format!("a class of statuses or their list is expected here: {classes}"),
            );
            return None;
        }
    };
    Some(Rule::StatusCode(Statuses::Range(range)))
}
