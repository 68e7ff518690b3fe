//! The experiment planner against a world that does what it is told, late and now and then not.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod any_order;
mod rules;
mod sabotage;
mod world;
