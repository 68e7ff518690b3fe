//! How many replicas each revision should have.

use std::time::Duration;

use tidegate_units::{RevisionHash, Timestamp};

use crate::{
    Event,
    basic::{self, Side},
    turn::{Turn, share, share_seen},
};

/// Replicas where a router splits: the stable revision keeps all of its own, the canary has what
/// its weight needs, and nothing shrinks that may still be given traffic.
pub(crate) fn by_split(turn: &mut Turn<'_>) {
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
    let next = if Some(revision) == turn.status.stable.as_ref() {
        return turn.spec.replicas;
    } else if revision != turn.current() {
        count_of_old(turn, revision)
    } else if turn.status.stable.is_none() {
        unless_held(turn, wanted, turn.spec.replicas)
    } else if turn.status.abort.is_some() {
        let stays = abort_scale_down(turn).is_none_or(|until| until > turn.now);
        if stays { wanted } else { 0 }
    } else {
        unless_held(turn, wanted, turn.replicas_for(turn.target()))
    };
    let carried = turn.replicas_for(share(&turn.status.route, revision));
    let needed = next.max(carried).max(in_use(turn, revision));
    if may_shrink(turn) { needed } else { needed.max(wanted) }
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
    turn.replicas_for(weight).min(turn.seen_of(revision).replicas)
}

/// While the router is not known to follow the split, it may follow any that it was ever told, and
/// nothing shrinks.
fn may_shrink(turn: &Turn<'_>) -> bool {
    turn.status.route == turn.before.route && turn.routed()
}

/// What is held does not grow.
pub(crate) fn unless_held(turn: &Turn<'_>, wanted: u32, next: u32) -> u32 {
    if turn.frozen() { next.min(wanted) } else { next }
}

fn count_of_old(turn: &Turn<'_>, revision: &RevisionHash) -> u32 {
    let record = turn.status.revisions.get(revision);
    let until = record.and_then(|record| record.scale_down_at);
    if until.is_some_and(|until| until > turn.now) { turn.wanted(revision) } else { 0 }
}

/// When the replicas of an aborted canary go; none: never.
pub(crate) fn abort_scale_down(turn: &Turn<'_>) -> Option<Timestamp> {
    let abort = turn.status.abort.as_ref()?;
    let delay = turn.spec.canary().abort_scale_down_delay;
    let delay = delay.filter(|delay| *delay > Duration::ZERO)?;
    Some(abort.at.after(delay))
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
