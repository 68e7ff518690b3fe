//! DORA's metrics over ledgers that are written here.
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and its numbers are small"
)]

mod cases;
mod model;
mod writer;
