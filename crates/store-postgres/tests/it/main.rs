//! The store on real servers of `PostgreSQL`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bed;
mod conformance;
mod crash;
mod cuts;
mod decay;
mod doors;
mod epochs;
mod failover;
mod full_disk;
mod history;
mod rebuild;
mod restores;
mod standby;
mod store;
mod wire;
