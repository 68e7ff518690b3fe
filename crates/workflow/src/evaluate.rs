//! Templates become values, against what an expression sees at their place.

use std::collections::BTreeSet;
use std::sync::Arc;

use tidegate_expression::{Expression, Scope, Value};

use crate::place::Place;
use crate::template::{Entry, Key, Template, Token};

/// Why a template has no value, or one that cannot stand there.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct TemplateError {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a template or its value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// An expression cannot be evaluated.
    #[error("the expression `{expression}` has no value: {why}")]
    Expression {
        /// As it is written.
        expression: String,
        /// What the language says of it.
        why: String,
    },
    /// A name stands twice in a mapping, without regard to case.
    #[error("'{0}' is already defined")]
    Duplicate(String),
    /// It is something else than what may stand there.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What may stand there.
        expected: &'static str,
        /// What does.
        found: String,
    },
    /// It is what may stand there, and goes beyond a limit or breaks a rule.
    #[error("{0}")]
    Rule(String),
}

impl TemplateError {
    /// `value` stands at `place`, and `expected` should.
    pub fn unexpected(place: Place, expected: &'static str, value: &Value) -> Self {
        let found = match value {
            Value::Null => "nothing".to_owned(),
            Value::List(_) => "a list".to_owned(),
            Value::Object(_) => "a mapping".to_owned(),
            Value::Text(text) => format!("the text '{text}'"),
            scalar => format!("'{scalar}'"),
        };
        Self { place, problem: Problem::Unexpected { expected, found } }
    }

    /// What stands at `place` breaks a rule.
    pub fn rule(place: Place, rule: impl Into<String>) -> Self {
        Self { place, problem: Problem::Rule(rule.into()) }
    }
}

impl Template {
    /// Its value, or all that is wrong with it.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, Vec<TemplateError>> {
        let mut errors = Vec::new();
        let value = value(self, scope, &mut errors);
        if errors.is_empty() { Ok(value) } else { Err(errors) }
    }
}

/// The value of `expression` at `place`.
pub fn evaluate(
    expression: &Expression,
    place: Place,
    scope: &dyn Scope,
) -> Result<Value, TemplateError> {
    expression.evaluate(scope).map_err(|error| {
        let problem =
            Problem::Expression { expression: expression.to_string(), why: error.to_string() };
        TemplateError { place, problem }
    })
}

fn value(template: &Template, scope: &dyn Scope, errors: &mut Vec<TemplateError>) -> Value {
    match &template.token {
        Token::Null => Value::Null,
        Token::Bool(value) => Value::Bool(*value),
        Token::Number(value) => Value::Number(*value),
        Token::Text(text) => Value::Text(text.clone()),
        Token::Expression(expression) => noted(evaluate(expression, template.place, scope), errors),
        Token::Sequence(items) => {
            items.iter().map(|item| value(item, scope, errors)).collect::<Vec<_>>().into()
        }
        Token::Mapping(entries) => mapping(entries, scope, errors),
    }
}

fn noted(result: Result<Value, TemplateError>, errors: &mut Vec<TemplateError>) -> Value {
    result.unwrap_or_else(|error| {
        errors.push(error);
        Value::Null
    })
}

fn mapping(entries: &[Entry], scope: &dyn Scope, errors: &mut Vec<TemplateError>) -> Value {
    let mut seen = BTreeSet::new();
    let mut members: Vec<(Arc<str>, Value)> = Vec::with_capacity(entries.len());
    let mut add = |name: Arc<str>, value, place, errors: &mut Vec<TemplateError>| {
        if seen.insert(name.to_lowercase()) {
            members.push((name, value));
        } else {
            errors.push(TemplateError { place, problem: Problem::Duplicate(name.to_string()) });
        }
    };
    for entry in entries {
        let place = entry.place;
        let under = value(&entry.value, scope, errors);
        match &entry.key {
            Key::Text(name) => add(name.clone(), under, place, errors),
            Key::Expression(expression) => {
                let name = noted(evaluate(expression, place, scope), errors);
                if name.is_primitive() {
                    add(name.as_text(), under, place, errors);
                } else {
                    errors.push(TemplateError::unexpected(place, "a name", &name));
                }
            }
            Key::Insert => match under {
                Value::Object(inserted) => {
                    for (name, value) in inserted.iter() {
                        add(name.clone(), value.clone(), place, errors);
                    }
                }
                other => {
                    errors.push(TemplateError::unexpected(place, "a mapping to insert", &other));
                }
            },
        }
    }
    members.into_iter().collect()
}
