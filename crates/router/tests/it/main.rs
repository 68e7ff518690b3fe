//! A router on real sockets, in front of replicas that do what a test needs.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::float_cmp,
    reason = "a test fails by panicking, and whole numbers are exact"
)]

mod backend;
mod basics;
mod compare;
mod failures;
mod fixture;
mod http2;
mod limits;
mod paths;
mod protocol;
mod reports;
mod retries;
mod rings;
mod rules;
mod tables;
