//! Which revision gets which share of the traffic.

use tidegate_planted::{Mistake, makes};
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

/// While it is held, the canary's share of the replicas may fall but not rise. Nor does that of one
/// which leaves, when a template gives its own back.
fn held(turn: &Turn<'_>, stable: &RevisionHash, mut next: Split) -> Split {
    let mut over = Weight::ZERO;
    for (revision, weight) in next.iter_mut().filter(|(revision, _)| revision != stable) {
        if !may_rise(turn, stable, revision) {
            let most = share(&turn.status.route, revision).min(*weight);
            over = over.plus(weight.minus(most));
            *weight = most;
        }
    }
    if over > Weight::ZERO {
        let given = share(&next, stable).plus(over);
        next.retain(|(revision, weight)| revision != stable && *weight > Weight::ZERO);
        next.push((stable.clone(), given));
    }
    next
}

/// Whether the share of a revision beside the stable one may rise where the requests follow the
/// replicas. One that was superseded may, rather than that nobody answers.
fn may_rise(turn: &Turn<'_>, stable: &RevisionHash, revision: &RevisionHash) -> bool {
    if revision == turn.current() {
        return turn.advancing() && turn.target() > Weight::ZERO && !turn.frozen();
    }
    let is_guest = !turn.status.revisions.contains_key(revision);
    is_guest || turn.available(stable) == 0
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
    let unsteady = turn.status.abort.is_some() && turn.available(stable) < turn.spec.replicas;
    let weight = if turn.advancing() {
        by_step(turn, has)
    } else if unsteady && makes(Mistake::RisesAfterAbort) {
        turn.spec.canary().weight_at(0)
    } else {
        Weight::ZERO
    };
    as_far_as_stable_carries(turn, stable, route, between(turn.current(), stable, weight))
}

/// The step's weight, once the replicas that carry it are there; until then what it had, or, if it
/// fell below that with its replicas, the weight of the step before. A canary with no available
/// replica gets nothing.
fn by_step(turn: &Turn<'_>, has: Weight) -> Weight {
    let canary = turn.current();
    let (index, target) = (turn.status.step_index, turn.target());
    let steps = [Some(index), index.checked_sub(1)].into_iter().flatten();
    let may_carry = |index| turn.carries(index) || makes(Mistake::RaisesBeforeReady);
    let carried = steps.into_iter().find(|index| may_carry(*index));
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
        let rest = if makes(Mistake::SharesOverAll) { Weight::FULL } else { weight.rest() };
        vec![(canary.clone(), weight), (stable.clone(), rest)]
    }
}

/// With `dynamicStableScale` the stable revision may be small when requests come back to it. Its
/// share rises only as far as its available replicas carry it; what is left of the requests stays
/// with who had them, as much as each of them had, if anybody there answers: first with whoever does,
/// then with those that may be back before the stable revision is.
fn as_far_as_stable_carries(
    turn: &Turn<'_>,
    stable: &RevisionHash,
    route: &Split,
    next: Split,
) -> Split {
    let may = share(route, stable).max(turn.spec.carried_by(turn.available(stable)));
    let answers = |revision: &RevisionHash| turn.available(revision) > 0;
    let mut holders: Vec<_> = route.iter().filter(|(revision, _)| revision != stable).collect();
    let nobody = !holders.iter().any(|(revision, _)| answers(revision));
    let carries = !turn.spec.canary().dynamic_stable || share(&next, stable) <= may;
    if carries || nobody || makes(Mistake::AbortOutrunsStable) {
        return next;
    }
    holders.sort_by_key(|(revision, had)| std::cmp::Reverse((answers(revision), *had)));
    let mut split: Split = next.into_iter().filter(|(revision, _)| revision != stable).collect();
    let mut left = split.iter().fold(may.rest(), |left, (_, weight)| left.minus(*weight));
    for (holder, had) in holders {
        let more = had.minus(share(&split, holder)).min(left);
        left = left.minus(more);
        match split.iter_mut().find(|(revision, _)| revision == holder) {
            Some((_, weight)) => *weight = weight.plus(more),
            None => split.push((holder.clone(), more)),
        }
    }
    split.push((stable.clone(), may.plus(left)));
    split.retain(|(_, weight)| *weight > Weight::ZERO);
    split
}

/// Whether `next` takes traffic from a revision that serves and gives it to a stable one that has
/// no available replica. One that was taken back and kept its share for that reason also keeps it
/// while nobody serves at all: it may be back before the stable revision is.
pub(crate) fn loses_what_serves(turn: &Turn<'_>, stable: &RevisionHash, next: &Split) -> bool {
    if makes(Mistake::TakesWhatAloneServes) {
        return false;
    }
    let route = &turn.status.route;
    let serves = |revision: &RevisionHash| turn.available(revision) > 0;
    let aborted = turn.status.abort.is_some() && turn.spec.replicas > 0;
    let nobody = aborted && !route.iter().any(|(revision, _)| serves(revision));
    !serves(stable)
        && share(next, stable) > share(route, stable)
        && route.iter().any(|(revision, weight)| {
            revision != stable && (nobody || serves(revision)) && share(next, revision) < *weight
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
