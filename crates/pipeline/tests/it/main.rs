//! Runs on a machine that does what scripts say, and a watcher that writes down what it is told.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod bed;
mod runs;
mod words;
