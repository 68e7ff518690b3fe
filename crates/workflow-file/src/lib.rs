//! Workflow files (`.github/workflows/*.yml`) and action files (`action.yml`), read as GitHub reads them.
//!
//! [`read_workflow`] gives a tree of [`Token`]s, each with its place, whose expressions are parsed, and everything that
//! is wrong with the file at once. What may be where stands in two texts, `grammar/workflow.grammar` and
//! `grammar/action.grammar`; what no grammar can say is checked by `check`.
//!
//! Invariant: nothing here reads a file. What a job calls is asked of whoever reads files ([`Library`]).

mod action;
mod call;
mod check;
mod condition;
mod definition;
mod expansion;
mod grammar;
mod injection;
mod load;
mod model;
mod node;
mod outline;
mod place;
mod problem;
mod reader;
mod scalar;
mod token;
mod workflow;

pub use action::read_action;
pub use call::Library;
pub use model::Unfit;
pub use outline::{Outline, OutlinedJob};
pub use place::{Place, Span};
pub use problem::{Problem, Severity};
pub use token::{Kind, Pair, Part, Template, Token};
pub use workflow::{Reading, read_workflow, read_workflow_with};
