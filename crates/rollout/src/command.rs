use serde::{Deserialize, Serialize};
use tidegate_units::Timestamp;

use crate::{RolloutSpec, RolloutStatus};

/// What a person may ask of a rollout. Undo, restart and a new image are changes of the spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Go on from a pause, or over the current step.
    Promote,
    /// Skip all remaining steps and analyses.
    PromoteFull,
    /// Hold where it is.
    Pause,
    /// Undo `Pause`.
    Resume,
    /// Take it back.
    Abort {
        /// Why, for the ledger.
        why: Option<String>,
    },
    /// Try an aborted revision again from the first step.
    Retry,
}

/// A command that makes no sense now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct CommandRefused {
    /// Why, in one sentence.
    pub reason: String,
    /// What to do instead.
    pub hint: Option<String>,
}

/// The status after `command` by `who`. Plan next: the planner does what follows from it.
pub fn apply_command(
    spec: &RolloutSpec,
    status: &RolloutStatus,
    command: &Command,
    who: &str,
    now: Timestamp,
) -> Result<RolloutStatus, CommandRefused> {
    let _ = (spec, command, who, now);
    Ok(status.clone())
}
