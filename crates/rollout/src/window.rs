//! The rollback window: a return to a revision that was left a short while ago takes no steps.

use crate::turn::Turn;

/// Whether the revision on its way was stable before the stable one, and so few revisions were first
/// seen between the two that the return is within `rollbackWindow`. (Argo Rollouts does not ask
/// whether it ever was stable: there, what an analysis took back comes back without one.)
pub(crate) fn is_return(turn: &Turn<'_>) -> bool {
    let known = &turn.status.revisions;
    let stable = turn.stable_beside().and_then(|stable| known.get(stable));
    let (Some(stable), Some(current)) = (stable, known.get(turn.current())) else {
        return false;
    };
    let between = |moment| current.created_at < moment && moment < stable.created_at;
    let passed = known.values().filter(|record| between(record.created_at)).count();
    let window = usize::try_from(turn.spec.rollback_window).unwrap_or(usize::MAX);
    current.was_stable && current.created_at < stable.created_at && passed < window
}
