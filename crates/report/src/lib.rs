//! What CI tools write, as evidence: [`read`] recognises a file by its content and reads it.
//!
//! What is read was written by outsiders. Every file is bounded in size, depth and count ([`limits`]);
//! nothing that a file names is opened or fetched: of XML there are no entities but XML's own five, and
//! a document type that declares some is refused. An error says where it is and what to do.
//!
//! Invariant: nothing here compares or judges; that is done by `tidegate-evidence`.

mod benchmark;
mod bundle;
mod coverage;
mod diff;
mod error;
mod format;
mod json;
mod junit;
pub mod limits;
mod number;
mod read;
mod recognise;
mod sarif;
mod source;
mod xml;

pub use diff::changed_lines;
pub use error::ReadError;
pub use format::Format;
pub use read::{Hint, Reading, read};
