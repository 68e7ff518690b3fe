//! Whether answers are held to contracts as they should be.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod generators;
mod matching;
mod matrix;
mod moments;
mod paths;
