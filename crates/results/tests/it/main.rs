//! The store, and the services as the official clients see them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and a child process reports on its standard output"
)]

mod artifacts;
mod bed;
mod caches;
mod clients;
mod crash;
mod hostile;
mod http;
mod native;
mod store;
