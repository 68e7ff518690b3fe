//! Blue-green: the new revision is made whole beside the stable one, is tested there, takes over in
//! one step of the route table, is judged, and only then becomes stable.
//!
//! Which revision takes the requests of users, the *active* one, is told by the split: it has all
//! of them. Two rules carry the safety of it:
//! - The new revision becomes active only with as many available replicas as are wanted in all.
//! - Until it is stable, the stable one keeps all of its replicas and takes everything back in one
//!   step: on an abort, on a failed analysis, or when nobody is left to answer.
//!
//! A revision that was superseded while it was active stays so until the one that follows takes
//! over, as in Argo Rollouts: users are moved once, not twice.

mod command;
mod cut_over;
mod progress;
mod replicas;
mod settings;
mod view;

use tidegate_planted::{Mistake, makes};
use tidegate_units::{RevisionHash, Timestamp, Weight};

use crate::{
    PauseReason, PauseState, RunKind, guests, runs,
    split::{self, Split},
    turn::{Turn, share},
};

pub(crate) use command::promote;
pub use cut_over::CutOver;
pub use progress::BlueGreenProgress;
pub(crate) use replicas::settle as settle_replicas;
pub use settings::{BlueGreen, Promotion};
pub(crate) use view::{holds, steps, unfinished, view};

/// Takes the gates that are open: those before the switch, or that after it.
pub(crate) fn advance(turn: &mut Turn<'_>, settings: &BlueGreen) {
    if !turn.advancing() {
        return;
    }
    if turn.status.pause.is_some_and(|pause| pause.reason == PauseReason::BlueGreen) {
        turn.status.pause = None;
    }
    if skips_gates(turn) {
        turn.status.blue_green.cleared = true;
    } else if is_active(turn, turn.current()) {
        judge(turn, settings);
    } else {
        prepare(turn, settings);
    }
    cut_over::advance(turn);
}

/// Whether nothing is tested and nobody is asked: all was asked to be skipped, or the revision
/// stands by from before.
fn skips_gates(turn: &Turn<'_>) -> bool {
    !turn.is_stepwise() || turn.status.blue_green.returning
}

/// Before the switch: the replicas of the preview, the analysis, the pause, in this order.
fn prepare(turn: &mut Turn<'_>, settings: &BlueGreen) {
    if settings.pre_promotion.is_none() && has_run(turn, RunKind::PrePromotion) {
        runs::drop_step(turn);
    }
    let available = turn.available(turn.current());
    let ready = available >= preview_replicas(turn, settings);
    if turn.status.blue_green.cleared || turn.frozen() || !ready {
        return;
    }
    if settings.pre_promotion.is_some() && !turn.status.blue_green.tested {
        if !runs::passed(turn, RunKind::PrePromotion) && !makes(Mistake::SwitchesUntested) {
            return;
        }
        runs::drop_step(turn);
        turn.status.blue_green.tested = true;
        turn.progressed();
    }
    if pause_is_over(turn, settings) {
        turn.status.blue_green.cleared = true;
        turn.progressed();
    }
}

fn has_run(turn: &Turn<'_>, kind: RunKind) -> bool {
    turn.status.step_run.as_ref().is_some_and(|run| run.kind == kind)
}

fn pause_is_over(turn: &mut Turn<'_>, settings: &BlueGreen) -> bool {
    if settings.promotion == Promotion::AtOnce {
        return true;
    }
    let started = *turn.status.blue_green.paused_at.get_or_insert(turn.now);
    let over = match settings.promotion {
        Promotion::After(delay) => started.after(delay) <= turn.now,
        Promotion::AtOnce | Promotion::ByHand => false,
    };
    if !over {
        turn.status.pause = Some(PauseState { reason: PauseReason::BlueGreen, started });
    }
    over
}

/// When the pause before the switch ends by itself, or a share of a gradual one has held for its time.
pub(crate) fn pause_end(turn: &Turn<'_>, settings: &BlueGreen) -> Option<Timestamp> {
    let progress = turn.status.blue_green;
    match settings.promotion {
        Promotion::After(delay) if !progress.cleared => progress.paused_at?.after(delay).into(),
        _ => cut_over::end(turn, settings),
    }
}

/// After the switch: the analysis, begun once the router is seen to follow.
fn judge(turn: &mut Turn<'_>, settings: &BlueGreen) {
    let wanted = settings.post_promotion.is_some() && !turn.status.blue_green.proven;
    let begun = has_run(turn, RunKind::PostPromotion);
    let whole = turn.routed() && turn.available(turn.current()) >= turn.spec.replicas;
    if !wanted || turn.frozen() || !(begun || whole) {
        return;
    }
    if runs::passed(turn, RunKind::PostPromotion) {
        runs::drop_step(turn);
        turn.status.blue_green.proven = true;
        turn.progressed();
    }
}

/// Whether the active revision may become stable, for all that is known of it. With no replicas
/// wanted there is nobody to be active, and nothing to judge.
pub(crate) fn is_proven(turn: &Turn<'_>, settings: &BlueGreen) -> bool {
    let progress = turn.status.blue_green;
    let judged = settings.post_promotion.is_none() || progress.proven || turn.spec.replicas == 0;
    let passed = progress.cleared || is_active(turn, turn.current());
    !turn.in_flight() || skips_gates(turn) || (passed && judged)
}

/// Whether an analysis is waited for, or for a share to have held: then nothing need move.
pub(crate) fn measures(turn: &Turn<'_>) -> bool {
    let run = turn.status.step_run.as_ref();
    turn.status.blue_green.share_since.is_some()
        || run.is_some_and(|run| !turn.status.runs_ended.contains(&run.name))
}

/// Whether a revision takes all requests, by the split that was decided last.
fn is_active(turn: &Turn<'_>, revision: &RevisionHash) -> bool {
    share(&turn.status.route, revision) == Weight::FULL
}

/// The share that the current revision is on its way to.
pub(crate) fn target(turn: &Turn<'_>) -> Weight {
    if let Some(weight) = cut_over::weight(turn) {
        return weight;
    }
    let takes_over = turn.status.blue_green.cleared || is_active(turn, turn.current());
    if takes_over { Weight::FULL } else { Weight::ZERO }
}

/// The split that should hold now: all to one revision, unless it takes over little by little. A split that another strategy left is kept
/// while the stable revision has nobody to answer.
pub(crate) fn split(turn: &Turn<'_>) -> Split {
    let Some(stable) = &turn.status.stable else {
        return split::first(turn);
    };
    let next = cut_over::split(turn, stable)
        .unwrap_or_else(|| vec![(active(turn, stable).clone(), Weight::FULL)]);
    if split::loses_what_serves(turn, stable, &next) { guests::without(turn) } else { next }
}

/// Who should take all requests: the new revision once it may, until then who does now. The stable
/// one takes them back as soon as nobody else may have them or nobody else answers, and gives them
/// up where it has nobody to answer itself.
fn active<'t>(turn: &'t Turn<'_>, stable: &'t RevisionHash) -> &'t RevisionHash {
    let serves = |revision: &&RevisionHash| turn.available(revision) > 0;
    let now = turn.status.route.iter().find(|(_, weight)| *weight == Weight::FULL);
    let now = now.map(|(revision, _)| revision).filter(serves);
    let is_stable_down = turn.available(stable) == 0;
    match now {
        _ if may_switch(turn) => turn.current(),
        Some(now) if turn.advancing() || is_stable_down => now,
        _ => stable,
    }
}

/// Whether the new revision may take over now.
fn may_switch(turn: &Turn<'_>) -> bool {
    turn.advancing()
        && turn.status.blue_green.cleared
        && !turn.frozen()
        && (turn.available(turn.current()) >= turn.spec.replicas.max(1)
            || makes(Mistake::SwitchesUnready))
}

/// How many replicas the new revision has until it is to take over.
fn preview_replicas(turn: &Turn<'_>, settings: &BlueGreen) -> u32 {
    settings.preview_replicas.unwrap_or(turn.spec.replicas)
}

/// Whether a revision that is wanted again is older than the stable one, was stable before it, and
/// still stands by. (Argo Rollouts does not ask whether it ever was stable.)
pub(crate) fn stands_by(turn: &Turn<'_>, revision: &RevisionHash) -> bool {
    let known = &turn.before.revisions;
    let stable = turn.before.stable.as_ref().and_then(|stable| known.get(stable));
    known.get(revision).zip(stable).is_some_and(|(record, stable)| {
        record.was_stable
            && record.created_at < stable.created_at
            && record.replicas > 0
            && record.scale_down_at > Some(turn.now)
    })
}
