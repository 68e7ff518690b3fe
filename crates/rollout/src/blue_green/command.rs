//! What promoting means before and after the switch.

use super::cut_over;
use crate::{CommandRefused, PauseReason, RolloutStatus};

/// Lets the new revision take over, or has an analysis that could not tell measured again, as in
/// Argo Rollouts: what an analysis gates is not let past it but by a promotion in full.
pub(crate) fn promote(status: &mut RolloutStatus) -> Result<(), CommandRefused> {
    match status.pause.take().map(|pause| pause.reason) {
        Some(PauseReason::BlueGreen) => status.blue_green.cleared = true,
        // A person held what waited for a promotion already: this lets go of both.
        Some(PauseReason::User) => {
            status.blue_green.cleared |= status.blue_green.paused_at.is_some();
        }
        Some(PauseReason::Inconclusive) => {
            if let Some(run) = status.step_run.take() {
                status.runs_ended.retain(|ended| *ended != run.name);
            }
            // The name of the next run is another one.
            status.attempt += 1;
        }
        None if cut_over::promote(status) => {}
        Some(
            PauseReason::Step
            | PauseReason::InconclusiveExperiment
            | PauseReason::InconclusiveExposure,
        )
        | None => {
            return Err(refused(status));
        }
    }
    Ok(())
}

fn refused(status: &RolloutStatus) -> CommandRefused {
    if status.step_run.is_some() {
        CommandRefused::new(
            "cannot promote: an analysis is under way, and nothing else holds it",
            "wait with rollout status, or promote in full to go on without the analysis",
        )
    } else {
        CommandRefused::new(
            "cannot promote: nothing holds it, the replicas are on their way",
            "wait with rollout status",
        )
    }
}
