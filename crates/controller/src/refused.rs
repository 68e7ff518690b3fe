use tidegate_ports::StoreError;
use tidegate_units::{ObjectKey, ReplicaId};

use crate::{Kind, OwnChange};

/// Why something that was asked for was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not there.
    #[error("there is no {kind} {key}")]
    NotFound {
        /// What was asked for.
        kind: Kind,
        /// Where.
        key: ObjectKey,
    },
    /// It is not what whoever asks for something has seen.
    #[error("{kind} {key} is not any more what was seen")]
    Stale {
        /// What was asked for.
        kind: Kind,
        /// Where.
        key: ObjectKey,
    },
    /// No replica has this name.
    #[error("there is no replica {0}")]
    NoReplica(ReplicaId),
    /// It makes no sense now.
    #[error("{reason}")]
    Conflict {
        /// Why.
        reason: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// Somebody would let their own change through.
    #[error("{0}")]
    OwnChange(Box<OwnChange>),
    /// Somebody would change how their own change is let through.
    #[error("{key}: {author} may not change its steps along with their own change")]
    OwnSteps {
        /// The rollout.
        key: ObjectKey,
        /// Who.
        author: String,
    },
    /// It could not be written down, so it was not done.
    #[error("{0}")]
    Unavailable(String),
    /// The same, for want of space on the disk.
    #[error("{0}")]
    DiskFull(String),
}

impl From<&StoreError> for Refused {
    fn from(problem: &StoreError) -> Self {
        match problem {
            StoreError::Full(_) => Self::DiskFull(problem.to_string()),
            _ => Self::Unavailable(problem.to_string()),
        }
    }
}
