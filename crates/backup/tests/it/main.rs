//! Backups that are written, read, and broken.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod bed;
mod damage;
mod file;
mod keys;
mod round_trip;
