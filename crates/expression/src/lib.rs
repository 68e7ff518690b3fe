//! The expression language of GitHub's workflows: what is between `${{` and `}}`, and in `if`.
//!
//! An [`Expression`] is read once, against the [`Names`] that its place allows, and evaluated against a
//! [`Scope`]. Where GitHub's own implementations differ, what the runner does when a job runs holds here.
//!
//! Invariant: nothing here reads a clock or touches the world; reading and evaluating end after a number of
//! steps and within an amount of memory that are bounded, whatever the text and the contexts are.

mod coerce;
mod error;
mod eval;
mod expression;
mod filter;
mod format;
mod function;
mod json;
mod json_print;
mod lexer;
mod list;
mod memory;
mod names;
mod node;
mod number;
mod object;
mod parser;
mod print;
mod scope;
mod text;
mod token;
mod value;

pub use error::{Error, ParseError, ParseErrorKind};
pub use expression::{Expression, MAX_DEPTH, MAX_LENGTH};
pub use json::{JsonError, MAX_JSON_DEPTH};
pub use list::List;
pub use memory::{JOB_MEMORY, MEMORY};
pub use names::{MalformedName, Names};
pub use node::{Function, Kind, Node, Operator, Span};
pub use object::Object;
pub use scope::{Contexts, Scope};
pub use value::Value;
