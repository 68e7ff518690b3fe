//! Joins split and replicas: where a router splits, replicas follow the split; where none does, the
//! split follows the replicas.

use tidegate_units::Weight;

use crate::{
    Event, blue_green, replicas, rules,
    split::{self, Split},
    turn::{Turn, share},
};

/// Decides the split and the replicas that should hold now.
pub(crate) fn settle(turn: &mut Turn<'_>) {
    if let Some(settings) = turn.spec.blue_green() {
        settle_split(turn);
        blue_green::settle_replicas(turn, settings);
    } else if turn.spec.canary().routed {
        settle_split(turn);
        replicas::by_split(turn);
    } else {
        replicas::by_share(turn);
        settle_split(turn);
    }
}

fn settle_split(turn: &mut Turn<'_>) {
    let next = match turn.spec.blue_green() {
        Some(_) => blue_green::split(turn),
        None => split::wanted(turn),
    };
    tell(turn, &next);
    let weight = share(&next, turn.current());
    if turn.status.weight != weight {
        turn.status.weight = weight;
        come_nearer(turn);
    }
    turn.status.route = next;
    settle_rules(turn);
}

fn settle_rules(turn: &mut Turn<'_>) {
    let next = rules::wanted(turn);
    if next != turn.status.rules {
        let routes = next.iter().map(|rule| rule.name.clone()).collect();
        turn.events.push(Event::RoutesSet { routes, sends: rules::send(&next) });
        turn.status.rules = next;
    }
}

/// Tells the ledger of every share that changes, but for that of the stable revision beside a
/// canary: it is what is left.
fn tell(turn: &mut Turn<'_>, next: &Split) {
    let known = &turn.before.route;
    let new = next.iter().filter(|(revision, _)| share(known, revision) == Weight::ZERO);
    let changes: Vec<Event> = known
        .iter()
        .chain(new)
        .filter(|(revision, _)| Some(revision) != turn.stable_beside())
        .map(|(revision, _)| (revision, share(known, revision), share(next, revision)))
        .filter(|(_, from, to)| from != to)
        .map(|(revision, from, to)| Event::WeightSet { revision: revision.clone(), from, to })
        .collect();
    turn.events.extend(changes);
}

/// A share that comes nearer to that of its step than it ever was is progress; one that goes and
/// comes with a crashing replica is none.
fn come_nearer(turn: &mut Turn<'_>) {
    let missing = turn.status.weight.abs_diff(turn.target());
    if missing < turn.status.weight_missing {
        turn.status.weight_missing = missing;
        turn.progressed();
    }
}
