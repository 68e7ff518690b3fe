//! Bodies of XML.

use std::collections::BTreeMap;

use super::{
    Context, Found, Unexpected,
    list::{check_size, problems},
    text,
    tree::{self, Element},
};
use crate::{
    mismatch::{Mismatch, Part},
    pact::Body,
    place::Place,
    rule::Rule,
};

/// Compares two documents.
pub(crate) fn compare(expected: &Body, actual: &Body, context: Context<'_>) -> Found {
    let unreadable = |whose: &str, problem: &str| {
        told(&Place::root(), "", "", format!("the {whose} body is no XML: {problem}"))
    };
    match (tree::read(expected.bytes()), tree::read(actual.bytes())) {
        (Ok(expected), Ok(actual)) => {
            elements(&Place::root().join(&expected.name), &expected, &actual, context)
        }
        (Err(problem), _) => unreadable("expected", &problem),
        (_, Err(problem)) => unreadable("actual", &problem),
    }
}

fn told(place: &Place, expected: &str, actual: &str, problem: impl AsRef<str>) -> Found {
    Found(vec![Mismatch::new(Part::Body(place.to_string()), expected, actual, problem)])
}

fn elements(place: &Place, expected: &Element, actual: &Element, context: Context<'_>) -> Found {
    let check = |rule: &Rule, cascaded| check(rule, expected, actual, cascaded);
    let problems = problems(context.best(place), check);
    let mut found = Found::default();
    for problem in &problems {
        found.extend(told(place, &expected.name, &actual.name, problem));
    }
    if found.is_empty() {
        found.extend(attributes(place, expected, actual, context));
        found.extend(children(place, expected, actual, context));
        found.extend(texts(&place.join("#text"), &expected.text, &actual.text, context));
    }
    found
}

fn check(rule: &Rule, expected: &Element, actual: &Element, cascaded: bool) -> Result<(), String> {
    let bounds = |min, max| check_size(actual.children.len(), (min, max));
    match rule {
        Rule::Regex(pattern) => {
            let local = actual.name.rsplit(':').next().unwrap_or_default();
            let problem = || format!("<{local}> does not match the expression {}", pattern.text());
            if pattern.fits(local) { Ok(()) } else { Err(problem()) }
        }
        Rule::Type { min: None, max: None } | Rule::Equality if expected.name == actual.name => {
            Ok(())
        }
        Rule::Type { min: None, max: None } | Rule::Equality => {
            Err(format!("it is <{}>, not <{}>", actual.name, expected.name))
        }
        Rule::Type { .. } if cascaded => Ok(()),
        Rule::Type { min, max } => bounds(*min, *max),
        Rule::NotEmpty => bounds(Some(1), None),
        _ => Err("an element can never be that".to_owned()),
    }
}

fn attributes(place: &Place, expected: &Element, actual: &Element, context: Context<'_>) -> Found {
    let mut found = Found::default();
    let (wanted, there) = (&expected.attributes, &actual.attributes);
    if context.unexpected == Unexpected::Refused {
        for name in there.keys().filter(|name| !wanted.contains_key(*name)) {
            found.extend(told(place, "", name, format!("the attribute {name} is not expected")));
        }
    }
    for (name, value) in wanted {
        let place = place.join(format!("@{name}"));
        found.extend(match there.get(name) {
            Some(other) => texts(&place, value, other, context),
            None => told(&place, value, "", format!("the attribute {name} is missing")),
        });
    }
    found
}

fn texts(place: &Place, expected: &str, actual: &str, context: Context<'_>) -> Found {
    let check = |rule: &Rule, cascaded| text::check(rule, expected, actual, cascaded);
    let mut found = Found::default();
    for problem in problems(context.best(place), check) {
        found.extend(told(place, expected, actual, problem));
    }
    found
}

/// Children by their names, in the order of the names.
fn by_name(element: &Element) -> BTreeMap<&str, Vec<&Element>> {
    let mut groups: BTreeMap<&str, Vec<&Element>> = BTreeMap::new();
    for child in &element.children {
        groups.entry(&child.name).or_default().push(child);
    }
    groups
}

fn children(place: &Place, expected: &Element, actual: &Element, context: Context<'_>) -> Found {
    let mut found = Found::default();
    let (wanted, there) = (by_name(expected), by_name(actual));
    for (name, group) in &there {
        let place = place.join(*name);
        let typed = context.rules.has_type_rule(&place);
        match wanted.get(name) {
            Some(examples) => found.extend(group_of(&place, examples, group, typed, context)),
            None if context.unexpected == Unexpected::Refused || typed => {
                found.extend(told(&place, "", name, format!("<{name}> is not expected")));
            }
            None => {}
        }
    }
    for name in wanted.keys().filter(|name| !there.contains_key(*name)) {
        found.extend(told(&place.join(*name), name, "", format!("<{name}> is missing")));
    }
    found
}

/// Elements of one name: each like the first where a rule is about their type, else one by one.
fn group_of(
    place: &Place,
    examples: &[&Element],
    group: &[&Element],
    typed: bool,
    context: Context<'_>,
) -> Found {
    let mut found = Found::default();
    if let (true, Some(example)) = (typed, examples.first()) {
        for child in group {
            found.extend(elements(place, example, child, context));
        }
        return found;
    }
    for (example, child) in examples.iter().zip(group) {
        found.extend(elements(place, example, child, context));
    }
    for child in examples.iter().skip(group.len()) {
        found.extend(told(place, &child.name, "", format!("a <{}> is missing", child.name)));
    }
    if context.unexpected == Unexpected::Refused {
        for child in group.iter().skip(examples.len()) {
            found.extend(told(
                place,
                "",
                &child.name,
                format!("a <{}> is not expected", child.name),
            ));
        }
    }
    found
}
