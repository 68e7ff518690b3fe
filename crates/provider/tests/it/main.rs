//! A real provider over HTTP, held to contracts and asked what was recorded.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod kept;
mod replays;
mod server;
mod verified;
