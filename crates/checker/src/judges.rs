use tidegate_rollout::{PauseReason, RunSeen};
use tidegate_units::RunName;

use crate::{case::Case, orders::runs};

/// What is wrong with the analyses beside an update.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JudgeViolation {
    /// An update goes on without the analysis that is declared beside its steps.
    #[error("the update goes on, but no analysis stands beside it that can still judge it")]
    Unjudged,
    /// Steps that begin anew are judged by what was measured before.
    #[error("the steps begin anew, but the analysis run {run} goes on")]
    JudgedBefore {
        /// Which.
        run: RunName,
    },
}

/// Who declares an analysis beside the steps has all of them judged from its first step on: a run
/// stands beside the update, and before it goes on from one that could not tell, another one does.
pub(crate) fn stand_beside(case: &mut Case<'_>) {
    let canary = case.spec.canary();
    let due = u32::try_from(case.after.step_index).is_ok_and(|step| step >= canary.starting_step);
    let skipped = case.is_promoted_in_full() || case.is_return() || case.after.abort.is_some();
    let ended = case.canary().is_none() || skipped || is_held(case);
    if canary.background.is_none() || !due || ended {
        return;
    }
    let judges = case.after.background_run.as_ref().is_some_and(|run| {
        !matches!(case.seen.runs.get(&run.name), Some(RunSeen::Inconclusive(_)))
    });
    if !judges {
        case.breaks(JudgeViolation::Unjudged);
    }
}

/// Steps that begin anew, for another revision or because they changed, are judged anew.
pub(crate) fn begin_with_the_steps(case: &mut Case<'_>) {
    if case.is_same_release() {
        return;
    }
    let before = runs(case.before);
    for run in runs(case.after).into_iter().flatten() {
        if before.contains(&Some(run)) {
            case.breaks(JudgeViolation::JudgedBefore { run: run.name.clone() });
        }
    }
}

/// Whether it is held after this plan: then nothing is begun.
fn is_held(case: &Case<'_>) -> bool {
    let held =
        case.after.pause.as_ref().is_some_and(|pause| {
            !matches!(pause.reason, PauseReason::Step | PauseReason::BlueGreen)
        });
    held || case.spec.paused
}
