//! When to look again though nothing is seen to change.

use std::time::Duration;

use tidegate_units::Timestamp;

use crate::{Action, Step, auto, blue_green, deadline, turn::Turn};

/// What may have changed without being seen to is looked at again after this long: short beside
/// every delay that people set, long beside a plan.
const AGAIN: Duration = Duration::from_millis(100);

/// Orders that are not seen to be fulfilled are repeated after this long, in case they were lost:
/// long enough for most to be fulfilled, short beside the deadline.
const REPEAT: Duration = Duration::from_secs(5);

/// The next moment at which time alone changes the plan.
pub(crate) fn next(turn: &Turn<'_>, actions: &[Action]) -> Option<Timestamp> {
    let scale_downs = turn
        .status
        .revisions
        .values()
        .filter_map(|record| record.scale_down_at)
        .filter(|at| *at > turn.now);
    let replicas = turn
        .status
        .revisions
        .keys()
        .filter_map(|revision| turn.seen_of(revision).next_available)
        .map(|at| at.max(turn.now.after(AGAIN)));
    let deadline = deadline::moment(turn).filter(|_| turn.status.deadline_missed.is_none());
    let restart = turn.spec.restart_at.filter(|at| *at > turn.now);
    scale_downs
        .chain(replicas)
        .chain(pause_end(turn))
        .chain(deadline)
        .chain(restart)
        .chain(decided(turn))
        .chain(auto::due(turn).map(|due| due.max(turn.now.after(AGAIN))))
        .chain((!actions.is_empty()).then(|| turn.now.after(REPEAT)))
        .min()
}

/// A plan that decided something may allow the next decision at once, such as a step that nothing
/// has to be seen for: then nothing would be seen to change.
fn decided(turn: &Turn<'_>) -> Option<Timestamp> {
    (!turn.events.is_empty()).then(|| turn.now.after(AGAIN))
}

/// When the pause that the strategy asks for ends by itself.
pub(crate) fn pause_end(turn: &Turn<'_>) -> Option<Timestamp> {
    let end = match (turn.spec.blue_green(), turn.step().map(Step::deciding)) {
        (Some(settings), _) => blue_green::pause_end(turn, settings),
        (None, Some(Step::Pause(Some(duration)))) => {
            turn.status.step_started.map(|started| started.after(*duration))
        }
        (None, Some(Step::Ring(ring))) => {
            turn.status.ring_open.map(|opened| opened.after(ring.soak))
        }
        (None, _) => None,
    };
    end.filter(|end| !turn.frozen() && *end > turn.now)
}
