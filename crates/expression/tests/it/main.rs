//! What expressions mean, what is refused with which words, and what they may cost.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod errors;
mod functions;
mod json;
mod limits;
mod numbers;
mod properties;
mod recorded;
mod scope;
mod syntax;
mod values;

use tidegate_expression::{Contexts, Expression, Names, Value};

/// What the expressions of these tests may use.
const CONTEXTS: &str = r#"{
    "github": {"sha": "abc", "Ref": "refs/heads/main", "event": {"labels": [{"name": "a", "on": true}, {"name": "b"}, 3]}},
    "list": ["zero", "one", ["two"]],
    "nested": {"x": {"v": 1, "w": [10, 20]}, "y": {"v": 2, "w": [30]}, "z": 3},
    "nothing": null,
    "number": 7,
    "env": {}
}"#;

fn contexts() -> Contexts {
    Contexts(Value::from_json(CONTEXTS).unwrap())
}

fn names() -> Names {
    Names::contexts(["github", "list", "nested", "nothing", "number", "env"])
}

fn value_of(source: &str) -> Value {
    let expression = Expression::parse(source, &names());
    let expression = expression.unwrap_or_else(|error| panic!("{source} is refused: {error}"));
    let value = expression.evaluate(&contexts());
    value.unwrap_or_else(|error| panic!("{source} has no value: {error}"))
}

/// Expects `source` to be worth the value that this JSON is.
fn check(source: &str, expect: &str) {
    assert_eq!(value_of(source), Value::from_json(expect).unwrap(), "{source}");
}

/// Expects `source` to be worth this text.
fn check_text(source: &str, expect: &str) {
    assert_eq!(value_of(source), Value::from(expect), "{source}");
}

/// Expects `source` to be refused with this message.
fn check_refused(source: &str, expect: &str) {
    match Expression::parse(source, &names()) {
        Ok(expression) => panic!("{source} is read as {expression}"),
        Err(error) => assert_eq!(error.to_string(), expect, "{source}"),
    }
}

/// Expects `source` to be read, and its evaluation to fail with this message.
fn check_fails(source: &str, expect: &str) {
    let expression = Expression::parse(source, &names());
    let expression = expression.unwrap_or_else(|error| panic!("{source} is refused: {error}"));
    match expression.evaluate(&contexts()) {
        Ok(value) => panic!("{source} is {value:?}"),
        Err(error) => assert_eq!(error.message, expect, "{source}"),
    }
}
