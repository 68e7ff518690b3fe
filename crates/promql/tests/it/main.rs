//! What the language means, from outside: against the real Prometheus, and example by example.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the real Prometheus is started and asked over the network"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod examples;
mod limits;
mod same;
