//! The runtime against real processes.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod adoption;
mod conformance;
mod fixture;
mod jobs;
mod life;
mod limits;
mod logs;
mod obstacle;
mod orphans;
mod probes;
mod stopping;
mod volumes;
