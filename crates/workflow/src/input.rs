//! What a workflow is told: inputs of those who call it, and of those who start it by hand.

use std::sync::Arc;

use tidegate_expression::{Scope, Value};

use crate::call::{Input, InputKind};
use crate::evaluate::TemplateError;
use crate::place::Place;
use crate::setting::Errors;

/// A workflow cannot be told more by hand: GitHub's own limit.
pub const MOST_DISPATCHED: usize = 25;

/// All that is told by hand is not longer, in characters: GitHub's own limit.
pub const LONGEST_DISPATCHED: usize = 65_535;

/// Why a workflow cannot be started by hand with what it is told.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InputError {
    /// It has no such input.
    #[error("Unexpected input '{name}': the workflow has {known}")]
    Unknown {
        /// What it is told.
        name: String,
        /// What it may be told.
        known: String,
    },
    /// It has to be told, and is not.
    #[error("Required input '{0}' not provided")]
    Missing(String),
    /// It is not of its kind.
    #[error("Input '{name}' is a {kind}, and '{found}' is none: {allowed}")]
    Kind {
        /// Which.
        name: String,
        /// What it is to be.
        kind: InputKind,
        /// What it is.
        found: String,
        /// What it may be.
        allowed: String,
    },
    /// It is told too much.
    #[error("at most {MOST_DISPATCHED} inputs of {LONGEST_DISPATCHED} characters in all")]
    TooMuch,
    /// A default cannot be evaluated.
    #[error("{0}")]
    Default(TemplateError),
}

/// The context `inputs` of a workflow that somebody starts by hand with the texts `given`.
pub fn dispatched(
    inputs: &[Input],
    given: &[(String, String)],
    scope: &dyn Scope,
) -> Result<Value, Vec<InputError>> {
    let mut errors = Vec::new();
    let length: usize = given.iter().map(|(_, text)| text.chars().count()).sum();
    if given.len() > MOST_DISPATCHED || length > LONGEST_DISPATCHED {
        errors.push(InputError::TooMuch);
    }
    for (name, _) in given.iter().filter(|(name, _)| !inputs.iter().any(|input| is(input, name))) {
        let names: Vec<&str> = inputs.iter().map(|input| &*input.name).collect();
        let known = if names.is_empty() { "no inputs".to_owned() } else { names.join(", ") };
        errors.push(InputError::Unknown { name: name.clone(), known });
    }
    let mut values = Vec::new();
    for input in inputs {
        let text = given.iter().find(|(name, _)| is(input, name)).map(|(_, text)| text.as_str());
        match by_hand(input, text, scope) {
            Ok(value) => values.push((input.name.clone(), value)),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(values.into_iter().collect()) } else { Err(errors) }
}

fn is(input: &Input, name: &str) -> bool {
    input.name.eq_ignore_ascii_case(name)
}

fn by_hand(input: &Input, text: Option<&str>, scope: &dyn Scope) -> Result<Value, InputError> {
    let Some(text) = text else {
        return match default(input, scope).map_err(InputError::Default)? {
            Some(value) => Ok(value),
            None if input.required => Err(InputError::Missing(input.name.to_string())),
            None => Ok(empty(input)),
        };
    };
    if input.required && text.is_empty() {
        return Err(InputError::Missing(input.name.to_string()));
    }
    let allowed = match input.kind {
        InputKind::Bool => match text {
            "true" => return Ok(Value::Bool(true)),
            "false" => return Ok(Value::Bool(false)),
            _ => "true or false".to_owned(),
        },
        InputKind::Number => {
            let number = Value::from(text).as_number();
            if !text.trim().is_empty() && !number.is_nan() {
                return Ok(Value::Number(number));
            }
            "a number".to_owned()
        }
        InputKind::Choice if !input.options.iter().any(|option| option == text) => {
            input.options.join(", ")
        }
        InputKind::Choice | InputKind::Text | InputKind::Environment => return Ok(text.into()),
    };
    Err(InputError::Kind {
        name: input.name.to_string(),
        kind: input.kind,
        found: text.to_owned(),
        allowed,
    })
}

/// The context `inputs` of a workflow that is called with `with`, which stands at `place`.
pub fn called(
    inputs: &[Input],
    place: Place,
    with: &Value,
    scope: &dyn Scope,
) -> Result<Value, Errors> {
    let mut errors = Errors::new();
    let mut given: Vec<(Arc<str>, Value)> = Vec::new();
    match with {
        Value::Object(members) => {
            given.extend(members.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        Value::Null => {}
        other => errors.push(TemplateError::unexpected(place, "a mapping of inputs", other)),
    }
    for (name, _) in given.iter().filter(|(name, _)| !inputs.iter().any(|input| is(input, name))) {
        let rule = format!("Invalid input, {name} is not defined in the referenced workflow.");
        errors.push(TemplateError::rule(place, rule));
    }
    let mut values = Vec::new();
    for input in inputs {
        let value = given.iter().find(|(name, _)| is(input, name)).map(|(_, value)| value);
        match by_caller(input, place, value, scope) {
            Ok(value) => values.push((input.name.clone(), value)),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(values.into_iter().collect()) } else { Err(errors) }
}

fn by_caller(
    input: &Input,
    place: Place,
    value: Option<&Value>,
    scope: &dyn Scope,
) -> Result<Value, TemplateError> {
    let Some(value) = value else {
        return match default(input, scope)? {
            Some(value) => Ok(value),
            None if input.required => {
                let rule =
                    format!("Input {} is required, but not provided while calling.", input.name);
                Err(TemplateError::rule(place, rule))
            }
            None => Ok(empty(input)),
        };
    };
    match (input.kind, value) {
        (InputKind::Bool, Value::Bool(_)) | (InputKind::Number, Value::Number(_)) => {
            Ok(value.clone())
        }
        (InputKind::Text | InputKind::Choice | InputKind::Environment, scalar)
            if scalar.is_primitive() =>
        {
            Ok(Value::Text(scalar.as_text()))
        }
        (kind, found) => {
            let rule =
                format!("input '{}' is a {kind}, and {} was given", input.name, found.kind());
            Err(TemplateError::rule(place, rule))
        }
    }
}

/// The value of an input that is not told, where it has one; it is of its kind, as far as it is
/// written so.
fn default(input: &Input, scope: &dyn Scope) -> Result<Option<Value>, TemplateError> {
    let Some(template) = &input.default else { return Ok(None) };
    let value = template.evaluate(scope).map_err(|errors| {
        errors.into_iter().next().unwrap_or_else(|| TemplateError::rule(template.place, "no value"))
    })?;
    let value = match (input.kind, value) {
        (InputKind::Bool, Value::Text(text)) if text.eq_ignore_ascii_case("true") => {
            Value::Bool(true)
        }
        (InputKind::Bool, Value::Text(text)) if text.eq_ignore_ascii_case("false") => {
            Value::Bool(false)
        }
        (InputKind::Number, Value::Text(text)) => Value::Number(Value::Text(text).as_number()),
        (InputKind::Text | InputKind::Choice | InputKind::Environment, value) => {
            Value::Text(value.as_text())
        }
        (_, value) => value,
    };
    Ok(Some(value))
}

/// What an input is that nobody tells and that has no default.
fn empty(input: &Input) -> Value {
    match input.kind {
        InputKind::Bool => Value::Bool(false),
        InputKind::Number => Value::Number(0.0),
        // The first of a choice is what the form shows; a request that leaves it out leaves it empty.
        InputKind::Text | InputKind::Choice | InputKind::Environment => "".into(),
    }
}
