//! Contracts held to a running provider over HTTP, and recordings replayed to two revisions.
//!
//! [`verify`] asks a provider what its consumers ask and holds its answers to their contracts; before each, the provider
//! is told which state it is to be in. [`replay`] sends what was recorded to two addresses and says what the
//! answers differ in. [`MatrixFile`] keeps what came of it.
//!
//! Invariant: every question has a time limit, every answer a size limit, and no value of a header that is somebody's
//! secret is in what is told.

mod ask;
mod kept;
mod replay;
mod states;
mod verify;

pub use ask::Asking;
pub use kept::{Entry, KeptError, MatrixFile};
pub use replay::{Divergence, Replayed, Report, Revisions, replay};
pub use verify::{MOST_AT_ONCE, Outcome, Settings, Verdict, verify};
