//! When to look again though nothing is seen to change.

use std::time::Duration;

use tidegate_units::Timestamp;

use crate::{Step, deadline, turn::Turn};

/// A moment that has passed without the observation showing its effect is looked at again after
/// this long: short beside every delay that people set, long beside a plan.
const AGAIN: Duration = Duration::from_millis(100);

/// The next moment at which time alone changes the plan.
pub(crate) fn next(turn: &Turn<'_>) -> Option<Timestamp> {
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
        .chain(unseen_split(turn))
        .min()
}

/// With no Service nobody confirms a split, so nothing is seen to change when it holds.
fn unseen_split(turn: &Turn<'_>) -> Option<Timestamp> {
    let unseen = turn.seen.no_service && turn.status.route != turn.before.route;
    unseen.then(|| turn.now.after(AGAIN))
}

/// When the pause of the current step ends by itself.
pub(crate) fn pause_end(turn: &Turn<'_>) -> Option<Timestamp> {
    let Some(Step::Pause(Some(duration))) = turn.step() else {
        return None;
    };
    let started = turn.status.step_started?;
    Some(started.after(*duration)).filter(|end| !turn.frozen() && *end > turn.now)
}
