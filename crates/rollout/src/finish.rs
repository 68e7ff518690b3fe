//! How a change ends: the canary becomes stable, or is taken back.

use std::time::Duration;

use tidegate_planted::{Mistake, makes};
use tidegate_units::{RevisionHash, Weight};

use crate::{
    BlueGreenProgress, Event, PauseReason, blue_green, runs,
    turn::{Turn, share},
};

/// Makes the current revision stable once it serves all users from all replicas.
pub(crate) fn promote(turn: &mut Turn<'_>) {
    let current = turn.current();
    let stable = turn.status.stable.clone();
    if stable.as_ref() == Some(current) || !may_promote(turn) {
        return;
    }
    runs::drop_all(turn);
    if let Some(old) = stable {
        let until = turn.now.after(scale_down_delay(turn));
        let canary = turn.spec.canary();
        let stays = canary.routed && !canary.dynamic_stable;
        let record = turn.record(&old);
        record.scale_down_at = Some(until).filter(|_| stays && record.replicas > 0);
        record.was_stable = true;
    }
    make_stable(turn, current.clone());
    turn.status.promote_full = false;
    turn.status.pause = None;
    turn.status.step_started = None;
    turn.status.ring_open = None;
    turn.progressed();
}

pub(crate) fn make_stable(turn: &mut Turn<'_>, revision: RevisionHash) {
    turn.record(&revision).was_stable = true;
    turn.status.stable_is_ping = !turn.status.stable_is_ping;
    turn.status.stable = Some(revision.clone());
    turn.events.push(Event::Promoted { revision });
}

fn scale_down_delay(turn: &Turn<'_>) -> Duration {
    match turn.spec.blue_green() {
        Some(settings) => settings.scale_down_delay,
        None => turn.spec.canary().scale_down_delay,
    }
}

fn may_promote(turn: &Turn<'_>) -> bool {
    let current = turn.current();
    let serves_all = turn.spec.replicas == 0
        || (turn.available(current) > 0
            && turn.is_enough(turn.available(current), turn.spec.replicas)
            && share(&turn.status.route, current) == Weight::FULL
            && turn.routed());
    turn.status.abort.is_none()
        && !turn.frozen()
        && turn.status.step_index >= turn.spec.canary().steps.len()
        && turn.spec.blue_green().is_none_or(|settings| blue_green::is_proven(turn, settings))
        && (serves_all || makes(Mistake::PromotesTheUnproven))
}

/// Ends all that was on its way, once it is aborted.
pub(crate) fn take_back(turn: &mut Turn<'_>) {
    let Some(abort) = turn.status.abort.clone() else {
        return;
    };
    if turn.status.told.abort != Some(abort.at) {
        turn.status.told.abort = Some(abort.at);
        turn.events.push(Event::Aborted { reason: abort.reason });
    }
    if !makes(Mistake::RetryKeepsTheFailure) {
        runs::drop_all(turn);
    }
    turn.status.step_index = 0;
    turn.status.step_started = None;
    turn.status.ring_open = None;
    turn.status.exposure = None;
    turn.status.skipped_from = None;
    turn.status.lift_pause();
    turn.status.promote_full = false;
    turn.status.blue_green = BlueGreenProgress::default();
}

/// Tells the ledger of a pause that began or ended.
pub(crate) fn note_pause(turn: &mut Turn<'_>) {
    let reason: Option<PauseReason> = turn.status.pause.map(|pause| pause.reason);
    if reason == turn.status.told.pause {
        return;
    }
    turn.status.told.pause = reason;
    turn.events.push(match reason {
        Some(reason) => Event::Paused { reason },
        None => Event::Resumed,
    });
}

/// Has replicas replaced that are older than a `restart_at` that is due, and takes note when none
/// is left. A pause is about revisions, and holds no restart back.
pub(crate) fn restart(turn: &mut Turn<'_>) {
    let due = turn.spec.restart_at.filter(|at| *at <= turn.now);
    if due.is_none() || turn.status.restarted_at == due {
        return;
    }
    turn.status.restart_before = due;
    let renewed = turn.status.revisions.iter().all(|(revision, record)| {
        let seen = turn.seen_of(revision);
        seen.outdated == 0 && (record.replicas == 0 || seen.available >= record.replicas)
    });
    if renewed {
        turn.status.restarted_at = due;
        turn.events.push(Event::Restarted);
    }
}
