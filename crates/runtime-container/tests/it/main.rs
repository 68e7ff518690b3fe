//! The runtime on a real engine: Debian's Podman, on a socket and a storage of the tests' own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod conformance;
mod engine;
mod image;
mod jobs;
mod proxy;
mod registry;
mod trouble;
mod world;
