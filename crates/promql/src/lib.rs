//! `PromQL`: reads queries and answers them over any source of series.
//!
//! The language and its answers are those of Prometheus 2.42, the version in Debian 12; a test asks
//! both of them the same. Native histograms are not here: the router makes none.
//!
//! Invariant: nothing here reads a clock. Which moments a query is about is in its input, and so is
//! the question whether its time is over.

mod answer;
mod check;
mod error;
mod eval;
mod function;
mod labels;
mod lexer;
mod literal;
mod matcher;
mod number;
mod parser;
mod quantile;
mod series;
mod syntax;
mod token;

pub use answer::{answer_text, labels_text};
pub use error::{EvalError, ParseError};
pub use eval::{Engine, Limits};
pub use function::{FUNCTIONS, Function, Last};
pub use labels::{Labels, NAME};
pub use literal::duration;
pub use matcher::{MatchKind, Matcher};
pub use number::{number_text, plain_text};
pub use parser::{parse, parse_matchers};
pub use series::{Point, STALE, Series, SeriesSource, Span, Value, is_stale};
pub use syntax::{Expr, ValueType};
