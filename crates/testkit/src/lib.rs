//! Fakes of the ports for the other crates' tests: a world in memory whose time is tokio's, so that
//! a test with paused time takes no time and always goes the same way.

mod clock;
pub mod conformance;
mod jobs;
mod metrics;
mod router;
mod runtime;
mod store;

pub use clock::TokioClock;
pub use jobs::FakeJobs;
pub use metrics::{FakeMetrics, Says};
pub use router::{Down, FakeRouter};
pub use runtime::FakeRuntime;
pub use store::MemoryStore;
