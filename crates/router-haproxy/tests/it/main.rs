//! The real HAProxy, which `cargo xtask test` installs, before replicas of the tests' own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod client;
mod life;
mod replica;
mod routes;
mod switches;
mod tables;
mod world;
