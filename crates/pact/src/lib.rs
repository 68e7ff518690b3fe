//! Pact files: specification 1, 1.1, 2, 3 and 4, as contracts.
//!
//! [`read`] takes a file whole or refuses it with every problem and its place. What a plugin would have to read
//! (Protobuf, gRPC, Avro) is refused by the plugin's name.
//!
//! Invariant: nothing here opens a file or asks a provider; bytes arrive in the input.

mod body;
mod error;
mod file;
mod generators;
mod interaction;
mod locate;
mod node;
mod part;
mod rule;
mod rules;

pub use error::{PactError, Problem};
pub use file::{MOST_BYTES, MOST_INTERACTIONS, content_hash, read};
