//! The expression language of success and failure conditions.
//!
//! It is that of Argo Rollouts: [expr-lang](https://expr-lang.org) 1.17 with `result`, `asInt`,
//! `asFloat`, `isNaN`, `isInf`, `isNil` and `default`. An [`Expression`] is the same language over other names, without those.
//!
//! Invariant: nothing here reads a clock or touches the world; a condition ends after a bounded
//! number of steps, whatever its text and its result are.

mod access;
mod aggregate;
mod base64;
mod budget;
mod call;
mod check;
mod condition;
mod convert;
mod error;
mod eval;
mod expression;
mod fold;
mod fold_eval;
mod format;
mod function;
mod kind;
mod lexer;
mod listing;
mod literal;
mod number;
mod operator;
mod parser;
mod pattern;
mod primary;
mod suggest;
mod syntax;
mod text;
mod token;
mod value;

pub use condition::{Condition, MAX_CONDITION_BYTES};
pub use error::{ConditionError, ErrorKind};
pub use expression::Expression;
pub use value::{List, Map, Value};
