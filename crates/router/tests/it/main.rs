//! A router on real sockets, in front of replicas that do what a test needs.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_cmp,
    reason = "a test fails by panicking, and whole numbers are exact"
)]

mod backend;
mod basics;
mod compare;
mod desync;
mod failures;
mod fixture;
mod frames;
mod handover;
mod http2;
mod limits;
mod narrow;
mod odd_heads;
mod paths;
mod protocol;
mod recorder;
mod reports;
mod retries;
mod rings;
mod rules;
mod smuggling;
mod smuggling_h2;
mod stalls;
mod tables;
