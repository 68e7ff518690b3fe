//! The API on a real listener, over a control plane whose world is in memory.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod actions;
mod apply;
mod doors;
mod house;
mod journal;
mod prometheus;
mod resources;
mod scraped;
mod watch;
mod workloads;
