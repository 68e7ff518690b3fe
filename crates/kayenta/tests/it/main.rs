//! Verdicts and scores as their users see them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod classes;
mod questions;
mod scores;
mod shifts;
