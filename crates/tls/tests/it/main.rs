//! Certificates on the disk, and handshakes with whoever shows them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod files;
mod handshakes;
mod reload;
