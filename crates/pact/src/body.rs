//! Bodies.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;
use tidegate_contract::{Body, ContentType};

use crate::node::{Node, Problems};

const ATTRIBUTES: [&str; 4] = ["content", "contentType", "contentTypeHint", "encoded"];

/// Reads a body; `told` is the type that a header or the metadata says.
pub(crate) fn read(
    node: Option<Node<'_>>,
    is_v4: bool,
    told: Option<ContentType>,
    problems: &mut Problems,
) -> Body {
    match node {
        None => Body::Missing,
        Some(node) if node.value.is_null() => Body::Null,
        Some(node) if is_v4 && node.object().is_some() => with_attributes(&node, told, problems),
        Some(node) => plain(node.value, told),
    }
}

fn of(bytes: Vec<u8>, content_type: Option<ContentType>) -> Body {
    if bytes.is_empty() { Body::Empty } else { Body::Present { bytes, content_type } }
}

/// As versions 1 to 3 write it: the value, or text.
fn plain(value: &Value, told: Option<ContentType>) -> Body {
    let Value::String(text) = value else { return of(value.to_string().into_bytes(), None) };
    let content_type = told.or_else(|| ContentType::detect(text.as_bytes()));
    let bytes = match &content_type {
        Some(known) if known.is_json() && !is_json(text) => value.to_string().into_bytes(),
        Some(known) if known.is_binary() => {
            BASE64_STANDARD.decode(text).unwrap_or_else(|_| text.clone().into_bytes())
        }
        _ => text.clone().into_bytes(),
    };
    if text.is_empty() { Body::Empty } else { of(bytes, None) }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok()
}

/// As version 4 writes it: an object with the content, its type and how it is encoded.
fn with_attributes(node: &Node<'_>, told: Option<ContentType>, problems: &mut Problems) -> Body {
    node.only("a body", &ATTRIBUTES, problems);
    let content = match node.get("content") {
        None => return Body::Missing,
        Some(content) if content.value.is_null() => return Body::Null,
        Some(content) => content,
    };
    let own = node.get("contentType").map(|it| it.text(problems));
    let own = own.and_then(|text| ContentType::parse(&text));
    let content_type = own.or(told);
    match encoding(node, problems).as_deref() {
        Some("base64") => match BASE64_STANDARD.decode(content.loose_text()) {
            Ok(bytes) => of(bytes, content_type),
            Err(problem) => {
                problems.add(&content, format!("this is no base64: {problem}"));
                Body::Missing
            }
        },
        Some(_) => of(content.loose_text().into_bytes(), content_type),
        None => {
            let json = content_type.as_ref().is_some_and(ContentType::is_json);
            let empty = content.value.as_str() == Some("");
            let text = match content.value {
                Value::String(_) if json && !empty => content.value.to_string(),
                _ => content.loose_text(),
            };
            of(text.into_bytes(), content_type)
        }
    }
}

/// `base64`, `json`, or none.
fn encoding(node: &Node<'_>, problems: &mut Problems) -> Option<String> {
    let encoded = node.get("encoded")?;
    let name = match encoded.value {
        Value::Bool(false) => return None,
        Value::Bool(true) => "json".to_owned(),
        _ => encoded.loose_text().to_lowercase(),
    };
    if name != "base64" && name != "json" {
        problems
            .add(&encoded, format!("the encoding {name:?} is not known; base64, json or false is"));
    }
    Some(name)
}
