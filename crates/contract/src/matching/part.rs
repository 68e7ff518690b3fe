//! Whole requests, answers and messages.

use serde_json::Value;

use super::{
    Context, Found, Unexpected, body, header, holds,
    list::problems,
    query::{self, Parameters},
    text, value,
};
use crate::{
    mismatch::{Mismatch, Part},
    pact::{Content, Message, Request, Response},
    place::Place,
    rule::{Category, Rule},
};

const fn allowing(rules: &Category) -> Context<'_> {
    Context { rules, unexpected: Unexpected::Allowed }
}

/// What an answer is not as it should be, in the order of its parts; empty when it is.
pub fn match_response(expected: &Response, actual: &Response) -> Vec<Mismatch> {
    let mut found = status(expected, actual);
    found.extend(content(&expected.content, &actual.content, Unexpected::Allowed));
    sorted(found)
}

/// What a request is not as it should be.
pub fn match_request(expected: &Request, actual: &Request) -> Vec<Mismatch> {
    let mut found = Found::default();
    if !expected.method.eq_ignore_ascii_case(&actual.method) {
        let problem = format!("the method is {}, not {}", actual.method, expected.method);
        found.add(Mismatch::new(Part::Method, &expected.method, &actual.method, problem));
    }
    let rules = &expected.content.rules;
    for problem in problems(rules.path.whole(), |rule: &Rule, cascaded| {
        text::check(rule, &expected.path, &actual.path, cascaded)
    }) {
        found.add(Mismatch::new(Part::Path, &expected.path, &actual.path, problem));
    }
    let context = Context { rules: &rules.query, unexpected: Unexpected::Refused };
    found.extend(query::compare(&parameters(expected), &parameters(actual), context));
    found.extend(content(&expected.content, &actual.content, Unexpected::Refused));
    sorted(found)
}

/// What a message is not as it should be.
pub fn match_message(expected: &Message, actual: &Message) -> Vec<Mismatch> {
    let rules = &expected.content.rules;
    let [wanted, is] = [expected, actual].map(with_type);
    let mut found = body::compare(&wanted, &is, allowing(&rules.body), None);
    for (key, value) in &expected.metadata {
        found.extend(metadata(key, value, actual.metadata.get(key), &rules.metadata));
    }
    sorted(found)
}

fn sorted(mut found: Found) -> Vec<Mismatch> {
    found.0.sort();
    found.0.dedup();
    found.0
}

fn parameters(request: &Request) -> Parameters {
    let mut all = Parameters::new();
    for (name, values) in &request.query {
        let values = values.iter().map(|value| value.clone().unwrap_or_default());
        all.entry(name.clone()).or_default().extend(values);
    }
    all
}

fn content(expected: &Content, actual: &Content, unexpected: Unexpected) -> Found {
    let rules = &expected.rules;
    let headers = allowing(&rules.header);
    let context = Context { rules: &rules.body, unexpected };
    let mut found = body::compare(expected, actual, context, Some(headers));
    found.extend(header::compare(&expected.headers, &actual.headers, headers));
    found
}

fn status(expected: &Response, actual: &Response) -> Found {
    let mut found = Found::default();
    let (wanted, is) = (expected.status, actual.status);
    let problems = match expected.content.rules.status.whole() {
        Some(best) => holds(best, |rule, _| match rule {
            Rule::StatusCode(statuses) if statuses.has(is) => Ok(()),
            Rule::StatusCode(statuses) => {
                Err(format!("the status is {is}, not one of {statuses:?}"))
            }
            Rule::Equality if is != wanted => Err(format!("the status is {is}, not {wanted}")),
            other => text::check(other, &wanted.to_string(), &is.to_string(), false),
        })
        .err()
        .unwrap_or_default(),
        None if is == wanted => Vec::new(),
        None => vec![format!("the status is {is}, not {wanted}")],
    };
    for problem in problems {
        found.add(Mismatch::new(Part::Status, wanted.to_string(), is.to_string(), problem));
    }
    found
}

/// The content of a message with the type that its metadata tells as a header.
fn with_type(message: &Message) -> Content {
    let mut content = message.content.clone();
    let told = message.metadata.iter().find(|(key, _)| is_type(key));
    if let (Some((_, Value::String(told))), None) = (told, content.header("content-type")) {
        content.headers.push(("Content-Type".to_owned(), vec![told.clone()]));
    }
    content
}

fn is_type(key: &str) -> bool {
    key.eq_ignore_ascii_case("contenttype") || key.eq_ignore_ascii_case("content-type")
}

fn metadata(key: &str, expected: &Value, actual: Option<&Value>, rules: &Category) -> Found {
    let part = || Part::Metadata(key.to_owned());
    let Some(actual) = actual else {
        let problem = "the metadata is missing";
        return Found(vec![Mismatch::new(part(), expected.to_string(), "", problem)]);
    };
    let best = rules.best(&Place::root().join(key));
    let same_type = best.is_none()
        && is_type(key)
        && header::same_with_parameters(&value::text_of(expected), &value::text_of(actual));
    if same_type {
        return Found::default();
    }
    let check = |rule: &Rule, cascaded| value::check(rule, expected, actual, cascaded);
    let mut found = Found::default();
    for problem in problems(best, check) {
        found.add(Mismatch::new(part(), expected.to_string(), actual.to_string(), problem));
    }
    found
}
