//! The progress deadline: how long nothing may move.

use tidegate_planted::{Mistake, makes};
use tidegate_units::Timestamp;

use crate::{Abort, AbortReason, Event, Step, auto, blue_green, ring, turn::Turn};

/// Says so when nothing moved forward for too long, and takes the canary back if that is wanted.
pub(crate) fn watch(turn: &mut Turn<'_>) {
    if !counts(turn) {
        return;
    }
    if turn.available(turn.current()) > turn.status.available_peak {
        turn.progressed();
    }
    if turn.status.deadline_missed.is_none() && moment(turn).is_some_and(|at| at <= turn.now) {
        turn.status.deadline_missed = Some(turn.now);
        turn.events.push(Event::DeadlineExceeded);
    }
    if turn.status.deadline_missed.is_some()
        && turn.spec.progress_deadline_abort
        && turn.advancing()
    {
        turn.status.abort = Some(Abort { at: turn.now, reason: AbortReason::Deadline });
    }
}

/// Starts the clock, or stops it, by what the plan has come to.
pub(crate) fn keep(turn: &mut Turn<'_>) {
    if !counts(turn) {
        turn.status.progressed_at = None;
        turn.status.deadline_missed = None;
    } else if turn.status.progressed_at.is_none() {
        turn.progressed();
    }
}

/// When the deadline passes if nothing moves until then.
pub(crate) fn moment(turn: &Turn<'_>) -> Option<Timestamp> {
    let since = turn.status.progressed_at?;
    Some(since.after(turn.spec.progress_deadline))
}

/// Whether it is the rollout's turn to move: not while it is held, waits as a step tells it to, was
/// taken back, or has arrived.
fn counts(turn: &Turn<'_>) -> bool {
    let waits = match turn.spec.blue_green() {
        Some(_) => blue_green::measures(turn),
        None => turn.step().is_some_and(|step| match step.deciding() {
            Step::Pause(_) => true,
            Step::Ring(_) => ring::is_soaking(turn),
            Step::Auto(_) => auto::waits(turn),
            _ => step.is_judged(),
        }),
    };
    let held =
        (turn.spec.paused || turn.status.pause.is_some()) && !makes(Mistake::DeadlineWhilePaused);
    let waits = waits && !makes(Mistake::DeadlineWhilePaused);
    !waits && !held && turn.status.abort.is_none() && !turn.arrived()
}
