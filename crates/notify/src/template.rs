//! Messages as Go's `text/template` writes them, with the functions of sprig that people use.
//!
//! What is beyond the part that is built is refused when a template is read, by name: functions that need the
//! environment, the network or chance among them.

mod function;
mod go_text;
mod lexer;
mod literals;
mod moment;
mod parser;
mod printf;
mod regexes;
mod render;
mod sprig;
mod syntax;

use std::sync::Arc;

use serde_json::Value;
use tidegate_units::Timestamp;

pub(crate) use crate::template::moment::functions as time_functions;
use crate::template::{parser::Defined, syntax::Node};

/// A template is a message to people; Slack takes 40,000 characters, and a page of HTML is below this.
pub const MAX_TEMPLATE_BYTES: usize = 64 * 1024;
/// What one template may become: a message that is longer is read by nobody.
pub const MAX_OUTPUT_BYTES: usize = 256 * 1024;

/// A template that was read, and can be written for any number of happenings.
#[derive(Clone, Debug)]
pub struct Template {
    nodes: Arc<[Node]>,
    defined: Arc<Defined>,
}

/// Why a template cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (line {line} of the template)")]
pub struct TemplateError {
    /// The line in its text, from 1.
    pub line: usize,
    /// What was found, and what is possible.
    pub message: String,
}

impl TemplateError {
    pub(crate) fn at(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

impl Template {
    /// Reads a template, and refuses what cannot be written whatever it is given.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.len() > MAX_TEMPLATE_BYTES {
            let message = format!("a template has {} KiB at most", MAX_TEMPLATE_BYTES >> 10);
            return Err(TemplateError::at(1, message));
        }
        let (nodes, defined) = parser::parse(lexer::tokens(text)?)?;
        Ok(Self { nodes: nodes.into(), defined: defined.into() })
    }

    /// What it says of `data`, which is `.` and `$` in it, at a time.
    pub fn render(&self, data: &Value, now: Timestamp) -> Result<String, TemplateError> {
        render::render((&self.nodes, &self.defined), data, now)
    }
}
