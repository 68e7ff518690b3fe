//! Fakes of the ports for the other crates' tests: a world in memory whose time is tokio's, so that
//! a test with paused time takes no time and always goes the same way. What of the world cannot be faked is here too: a container engine.

mod bell;
mod clock;
pub mod conformance;
mod jobs;
mod metrics;
pub mod podman;
pub mod ports;
pub mod postgres;
mod router;
mod runtime;
pub mod shelf;
mod store;
pub mod usage;

pub use clock::TokioClock;
pub use jobs::FakeJobs;
pub use metrics::{FakeMetrics, Says};
pub use router::{Down, FakeRouter};
pub use runtime::FakeRuntime;
pub use store::{Decayed, MemoryStore};
