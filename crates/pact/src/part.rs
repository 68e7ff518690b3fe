//! Requests, answers and messages.

use percent_encoding::percent_decode_str;
use serde_json::Value;
use tidegate_contract::{Content, ContentType, Message, Request, Response};

use crate::{
    body, generators,
    node::{Node, Problems},
    rules,
};

const REQUEST: [&str; 8] =
    ["method", "path", "query", "headers", "body", "matchingRules", "generators", "matchers"];
/// The last three are in answers of the specification's own examples, and say nothing.
const RESPONSE: [&str; 9] = [
    "status",
    "headers",
    "body",
    "matchingRules",
    "generators",
    "matchers",
    "method",
    "path",
    "query",
];

pub(crate) fn request(node: &Node<'_>, is_v4: bool, problems: &mut Problems) -> Request {
    node.only("a request", &REQUEST, problems);
    let method = node.get("method").map_or_else(|| "GET".to_owned(), |it| it.text(problems));
    let path = node.get("path").map_or_else(|| "/".to_owned(), |it| it.text(problems));
    let mut content = content(node, is_v4, problems);
    if let Some(made) = node.get("generators") {
        content.generators = generators::read(&made, problems);
    }
    Request { method: method.to_uppercase(), path, query: query(node, problems), content }
}

pub(crate) fn response(node: &Node<'_>, is_v4: bool, problems: &mut Problems) -> Response {
    node.only("a response", &RESPONSE, problems);
    let status = match node.get("status") {
        None => 200,
        Some(told) => {
            let number = told.value.as_u64().or_else(|| told.loose_text().parse().ok());
            let status = number.and_then(|number| u16::try_from(number).ok());
            let status = status.filter(|status| (100..=999).contains(status));
            if status.is_none() {
                problems.add(&told, "a status of HTTP is expected here, such as 200");
            }
            status.unwrap_or_default()
        }
    };
    Response { status, content: content(node, is_v4, problems) }
}

fn content(node: &Node<'_>, is_v4: bool, problems: &mut Problems) -> Content {
    let headers = headers(node, problems);
    let told = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let told = told.and_then(|(_, values)| ContentType::parse(values.first()?));
    let body = body::read(node.get("body"), is_v4, told, problems);
    let rules = node.get("matchingRules").map(|it| rules::read(&it, problems));
    Content { headers, body, rules: rules.unwrap_or_default(), ..Content::default() }
}

pub(crate) fn message(node: &Node<'_>, is_v4: bool, problems: &mut Problems) -> Message {
    let metadata = node.first(&["metadata", "metaData"]).filter(|it| !it.value.is_null());
    let metadata = metadata.map(|it| it.fields(problems)).unwrap_or_default();
    let metadata: std::collections::BTreeMap<String, Value> =
        metadata.into_iter().map(|(key, value)| (key.to_owned(), value.value.clone())).collect();
    let told = metadata.iter().find(|(key, _)| {
        key.eq_ignore_ascii_case("contenttype") || key.eq_ignore_ascii_case("content-type")
    });
    let told = told.and_then(|(_, value)| ContentType::parse(value.as_str()?));
    let body = body::read(node.first(&["contents", "content"]), is_v4, told, problems);
    let rules = node.get("matchingRules").map(|it| rules::read(&it, problems));
    let content = Content { body, rules: rules.unwrap_or_default(), ..Content::default() };
    Message { metadata, content }
}

fn headers(node: &Node<'_>, problems: &mut Problems) -> Vec<(String, Vec<String>)> {
    let Some(headers) = node.get("headers").filter(|it| !it.value.is_null()) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (name, value) in headers.fields(problems) {
        let values = match value.value {
            Value::Array(_) => value.items(problems).iter().map(Node::loose_text).collect(),
            _ => vec![value.loose_text()],
        };
        all.push((name.to_owned(), values));
    }
    all
}

type Query = Vec<(String, Vec<Option<String>>)>;

fn query(node: &Node<'_>, problems: &mut Problems) -> Query {
    let Some(query) = node.get("query").filter(|it| !it.value.is_null()) else {
        return Vec::new();
    };
    if let Value::String(text) = query.value {
        return of_text(text);
    }
    let mut all = Vec::new();
    for (name, value) in query.fields(problems) {
        let one = |node: &Node<'_>| (!node.value.is_null()).then(|| node.loose_text());
        let values = match value.value {
            Value::Array(_) => value.items(problems).iter().map(one).collect(),
            _ => vec![one(&value)],
        };
        all.push((name.to_owned(), values));
    }
    all
}

fn of_text(text: &str) -> Query {
    let mut all: Query = Vec::new();
    for pair in text.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = match pair.split_once('=') {
            Some((name, value)) => (decoded(name), Some(decoded(value))),
            None => (decoded(pair), None),
        };
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => all.push((name, vec![value])),
        }
    }
    all
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}
