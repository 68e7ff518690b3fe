//! What was recorded, judged: nothing is found where nothing is, and what is there is found.
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod clumps;
mod history;
mod made;
mod requests;
mod series;
mod watch;
