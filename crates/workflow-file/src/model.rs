//! Files as domain types: a workflow that can be planned, an action that can be run.
//!
//! What was read without a problem is taken as it is: nothing is checked here again, but for what only the types know,
//! such as times that never come.

mod action;
mod job;
mod step;
mod triggers;

pub(crate) use job::permissions;

use std::sync::Arc;

use tidegate_expression::Expression;
use tidegate_workflow as workflow;

use crate::{Kind, Reading, Severity, Span, Token};

/// Why a file that was read is no workflow, or no action.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct Unfit {
    /// Where.
    pub place: workflow::Place,
    /// What is wrong.
    pub message: String,
}

impl Unfit {
    fn new(span: Span, message: impl Into<String>) -> Self {
        Self { place: place(span), message: message.into() }
    }
}

impl Reading {
    /// The workflow that was read, or what is wrong with it. Workflows that it calls are not there yet.
    pub fn workflow(&self) -> Result<workflow::Workflow, Unfit> {
        job::workflow(self.fit(&[])?)
    }

    /// The action that was read, or what is wrong with it. Its folder and repository are not known here.
    ///
    /// One without a name or a description runs, though nobody could publish it.
    pub fn action(&self) -> Result<tidegate_steps::Action, Unfit> {
        let needless = ["name", "description"];
        let needless = needless.map(|name| format!("Required property is missing: {name}"));
        action::action(self.fit(&needless)?)
    }

    fn fit(&self, passed_over: &[String]) -> Result<&Token, Unfit> {
        let wrong = self.problems.iter().find(|problem| {
            problem.severity == Severity::Error && !passed_over.contains(&problem.message)
        });
        match (wrong, &self.root) {
            (None, Some(root)) => Ok(root),
            (Some(problem), _) => Err(Unfit {
                place: workflow::Place::new(problem.line, problem.column),
                message: problem.message.clone(),
            }),
            (None, None) => Err(Unfit {
                place: workflow::Place::default(),
                message: "there is nothing in it".to_owned(),
            }),
        }
    }
}

fn place(span: Span) -> workflow::Place {
    workflow::Place::new(span.start.line, span.start.column)
}

fn placed<T>(token: &Token, what: T) -> workflow::Placed<T> {
    workflow::Placed::new(place(token.span), what)
}

/// A value with the expressions that are in it.
fn template(token: &Token) -> workflow::Template {
    let inner = match &token.kind {
        // `insert` as a value means nothing, and the grammar refuses it there.
        Kind::Null | Kind::Insert => workflow::Token::Null,
        Kind::Boolean(value) => workflow::Token::Bool(*value),
        Kind::Number(value) => workflow::Token::Number(*value),
        Kind::Text(text) => workflow::Token::Text(text.clone()),
        Kind::Expression(template) => {
            workflow::Token::Expression(Arc::new(template.expression.clone()))
        }
        Kind::List(items) => workflow::Token::Sequence(items.iter().map(template).collect()),
        Kind::Map(pairs) => workflow::Token::Mapping(
            pairs
                .iter()
                .map(|pair| workflow::Entry {
                    place: place(pair.key.span),
                    key: key(&pair.key),
                    value: template(&pair.value),
                })
                .collect(),
        ),
    };
    workflow::Template::new(place(token.span), inner)
}

fn key(token: &Token) -> workflow::Key {
    match &token.kind {
        Kind::Expression(template) => {
            workflow::Key::Expression(Arc::new(template.expression.clone()))
        }
        Kind::Insert => workflow::Key::Insert,
        _ => workflow::Key::Text(token.shown().into()),
    }
}

/// What is under a name, as a template.
fn under(token: &Token, name: &str) -> Option<workflow::Template> {
    token.get(name).map(template)
}

/// A condition as it was read: one that asks for nothing has `success()` before it already.
fn condition(token: Option<&Token>) -> workflow::Condition {
    match token.map(|token| (token, &token.kind)) {
        Some((token, Kind::Expression(template))) => {
            workflow::Condition::Asks(placed(token, Arc::new(template.expression.clone())))
        }
        _ => workflow::Condition::Success,
    }
}

/// A condition that holds where nothing is written.
fn condition_or_always(token: Option<&Token>) -> workflow::Condition {
    let always = || {
        let names = tidegate_expression::Names::any();
        let expression = Expression::parse("always()", &names).unwrap_or_default();
        workflow::Condition::Asks(workflow::Placed::new(
            workflow::Place::default(),
            Arc::new(expression),
        ))
    };
    match token {
        Some(token) if token.is_expression() => condition(Some(token)),
        _ => always(),
    }
}

/// A text, or the texts of a list.
fn texts(token: &Token) -> Vec<workflow::Placed<String>> {
    match &token.kind {
        Kind::List(items) => items.iter().map(|item| placed(item, item.shown())).collect(),
        _ => vec![placed(token, token.shown())],
    }
}
