//! The controller against a world in memory whose time is tokio's.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod analysis_runs;
mod bench;
mod chaos;
mod clock;
mod commands;
mod decisions;
mod experiments;
mod faults;
mod fleet;
mod jobs;
mod kept;
mod leaving;
mod metrics;
mod own_change;
mod release;
mod restored;
mod routed_beyond;
mod routes;
mod secrets;
mod severed;
mod step_experiments;
