//! Contracts between services: whether a provider keeps what its consumers count on, and who may be deployed beside whom.
//!
//! A consumer writes down what it asks and what it counts on (a pact); a provider is asked the same and its answers are
//! held to it ([`match_response`], [`match_message`]), by the rules of the Pact specification, versions 1 to 4.
//! What came of that is a matrix ([`Matrix`]), from which [`can_i_deploy`] follows.
//!
//! Invariant: nothing here opens a socket, reads a file or a clock; random bits and the present moment arrive in
//! the input. An expression, a body and what is told of both are bounded.

mod content_type;
mod generator;
mod matching;
mod matrix;
mod mismatch;
mod moment;
mod pact;
mod path;
mod pattern;
mod place;
mod rule;

pub use content_type::ContentType;
pub use generator::{DataType, Generator, Generators, Source, UuidFormat, generate};
pub use matching::{match_message, match_request, match_response};
pub use matrix::{
    Decision, Deployment, Hindrance, Integration, MOST_ENTRIES, Matrix, Needed, Verification,
    can_i_deploy,
};
pub use mismatch::{Mismatch, Part};
pub use moment::check_format;
pub use pact::{Body, Content, Exchange, Interaction, Message, Pact, Request, Response, State};
pub use path::{Path, PathError, Token};
pub use pattern::{Pattern, PatternError};
pub use place::Place;
pub use rule::{Category, Combine, MomentKind, Rule, RuleList, Rules, Statuses, Variant};
