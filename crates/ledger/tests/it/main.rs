//! What someone with an editor could do to an exported ledger, and how it shows.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod forgery;
