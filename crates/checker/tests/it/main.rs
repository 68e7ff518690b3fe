//! Good and bad plans, by hand and from the planner under random worlds.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod planner;
mod world;
