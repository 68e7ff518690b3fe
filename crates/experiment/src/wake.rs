//! When to look again though nothing is seen to change.

use std::time::Duration;

use tidegate_units::Timestamp;

use crate::{Action, Template, turn::Turn};

/// What may have changed without being seen to is looked at again after this long: short beside
/// every delay that people set, long beside a plan.
const AGAIN: Duration = Duration::from_millis(100);

/// Orders that are not seen to be fulfilled are repeated after this long, in case they were lost.
const REPEAT: Duration = Duration::from_secs(5);

/// The next moment at which time alone changes the plan.
pub(crate) fn next(turn: &Turn<'_>, actions: &[Action]) -> Option<Timestamp> {
    let templates = turn.spec.templates.iter().flat_map(|template| of_template(turn, template));
    let end = turn.ends_at().filter(|end| *end > turn.now && !turn.status.phase.is_completed());
    let decided = (!turn.events.is_empty()).then(|| turn.now.after(AGAIN));
    let repeat = (!actions.is_empty()).then(|| turn.now.after(REPEAT));
    templates.chain(end).chain(decided).chain(repeat).min()
}

fn of_template(turn: &Turn<'_>, template: &Template) -> impl Iterator<Item = Timestamp> {
    let record = turn.status.templates.get(&template.name);
    let seen = turn.seen_of(template);
    let scale_down = record.and_then(|record| record.scale_down_at);
    let available = seen.next_available.map(|at| at.max(turn.now.after(AGAIN)));
    let deadline = record
        .filter(|record| !record.phase.is_completed() && seen.available != template.replicas)
        .map(|record| record.changed_at.after(turn.spec.progress_deadline));
    let later = turn.now.after(AGAIN);
    [scale_down, available, deadline].into_iter().flatten().map(move |at| at.max(later))
}
