//! The gradual cut-over: the new revision takes one share of the requests after the other, in place
//! of one switch. Whatever goes wrong meanwhile, the stable one takes everything back in one step.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_units::{RevisionHash, Timestamp, Weight};

use super::{BlueGreen, is_active, may_switch, skips_gates};
use crate::{
    RolloutStatus,
    split::{Split, between},
    turn::{Turn, share},
};

/// A share of the requests that the new revision takes on its way to all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutOver {
    /// The share.
    pub weight: Weight,
    /// How long it holds, from when the router was seen to follow.
    pub wait: Duration,
}

/// The share that is being taken; none where the switch is not gradual, is done, or is one of those
/// that skip all gates. Only from the stable revision are requests taken little by little: what was
/// superseded while it was active has not proven itself either.
fn current(turn: &Turn<'_>) -> Option<CutOver> {
    let settings = turn.spec.blue_green()?;
    let progress = turn.status.blue_green;
    let stable = turn.stable_beside()?;
    let mut split = turn.status.route.iter();
    let between_two = split.all(|(revision, _)| revision == stable || revision == turn.current());
    let begun = turn.advancing() && progress.cleared && !skips_gates(turn);
    let cut = settings.cut_over.get(progress.shares_taken)?;
    (begun && between_two && !is_active(turn, turn.current())).then_some(*cut)
}

/// The share of the new revision while it takes over little by little.
pub(super) fn weight(turn: &Turn<'_>) -> Option<Weight> {
    current(turn).map(|cut| cut.weight)
}

/// Goes on to the next share once this one has held for its time. Where none is taken, none holds.
pub(super) fn advance(turn: &mut Turn<'_>) {
    let Some(cut) = current(turn) else {
        turn.status.blue_green.share_since = None;
        return;
    };
    if turn.frozen() {
        return;
    }
    let holds = share(&turn.status.route, turn.current()) == cut.weight && turn.routed();
    if !holds || !may_switch(turn) {
        turn.status.blue_green.share_since = None;
        return;
    }
    let since = *turn.status.blue_green.share_since.get_or_insert(turn.now);
    if since.after(cut.wait) <= turn.now {
        next(&mut turn.status);
        turn.progressed();
    }
}

/// Takes the share as done.
fn next(status: &mut RolloutStatus) {
    status.blue_green.shares_taken += 1;
    status.blue_green.share_since = None;
}

/// Somebody promotes while a share holds: the next one is taken. Whether there is one that holds.
pub(super) fn promote(status: &mut RolloutStatus) -> bool {
    let holds = status.blue_green.share_since.is_some();
    if holds {
        next(status);
    }
    holds
}

/// When the share that holds has held for its time.
pub(super) fn end(turn: &Turn<'_>, settings: &BlueGreen) -> Option<Timestamp> {
    let progress = turn.status.blue_green;
    let cut = settings.cut_over.get(progress.shares_taken)?;
    Some(progress.share_since?.after(cut.wait))
}

/// The split while the new revision takes over little by little. It rises only with all replicas
/// there, and is kept for as long as those that are left carry it; else the stable one takes
/// everything back.
pub(super) fn split(turn: &Turn<'_>, stable: &RevisionHash) -> Option<Split> {
    let weight = weight(turn)?;
    let canary = turn.current();
    let kept = share(&turn.status.route, canary).min(weight);
    let next = if may_switch(turn) {
        weight
    } else if turn.available(canary) >= turn.spec.carriers(kept).max(1) {
        kept
    } else {
        Weight::ZERO
    };
    Some(between(canary, stable, next))
}
