//! Joins split and replicas: where a router splits, replicas follow the split; where none does, the
//! split follows the replicas.

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
        if turn.status.progressed_at.is_some() {
            turn.progressed();
        }
    }
    turn.status.route = next;
}
