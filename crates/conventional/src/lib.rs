//! What a list of commits comes to: the next version, and what people are told of it.
//!
//! Commits are read as Conventional Commits 1.0 has them. What is not written like that counts for nothing, and is never an error.
//!
//! Invariant: everything follows from the commits, the versions that were, and the rules. The day of a release is in
//! the input.
//! Invariant: a version that is planned is later than the one before it, or the plan is refused.

mod change;
mod changelog;
mod component;
mod escape;
mod footer;
mod keep;
mod links;
mod message;
mod next;
mod notes;
mod plan;
mod revert;
mod rules;
mod tag;

pub use change::{Change, Commit, Reference, changes};
pub use changelog::{Style, style_of, write};
pub use component::{Component, Group, counted};
pub use links::{Forge, Links};
pub use next::{Next, NextError, Past, Reason, Why, next};
pub use notes::{Release, entry, notes};
pub use plan::{Cause, Planned, Standing, plan};
pub use rules::{Bump, Channel, Rules, Section, Versioning};
pub use tag::TagForm;
