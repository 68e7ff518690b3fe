//! What the crate takes from a step's lines and files, and what it makes of them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod annotations;
mod commands;
mod encodings;
mod files;
mod interpreter;
mod masks;
mod matchers;
