//! Bodies of JSON.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{
    Context, Found, Unexpected,
    list::{self, Comparison, check_size, problems},
    text,
    value::{self, shown},
};
use crate::{
    mismatch::{Mismatch, Part},
    pact::Body,
    path::{Path, Token},
    place::Place,
    rule::{Best, Category, Rule},
};

type Fields = Map<String, Value>;

/// Compares two bodies.
pub(crate) fn compare(expected: &Body, actual: &Body, context: Context<'_>) -> Found {
    let read = |body: &Body| serde_json::from_slice::<Value>(body.bytes());
    let unreadable = |whose: &str, problem: serde_json::Error| {
        let [expected, actual] =
            [expected, actual].map(|body| String::from_utf8_lossy(body.bytes()).into_owned());
        let problem = format!("the {whose} body is no JSON: {problem}");
        Found(vec![Mismatch::new(at(&Place::root()), expected, actual, problem)])
    };
    match (read(expected), read(actual)) {
        (Ok(expected), Ok(actual)) => values(&Place::root(), &expected, &actual, context),
        (Err(problem), _) => unreadable("expected", problem),
        (_, Err(problem)) => unreadable("actual", problem),
    }
}

fn at(place: &Place) -> Part {
    Part::Body(place.to_string())
}

fn told(place: &Place, expected: &Value, actual: &Value, problem: impl AsRef<str>) -> Found {
    Found(vec![Mismatch::new(at(place), expected.to_string(), actual.to_string(), problem)])
}

/// Compares two values at a place.
pub(crate) fn values(
    place: &Place,
    expected: &Value,
    actual: &Value,
    context: Context<'_>,
) -> Found {
    match (expected, actual) {
        (Value::Object(fields), Value::Object(others)) => {
            objects(place, (fields, others), (expected, actual), context)
        }
        (Value::Array(items), Value::Array(others)) => {
            arrays(place, (items, others), (expected, actual), context)
        }
        (Value::Object(_) | Value::Array(_), _) => {
            let problem = format!("{} is not of the type of {}", shown(actual), shown(expected));
            told(place, expected, actual, problem)
        }
        _ => {
            let check = |rule: &Rule, cascaded| value::check(rule, expected, actual, cascaded);
            let problems = problems(context.best(place), check);
            let mut found = Found::default();
            for problem in &problems {
                found.extend(told(place, expected, actual, problem));
            }
            found
        }
    }
}

fn arrays(
    place: &Place,
    (items, others): (&[Value], &[Value]),
    (expected, actual): (&Value, &Value),
    context: Context<'_>,
) -> Found {
    let tell = |problem: &str| told(place, expected, actual, problem);
    if let Some(best) = context.best(place) {
        let mut comparison = Comparison { items: &mut values, tell: &tell };
        return list::compare(place, best, (items, others), context, &mut comparison);
    }
    if items.is_empty() && !others.is_empty() {
        return tell("the array should be empty");
    }
    let mut found = Found::default();
    for (index, (item, other)) in items.iter().zip(others).enumerate() {
        found.extend(values(&place.join(index.to_string()), item, other, context));
    }
    if items.len() != others.len() {
        found.extend(tell(&format!("there are {} items, not {}", others.len(), items.len())));
    }
    found
}

fn objects(
    place: &Place,
    fields: (&Fields, &Fields),
    (expected, actual): (&Value, &Value),
    context: Context<'_>,
) -> Found {
    let tell = |problem: &str| told(place, expected, actual, problem);
    if fields.0.is_empty() && context.unexpected == Unexpected::Refused && !fields.1.is_empty() {
        return tell("the object should be empty");
    }
    let Some(best) = context.best(place) else {
        let mut found = keys(place, fields, context, &tell);
        found.extend(common(place, fields, context));
        return found;
    };
    let mut found = Found::default();
    let of_values = |rule: &&Rule| !best.cascaded && rule.is_of_values();
    for rule in best.list.rules.iter().filter(of_values) {
        found.extend(each_value(place, rule, fields, context));
    }
    found.extend(whole(place, best, fields, context, &tell));
    found
}

/// What holds for an object as a whole, and for the fields that both have.
fn whole(
    place: &Place,
    best: Best<'_>,
    fields: (&Fields, &Fields),
    context: Context<'_>,
    tell: &dyn Fn(&str) -> Found,
) -> Found {
    let mut found = Found::default();
    let of_whole = |rule: &&Rule| best.cascaded || !rule.is_of_values();
    let mut rules = best.list.rules.iter().filter(of_whole).peekable();
    if rules.peek().is_none() {
        return found;
    }
    for rule in rules {
        if let Err(problem) = check_object(rule, fields, best.cascaded) {
            found.extend(tell(&problem));
        }
    }
    found.extend(keys(place, fields, context, tell));
    found.extend(common(place, fields, context));
    found
}

fn check_object(rule: &Rule, fields: (&Fields, &Fields), cascaded: bool) -> Result<(), String> {
    match rule {
        Rule::Type { min, max } if !cascaded => check_size(fields.1.len(), (*min, *max)),
        Rule::Equality if fields.0 != fields.1 => Err("the fields are not the same".to_owned()),
        Rule::NotEmpty if fields.1.is_empty() => Err("there are no fields".to_owned()),
        Rule::Type { .. }
        | Rule::Equality
        | Rule::NotEmpty
        | Rule::Regex(_)
        | Rule::Values
        | Rule::ArrayContains(_)
        | Rule::EachKey(_)
        | Rule::EachValue(_) => Ok(()),
        _ => Err("an object can never be that".to_owned()),
    }
}

/// The fields that both have.
fn common(place: &Place, (expected, actual): (&Fields, &Fields), context: Context<'_>) -> Found {
    let mut found = Found::default();
    for (key, value) in expected {
        if let Some(other) = actual.get(key) {
            found.extend(values(&place.join(key), value, other, context));
        }
    }
    found
}

/// Every value, beside that of its key or the first that is expected.
fn each_value(
    place: &Place,
    rule: &Rule,
    (expected, actual): (&Fields, &Fields),
    context: Context<'_>,
) -> Found {
    let mut found = Found::default();
    let own = match rule {
        Rule::EachValue(rules) => Some(Category::of(Path::at(place, Token::Star), rules.clone())),
        _ => None,
    };
    let context = own.as_ref().map_or(context, |rules| context.with(rules));
    for (key, value) in actual {
        if let Some(example) = expected.get(key).or_else(|| expected.values().next()) {
            found.extend(values(&place.join(key), example, value, context));
        }
    }
    found
}

/// Whether the keys are those that are expected.
fn keys(
    place: &Place,
    (expected, actual): (&Fields, &Fields),
    context: Context<'_>,
    tell: &dyn Fn(&str) -> Found,
) -> Found {
    let mut found = Found::default();
    let free = |rule: &Rule| matches!(rule, Rule::Values | Rule::EachValue(_) | Rule::EachKey(_));
    if !context.rules.exactly(place).any(free) {
        let [wanted, there]: [BTreeSet<&String>; 2] =
            [expected, actual].map(|fields| fields.keys().collect());
        let missing: Vec<_> = wanted.difference(&there).map(|key| key.as_str()).collect();
        let unexpected: Vec<_> = there.difference(&wanted).map(|key| key.as_str()).collect();
        if !missing.is_empty() {
            found.extend(tell(&format!("missing: {}", missing.join(", "))));
        }
        if context.unexpected == Unexpected::Refused && !unexpected.is_empty() {
            found.extend(tell(&format!("not expected: {}", unexpected.join(", "))));
        }
    }
    for rule in context.rules.exactly(place) {
        let Rule::EachKey(rules) = rule else { continue };
        for (key, rule) in actual.keys().flat_map(|key| rules.iter().map(move |it| (key, it))) {
            if let Err(problem) = text::check(rule, "", key, false) {
                found.add(Mismatch::new(at(&place.join(key)), "", key, problem));
            }
        }
    }
    found
}
