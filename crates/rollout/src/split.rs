//! Which revision gets which share of the traffic.

use tidegate_units::{RevisionHash, Weight};

use crate::{
    by_counts, guests,
    turn::{Turn, share},
};

/// A split of the traffic; the weights add up to everything, or there are none.
pub(crate) type Split = Vec<(RevisionHash, Weight)>;

/// The split that should hold now.
pub(crate) fn wanted(turn: &Turn<'_>) -> Split {
    let Some(stable) = &turn.status.stable else {
        return first(turn);
    };
    let next = guests::beside(turn, stable, own(turn, stable));
    if turn.spec.canary().routed { next } else { held(turn, stable, next) }
}

/// While it is held, the canary's share of the replicas may fall but not rise.
fn held(turn: &Turn<'_>, stable: &RevisionHash, mut next: Split) -> Split {
    let canary = turn.current();
    let has = share(&turn.status.route, canary);
    let wants = share(&next, canary);
    if !turn.frozen() || wants <= has || canary == stable {
        return next;
    }
    let given = share(&next, stable).plus(wants.minus(has));
    next.retain(|(revision, _)| revision != stable && revision != canary);
    next.extend([(canary.clone(), has), (stable.clone(), given)]);
    next.retain(|(_, weight)| *weight > Weight::ZERO);
    next
}

/// The split among the rollout's own revisions.
fn own(turn: &Turn<'_>, stable: &RevisionHash) -> Split {
    let route = guests::without(turn);
    let next = if turn.spec.canary().routed {
        by_steps(turn, stable, &route)
    } else {
        by_counts::split(turn, stable, &route)
    };
    if loses_what_serves(turn, stable, &next) { route } else { next }
}

/// With no stable revision yet nobody else has users, and the first replica that is there serves.
pub(crate) fn first(turn: &Turn<'_>) -> Split {
    let current = turn.current();
    if turn.available(current) == 0 {
        turn.status.route.clone()
    } else {
        vec![(current.clone(), Weight::FULL)]
    }
}

fn by_steps(turn: &Turn<'_>, stable: &RevisionHash, route: &Split) -> Split {
    let has = share(route, turn.current());
    let weight = if turn.advancing() { by_step(turn, has) } else { Weight::ZERO };
    as_far_as_stable_carries(turn, stable, route, between(turn.current(), stable, weight))
}

/// The step's weight, once the replicas that carry it are there; until then what it had, or, if it
/// fell below that with its replicas, the weight of the step before. A canary with no available
/// replica gets nothing.
fn by_step(turn: &Turn<'_>, has: Weight) -> Weight {
    let canary = turn.current();
    let (index, target) = (turn.status.step_index, turn.target());
    let steps = [Some(index), index.checked_sub(1)].into_iter().flatten();
    let carried = steps.into_iter().find(|index| turn.carries(*index));
    let next = carried.map_or(Weight::ZERO, |index| turn.target_at(index).min(target));
    let kept = if turn.available(canary) > 0 { has.min(target) } else { Weight::ZERO };
    capped(turn, has, next.max(kept))
}

/// While it is held, a share may fall but not rise.
fn capped(turn: &Turn<'_>, has: Weight, target: Weight) -> Weight {
    if turn.frozen() { target.min(has) } else { target }
}

/// `part` of `part + rest` in percent, to the nearest; what is there at all gets at least 1.
pub(crate) fn proportion(part: u32, rest: u32) -> Weight {
    match (part, rest) {
        (0, _) => Weight::ZERO,
        (_, 0) => Weight::FULL,
        _ => {
            let whole = u64::from(part) + u64::from(rest);
            let percent = (u64::from(part) * 200 + whole) / (2 * whole);
            let percent = u8::try_from(percent.clamp(1, 99)).unwrap_or(99);
            Weight::new(percent).unwrap_or(Weight::FULL)
        }
    }
}

pub(crate) fn between(canary: &RevisionHash, stable: &RevisionHash, weight: Weight) -> Split {
    if canary == stable || weight == Weight::ZERO {
        vec![(stable.clone(), Weight::FULL)]
    } else if weight == Weight::FULL {
        vec![(canary.clone(), Weight::FULL)]
    } else {
        vec![(canary.clone(), weight), (stable.clone(), weight.rest())]
    }
}

/// With `dynamicStableScale` the stable revision may be small when requests come back to it. Its
/// share rises only as far as its available replicas carry it; what is left of the requests stays
/// with who had them, if anybody there answers.
fn as_far_as_stable_carries(
    turn: &Turn<'_>,
    stable: &RevisionHash,
    route: &Split,
    next: Split,
) -> Split {
    if !turn.spec.canary().dynamic_stable {
        return next;
    }
    let (has, wants) = (share(route, stable), share(&next, stable));
    let may = has.max(turn.spec.carried_by(turn.available(stable)));
    let holder = route
        .iter()
        .filter(|(revision, _)| revision != stable && turn.available(revision) > 0)
        .max_by_key(|(_, weight)| *weight);
    match holder {
        Some((holder, _)) if wants > may => between(holder, stable, may.rest()),
        _ => next,
    }
}

/// Whether `next` takes traffic from a revision that serves and gives it to a stable one that has
/// no available replica.
pub(crate) fn loses_what_serves(turn: &Turn<'_>, stable: &RevisionHash, next: &Split) -> bool {
    turn.available(stable) == 0
        && share(next, stable) > share(&turn.status.route, stable)
        && turn.status.route.iter().any(|(revision, weight)| {
            revision != stable && turn.available(revision) > 0 && share(next, revision) < *weight
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_and_never_vanish() {
        for (part, rest, percent) in [
            (0, 3, 0),
            (3, 0, 100),
            (1, 2, 33),
            (2, 1, 67),
            (1, 1, 50),
            (1, 999, 1),
            (999, 1, 99),
            (1, 7, 13),
            (u32::MAX, u32::MAX, 50),
        ] {
            assert_eq!(Ok(proportion(part, rest)), Weight::new(percent), "{part} to {rest}");
        }
    }
}
