//! The analysis crate as its users see it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod compared;
mod decision;
mod dry_run;
mod evidence;
mod json_path;
mod limits;
mod measures;
mod queries;
mod shadow;
mod templates;
