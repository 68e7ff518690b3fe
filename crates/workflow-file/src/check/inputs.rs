//! Inputs of `workflow_dispatch` and `workflow_call`.

use crate::{Kind, Token, problem::Problems};

/// The inputs of an event.
pub(super) fn check(problems: &mut Problems<'_>, inputs: &Token) {
    for pair in inputs.pairs().unwrap_or_default() {
        one(problems, &pair.value);
    }
}

fn one(problems: &mut Problems<'_>, input: &Token) {
    let kind = input.get("type").and_then(Token::text).unwrap_or("string");
    if let Some(default) = input.get("default") {
        fitting(problems, kind, default);
    }
    let options = input.get("options");
    let some = options.and_then(Token::items).is_some_and(|options| !options.is_empty());
    if kind == "choice" && !some {
        problems.error(input.span, "Missing 'options' for choice input");
    }
    if kind != "choice" && options.is_some() {
        problems.error(input.span, "Input type is not 'choice', but 'options' is defined");
    }
}

/// A default that is of another type than its input, where that is known.
fn fitting(problems: &mut Problems<'_>, kind: &str, default: &Token) {
    let found = match &default.kind {
        Kind::Boolean(_) => "BooleanToken",
        Kind::Number(_) => "NumberToken",
        Kind::Text(_) => "StringToken",
        _ => return,
    };
    let expected = match kind {
        "boolean" => "BooleanToken",
        "string" | "choice" | "environment" => "StringToken",
        _ => return,
    };
    if found != expected {
        let message = format!(
            "Unexpected type '{found}' encountered while reading 'input default'. The type '{expected}' was expected."
        );
        problems.error(default.span, message);
    }
}
