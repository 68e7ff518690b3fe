//! What is to be done with a revision: rules, evidence and a prediction, weighed in one order.
//!
//! [`decide`] takes what was measured ([`KpiSnapshot`]), the [`Rule`]s, what the judge has shown
//! ([`Evidence`]) and what a model predicts ([`Prediction`]), and gives a [`Decision`] that explains
//! itself: which of them decided, how strong it was, and what it would have taken to come out
//! otherwise.
//!
//! Invariant: nothing here reads a clock or touches the world. A value that is not known is never
//! taken for one that is.

mod condition;
mod decide;
mod decision;
mod evidence;
mod kpi;
mod parse;
mod rule;
mod shown;
mod span;

pub use condition::{Condition, Part, Truth};
pub use decide::{Input, decide};
pub use decision::{Action, Decision, Finding, Outcome, Violation};
pub use evidence::{Evidence, Prediction, Showing};
pub use kpi::{Kpi, KpiSnapshot, Unit, change_name};
pub use parse::ConditionError;
pub use rule::{JUDGE, PREDICTION, Rule, Severity, default_rules};
