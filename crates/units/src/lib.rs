//! Ids and units that every other crate speaks in.
//!
//! Invariant: nothing here reads a clock, the environment or a file; a [`Timestamp`] arrives as input.

mod epoch;
mod id;
mod owner;
mod run_phase;
mod shown;
mod time;
mod weight;

pub use epoch::Epoch;
pub use id::{Generation, IdError, ObjectKey, ReplicaId, RevisionHash, RunName};
pub use owner::{Owner, OwnerKind};
pub use run_phase::RunPhase;
pub use shown::DurationParts;
pub use time::{Timestamp, TimestampError};
pub use weight::{Weight, WeightError};
