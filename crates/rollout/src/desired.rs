//! Joins split and replicas: where a router splits, replicas follow the split; where none does, the
//! split follows the replicas.

use tidegate_units::Weight;

use crate::{
    Event, replicas, split,
    turn::{Turn, share},
};

/// Decides the split and the replicas that should hold now.
pub(crate) fn settle(turn: &mut Turn<'_>) {
    if turn.spec.canary.routed {
        settle_split(turn);
        replicas::by_split(turn);
    } else {
        replicas::by_share(turn);
        settle_split(turn);
    }
}

fn settle_split(turn: &mut Turn<'_>) {
    let next = split::wanted(turn);
    let current = turn.current();
    let (from, to) = (turn.status.weight, share(&next, current));
    if from != to {
        turn.events.push(Event::WeightSet { revision: current.clone(), from, to });
        turn.status.weight = to;
        come_nearer(turn);
    }
    turn.status.route = next;
}

/// A share that comes nearer to that of its step than it ever was is progress; one that goes and
/// comes with a crashing replica is none.
fn come_nearer(turn: &mut Turn<'_>) {
    let (has, target) = (turn.status.weight.percent(), turn.target().percent());
    let missing = Weight::new(has.abs_diff(target)).unwrap_or(Weight::FULL);
    if missing < turn.status.weight_missing {
        turn.status.weight_missing = missing;
        turn.progressed();
    }
}
