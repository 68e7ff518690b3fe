//! Who may do what, against a model that knows nothing but the words of the documentation.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod known;
mod model;
