//! The expression language of success and failure conditions.
//!
//! It is that of Argo Rollouts: [expr-lang](https://expr-lang.org) 1.17 with `result`, `asInt`,
//! `asFloat`, `isNaN`, `isInf`, `isNil` and `default`.
//!
//! Invariant: nothing here reads a clock or touches the world; a condition ends after a bounded
//! number of steps, whatever its text and its result are.

mod condition;
mod error;
mod value;

pub use condition::Condition;
pub use error::{ConditionError, ErrorKind};
pub use value::{List, Map, Value};
