//! The traits through which the controller sees and moves the world.
//!
//! Invariant: a port carries out what it is told and says what it sees; it decides nothing.
//! Invariant: who gives an order says in which epoch they lead, and a port that has taken one of a
//! later epoch refuses it.

mod clock;
mod contents;
mod courier;
mod fence;
mod identity;
mod job_host;
mod jobs;
mod limits;
mod metric_source;
mod router;
mod runtime;
mod store;

pub use clock::Clock;
pub use contents::{Changed, Facts};
pub use courier::{Again, Courier, Undelivered};
pub use fence::{Fence, Outdated};
pub use identity::{Identity, IdentityError, IdentityProvider, SignIn, SignInAnswer};
pub use job_host::{HostedJob, JobHost, JobRoom, Remark, StepLog};
pub use jobs::{JobOrder, Jobs};
pub use limits::{DEEPEST_KEPT, LONGEST_KEPT, check_depth, check_length, check_text};
pub use metric_source::MetricSource;
pub use router::{Router, RouterError};
pub use runtime::{
    InitSeen, LogChunk, LogQuery, Look, ReplicaSeen, ReplicaState, RunsAs, Runtime, RuntimeError,
    ScaleOrder, Usage, latest,
};
pub use store::{
    Batch, Committed, Store, StoreError, StoredObject, StoredText, VerifyError, Write,
};
