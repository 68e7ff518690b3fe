//! Who may do what.
//!
//! An [`Account`] is a person's or a program's. A [`Binding`] gives it, or a group that it is in, a [`Role`] over
//! the namespaces and names that its patterns meet. A role is a set of [`Verb`]s. Whatever no binding gives is
//! denied, and there is none that takes away. A token of an account may have a [`Scope`], which only narrows.
//!
//! Invariant: nothing here reads a clock, a file or a random number. `now` and random bytes arrive in the input.
//! Invariant: no secret is kept, or shown by `Debug`: of tokens there are digests alone.

mod account;
mod binding;
mod decision;
mod directory;
mod environment;
mod group;
mod pattern;
mod person;
mod role;
mod scope;
mod secret;
mod token;
mod verb;

pub use account::{Account, AccountKind, Name, NameError};
pub use binding::{Binding, BindingSubject};
pub use decision::{Denied, Rights};
pub use directory::{Directory, Unknown};
pub use environment::Environment;
pub use group::{GroupName, GroupNameError};
pub use pattern::{Pattern, PatternError};
pub use person::Person;
pub use role::{Role, UnknownRole};
pub use scope::Scope;
pub use secret::{Secret, SecretError, SecretKind};
pub use token::TokenRecord;
pub use verb::{UnknownVerb, Verb};
