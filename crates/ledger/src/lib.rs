//! A hash chain over canonical JSON: what was decided, by whom, and why.
//!
//! Invariant: nothing here stores anything or reads a clock.

mod entry;

pub use entry::{Actor, Digest, Draft, Entry, Subject};
