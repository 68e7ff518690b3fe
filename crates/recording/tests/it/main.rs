//! Recordings as other people's programs write them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod exports;
mod found;
mod hostile;
mod recorded;
