//! What runtimes do alike with jobs: when an attempt is due, where logs are, and which of two
//! runtimes runs one.

mod ended;
mod logs;
mod mixed;
mod plan;

pub use ended::Ended;
pub use logs::{job_logs, prune_job_logs};
pub use mixed::MixedJobs;
pub use plan::{Step, Tally, Waits, step};
