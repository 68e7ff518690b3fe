//! What holds for the workspace as a whole.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod layers;
mod licences;
mod pages;
mod pure;
mod workspace;
