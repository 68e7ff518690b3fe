//! Workflows: what they are, what starts them, and what of them is to be done next.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod crons;
mod names;
mod patterns;
mod permitted;
