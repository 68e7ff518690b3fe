//! How many replicas each revision should have.

use std::time::Duration;

use tidegate_planted::{Mistake, makes};
use tidegate_units::{RevisionHash, Timestamp};

use crate::{
    Event, Step,
    basic::{self, Side},
    by_counts, rules,
    turn::{Turn, share, share_seen},
};

/// Replicas where a router splits: the stable revision keeps all of its own, or what its share
/// needs, the canary has what its weight or its scale needs, and nothing shrinks that may still be
/// given traffic.
pub(crate) fn by_split(turn: &mut Turn<'_>) {
    note_recovery(turn);
    let counts: Vec<(RevisionHash, u32)> = turn
        .status
        .revisions
        .keys()
        .map(|revision| (revision.clone(), count_by_split(turn, revision)))
        .collect();
    for (revision, count) in counts {
        set(turn, &revision, count);
    }
    let until = abort_scale_down(turn);
    let canary = turn.record(turn.current());
    canary.scale_down_at = until.filter(|_| canary.replicas > 0);
}

fn count_by_split(turn: &Turn<'_>, revision: &RevisionHash) -> u32 {
    let wanted = turn.wanted(revision);
    let (next, serving) = if Some(revision) == turn.status.stable.as_ref() {
        (count_of_stable(turn, revision), serving(turn, revision).min(turn.spec.replicas))
    } else if revision == turn.current() {
        (count_of_canary(turn, wanted), serving_canary(turn))
    } else {
        (count_of_old(turn, revision), serving(turn, revision))
    };
    let serving = if makes(Mistake::ShrinksWithThePlan) { 0 } else { serving };
    let needed = next.max(serving).max(rules::replicas_needed(turn, revision));
    let whole = Some(revision) == turn.status.stable.as_ref() && needed == turn.spec.replicas;
    if whole || may_shrink(turn) { needed } else { needed.max(wanted) }
}

fn count_of_canary(turn: &Turn<'_>, wanted: u32) -> u32 {
    if turn.status.stable.is_none() {
        unless_held(turn, wanted, turn.spec.replicas)
    } else if turn.status.abort.is_none() {
        unless_held(turn, wanted, turn.spec.canary_replicas_at(turn.status.step_index))
    } else if makes(Mistake::CanaryStaysAfterAbort) {
        wanted
    } else if goes_with_its_share(turn)
        || abort_scale_down(turn).is_some_and(|until| until <= turn.now)
    {
        0
    } else {
        wanted
    }
}

/// Who sets a scale says how many replicas carry the share, be it few.
fn serving_canary(turn: &Turn<'_>) -> u32 {
    let index = turn.status.step_index;
    let scaled = turn.advancing()
        && turn.spec.canary().scale_at(index).is_some()
        && turn.spec.canary_replicas_at(index) > 0;
    if scaled { 0 } else { serving(turn, turn.current()) }
}

/// Replicas that carry what a revision is to be given, or may still be given by an older split.
fn serving(turn: &Turn<'_>, revision: &RevisionHash) -> u32 {
    turn.spec.carriers(share(&turn.status.route, revision)).max(in_use(turn, revision))
}

/// All that are wanted; with `dynamicStableScale`, beside a canary, what the canary leaves. What an
/// aborted one leaves grows step by step, so that no more replicas are there than on the way up.
fn count_of_stable(turn: &Turn<'_>, stable: &RevisionHash) -> u32 {
    if !turn.in_flight() || !turn.spec.canary().dynamic_stable {
        return turn.spec.replicas;
    }
    if turn.advancing() {
        // A scale says how many the new one has, not that the others may carry less than their share.
        let carriers = turn.spec.carriers(turn.target().rest());
        return turn.spec.stable_replicas_at(turn.status.step_index).max(carriers);
    }
    let has = share(&turn.status.route, stable);
    let parts = turn.spec.canary().steps.iter().flat_map(Step::parts);
    let counts = parts.filter_map(|part| match part {
        Step::SetWeight(weight) if *weight < has.rest() => Some(turn.spec.carriers(weight.rest())),
        _ => None,
    });
    // Of a finer weight the share that they are given may be rounded down to what there is already.
    let grown = counts.filter(|count| turn.spec.carried_by(*count) > has).min();
    grown.unwrap_or(turn.spec.replicas)
}

/// Whether an aborted canary loses its replicas as it loses its share, with no delay after that.
fn goes_with_its_share(turn: &Turn<'_>) -> bool {
    turn.spec.canary().abort_scale_down_delay == Some(Duration::ZERO)
}

/// `next` replicas of a revision, or as many more as may still be given requests.
pub(crate) fn unless_in_use(turn: &Turn<'_>, revision: &RevisionHash, next: u32) -> u32 {
    let needed = next.max(in_use(turn, revision));
    if may_shrink(turn) { needed } else { needed.max(turn.wanted(revision)) }
}

/// Replicas that are there and may still get requests by an older split. They stay even if they
/// were told to go: that may not have been heard.
fn in_use(turn: &Turn<'_>, revision: &RevisionHash) -> u32 {
    let seen = share_seen(turn.seen.routed.as_ref(), revision);
    let weight = seen.max(share(&turn.before.route, revision));
    turn.spec.carriers(weight).min(turn.seen_of(revision).replicas)
}

/// While the router is not known to follow the split, it may follow any that it was ever told, and
/// nothing shrinks.
fn may_shrink(turn: &Turn<'_>) -> bool {
    let settled = turn.status.route == turn.before.route && turn.status.rules == turn.before.rules;
    (settled && turn.routed()) || makes(Mistake::ShrinksWithThePlan)
}

/// What is held does not grow.
pub(crate) fn unless_held(turn: &Turn<'_>, wanted: u32, next: u32) -> u32 {
    if turn.frozen() { next.min(wanted) } else { next }
}

fn count_of_old(turn: &Turn<'_>, revision: &RevisionHash) -> u32 {
    let record = turn.status.revisions.get(revision);
    let until = record.and_then(|record| record.scale_down_at);
    let stays = until.is_some_and(|until| until > turn.now) && !is_beyond_limit(turn, revision);
    if stays || makes(Mistake::OldOnesStay) { turn.wanted(revision) } else { 0 }
}

/// Whether as many newer old revisions wait for their scale-down already as may.
fn is_beyond_limit(turn: &Turn<'_>, revision: &RevisionHash) -> bool {
    let Some(limit) = turn.spec.canary().scale_down_revision_limit else {
        return false;
    };
    let waits = |old: &&RevisionHash| {
        let record = turn.status.revisions.get(*old);
        record.and_then(|record| record.scale_down_at).is_some_and(|until| until > turn.now)
    };
    let number = |old| turn.status.revisions.get(old).map_or(0, |record| record.number);
    let newer = turn.old_revisions().filter(waits).filter(|old| number(old) > number(revision));
    newer.count() >= usize::try_from(limit).unwrap_or(usize::MAX)
}

/// When the replicas of an aborted canary go: the delay begins once the stable revision can serve
/// everybody. None: not known yet, or never.
fn abort_scale_down(turn: &Turn<'_>) -> Option<Timestamp> {
    let delay = turn.spec.canary().abort_scale_down_delay?;
    Some(turn.status.recovered_at?.after(delay))
}

/// Takes note when, after an abort, the stable revision has all its replicas.
pub(crate) fn note_recovery(turn: &mut Turn<'_>) {
    let stable = turn.stable_beside().filter(|_| turn.status.abort.is_some());
    let whole = stable.map(|stable| turn.available(stable) >= turn.spec.replicas);
    turn.status.recovered_at = match whole {
        None => None,
        Some(whole) => turn.status.recovered_at.or(whole.then_some(turn.now)),
    };
}

/// Replicas where no router splits: see [`basic`].
pub(crate) fn by_share(turn: &mut Turn<'_>) {
    let order = order_of_growth(turn);
    let sides: Vec<Side> = order
        .iter()
        .map(|(revision, target)| {
            let seen = turn.seen_of(revision);
            Side {
                target: *target,
                wanted: turn.wanted(revision),
                replicas: seen.replicas,
                available: seen.available,
                carrying: by_counts::carrying(turn, revision),
            }
        })
        .collect();
    let counts = basic::next_counts(basic::bounds(turn.spec), &sides);
    for ((revision, _), count) in order.iter().zip(counts) {
        set(turn, revision, count);
    }
}

/// Stable, canary, then the old ones, each with its target.
fn order_of_growth(turn: &Turn<'_>) -> Vec<(RevisionHash, u32)> {
    let canary = turn.current();
    let wanted = turn.wanted(canary);
    let mut order = Vec::with_capacity(turn.status.revisions.len());
    if let Some(stable) = turn.stable_beside() {
        let mut targets = basic::targets(turn.spec, turn.target());
        if turn.frozen() && targets.canary > wanted {
            targets.canary = wanted;
            let rest = turn.spec.replicas.saturating_sub(wanted);
            targets.stable = targets.stable.max(rest);
        }
        order.push((stable.clone(), targets.stable));
        order.push((canary.clone(), targets.canary));
    } else if turn.status.stable.is_none() {
        let target = unless_held(turn, wanted, turn.spec.replicas);
        order.push((canary.clone(), target));
    } else {
        order.push((canary.clone(), turn.spec.replicas));
    }
    order.extend(turn.old_revisions().map(|old| (old.clone(), 0)));
    order
}

pub(crate) fn set(turn: &mut Turn<'_>, revision: &RevisionHash, count: u32) {
    let record = turn.record(revision);
    let from = record.replicas;
    record.replicas = count;
    if count == 0 {
        record.scale_down_at = None;
    }
    if from != count {
        turn.events.push(Event::Scaled { revision: revision.clone(), from, to: count });
    }
}
