//! The store on a real disk, with real processes around it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and a child process reports on its standard output"
)]

mod back;
mod backup;
mod bed;
mod conformance;
mod crash;
mod decay;
mod descriptors;
mod fsync;
mod full_disk;
mod io_error;
mod ledger;
mod model;
mod store;
