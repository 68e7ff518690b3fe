use tidegate_rollout::{
    Action, BlueGreen, BlueGreenProgress, Promotion, RevisionRecord, RunKind, RunSeen,
};
use tidegate_units::{RevisionHash, Timestamp, Weight};

use crate::{
    capacity::wanted,
    case::{Case, share},
    cut_over,
};

/// What is wrong with a revision that takes over from another one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlueGreenViolation {
    /// Blue-green: the requests are divided between revisions, or given to none.
    #[error("all requests belong to one revision, but {revisions} get some")]
    Divided {
        /// How many get requests.
        revisions: usize,
    },
    /// Blue-green: a revision takes over before all of its replicas are available.
    #[error("a revision takes over with {available} available replicas, but needs {needed}")]
    TookOverInPart {
        /// How many are available.
        available: u32,
        /// How many are needed.
        needed: u32,
    },
    /// Blue-green: a revision takes over, or is let to, before it may.
    #[error("the new revision takes over too early: {why}")]
    TookOverEarly {
        /// Why it is too early.
        why: &'static str,
    },
    /// Blue-green: a revision becomes stable before the analysis that follows the switch.
    #[error("revision {revision} becomes stable before its analysis was seen to succeed")]
    NotProven {
        /// Which.
        revision: RevisionHash,
    },
    /// Blue-green: a revision that was stable is not kept for its time.
    #[error("revision {revision} is cut to {replicas} replicas while {needed} stand by")]
    StandbyCut {
        /// Which.
        revision: RevisionHash,
        /// How many it is to have.
        replicas: u32,
        /// How many stand by.
        needed: u32,
    },
}

/// One revision has all requests, unless they are taken over share by share. What another strategy has divided may be told again as it was.
pub(crate) fn undivided(case: &mut Case<'_>) {
    if case.spec.blue_green().is_none() {
        return;
    }
    for action in &case.plan.actions {
        let Action::Route { weights, .. } = action else { continue };
        let revisions = weights.iter().filter(|(_, weight)| *weight > Weight::ZERO).count();
        let told_before = *weights == case.before.route;
        if revisions != 1 && !told_before && !cut_over::is_share(case, weights) {
            case.breaks(BlueGreenViolation::Divided { revisions });
        }
    }
}

/// A revision takes over only with all of its replicas. The stable one need not: it takes back what
/// is to be with nobody else.
pub(crate) fn whole(case: &mut Case<'_>) {
    let Some(revision) = taking_over(case) else { return };
    let (available, needed) = (case.available(revision), case.spec.replicas);
    if available < needed {
        case.breaks(BlueGreenViolation::TookOverInPart { available, needed });
    }
}

/// Beside a stable revision, the one that has all requests by this plan and had not before.
fn taking_over<'a>(case: &Case<'a>) -> Option<&'a RevisionHash> {
    case.spec.blue_green()?;
    let stable = case.before.stable.as_ref().or(case.first())?;
    let all = case.told().iter().find(|(_, weight)| *weight == Weight::FULL);
    let (revision, _) = all?;
    let had = share(&case.before.route, revision) == Weight::FULL;
    let to_stable = revision == stable || case.after.stable.as_ref() == Some(revision);
    (!had && !to_stable && case.spec.replicas > 0).then_some(revision)
}

/// A revision takes over only after its analysis has succeeded and its pause has ended; what is
/// remembered of either was so.
pub(crate) fn gates(case: &mut Case<'_>) {
    let Some(settings) = case.spec.blue_green().filter(|_| case.is_gated()) else { return };
    let (known, after) = (known(case), case.after.blue_green);
    let takes_over = taking_over(case).is_some() || (after.cleared && !known.cleared);
    let returns = after.returning && !known.returning && !stood_by(case);
    let tested = after.tested && !known.tested && !succeeded(case, RunKind::PrePromotion);
    let why = [
        closed(case, settings).filter(|_| takes_over),
        returns.then_some("it does not stand by"),
        tested.then_some("its analysis was not seen to succeed"),
    ];
    for why in why.into_iter().flatten() {
        case.breaks(BlueGreenViolation::TookOverEarly { why });
    }
}

/// What was known of this update.
pub(crate) fn known(case: &Case<'_>) -> BlueGreenProgress {
    if case.is_same_release() { case.before.blue_green } else { BlueGreenProgress::default() }
}

/// Why a revision may not take over.
fn closed(case: &Case<'_>, settings: &BlueGreen) -> Option<&'static str> {
    let known = known(case);
    if case.after.abort.is_some() {
        return Some("it is aborted");
    }
    if case.is_promoted_in_full() || is_returning(case) || known.cleared {
        return None;
    }
    let tested = known.tested || succeeded(case, RunKind::PrePromotion);
    if settings.pre_promotion.is_some() && !tested {
        return Some("its analysis was not seen to succeed");
    }
    let over = |delay| {
        let end = known.paused_at.map(|at| at.after(delay));
        delay.is_zero() || end.is_some_and(|end| end <= case.now)
    };
    match settings.promotion {
        Promotion::ByHand => Some("nobody promoted it"),
        Promotion::After(delay) if !over(delay) => Some("its pause has not ended"),
        Promotion::After(_) | Promotion::AtOnce => None,
    }
}

pub(crate) fn is_returning(case: &Case<'_>) -> bool {
    if case.is_return() {
        return true;
    }
    if case.is_same_release() { case.before.blue_green.returning } else { stood_by(case) }
}

/// Whether the revision that is wanted is older than the stable one, was stable before it, and has
/// its replicas still.
fn stood_by(case: &Case<'_>) -> bool {
    let known = &case.before.revisions;
    let stable = case.before.stable.as_ref().and_then(|stable| known.get(stable));
    known.get(&case.spec.revision).zip(stable).is_some_and(|(record, stable)| {
        stands_by(record, case.now) && record.created_at < stable.created_at
    })
}

fn stands_by(record: &RevisionRecord, now: Timestamp) -> bool {
    record.was_stable && record.replicas > 0 && record.scale_down_at > Some(now)
}

fn succeeded(case: &Case<'_>, kind: RunKind) -> bool {
    let run = case.before.step_run.as_ref().filter(|run| run.kind == kind);
    let seen = run.and_then(|run| case.seen.runs.get(&run.name));
    case.is_same_release() && seen == Some(&RunSeen::Successful)
}

/// A revision becomes stable only whole, and after the analysis that follows the switch.
pub(crate) fn proven(case: &mut Case<'_>) {
    let Some(settings) = case.spec.blue_green().filter(|_| case.is_gated()) else { return };
    let proven = known(case).proven || succeeded(case, RunKind::PostPromotion);
    let revision = &case.spec.revision;
    if case.after.blue_green.proven && !proven {
        case.breaks(BlueGreenViolation::NotProven { revision: revision.clone() });
    }
    if case.before.stable == case.after.stable || case.canary().is_some() {
        return;
    }
    let (available, needed) = (case.available(revision), case.spec.replicas);
    if available < needed {
        case.breaks(BlueGreenViolation::TookOverInPart { available, needed });
    }
    let skipped = case.is_promoted_in_full() || is_returning(case);
    if settings.post_promotion.is_some() && !proven && !skipped {
        case.breaks(BlueGreenViolation::NotProven { revision: revision.clone() });
    }
}

/// Who was stable stands by for its time, unless as many newer ones do as may.
pub(crate) fn old_ones_stand_by(case: &mut Case<'_>) {
    let Some(settings) = case.spec.blue_green() else { return };
    let left = |revision: &RevisionHash| case.before.stable.as_ref() == Some(revision);
    let known = case.before.revisions.iter();
    let old = known.filter(|(revision, record)| {
        is_old(case, revision) && (left(revision) || stands_by(record, case.now))
    });
    let standing: Vec<_> = old.map(|(revision, record)| (record.number, revision)).collect();
    let limit = settings.scale_down_revision_limit.map_or(usize::MAX, |limit| limit as usize);
    for (number, revision) in &standing {
        // One that begins to stand by now, as its last requests went, counts as well.
        let newer = case.after.revisions.iter().filter(|(other, record)| {
            is_old(case, other) && stands_by(record, case.now) && record.number > *number
        });
        let newer = newer.count();
        let needed = wanted(case.before, revision).min(case.spec.replicas);
        let replicas = wanted(case.after, revision);
        let cut = replicas < needed || (left(revision) && !begins(case, settings, revision));
        if newer < limit && needed > 0 && cut && !settings.scale_down_delay.is_zero() {
            let revision = (*revision).clone();
            case.breaks(BlueGreenViolation::StandbyCut { revision, replicas, needed });
        }
    }
}

fn is_old(case: &Case<'_>, revision: &RevisionHash) -> bool {
    *revision != case.spec.revision && case.after.stable.as_ref() != Some(revision)
}

/// Whether who is stable no more is to stand by for all of its time.
fn begins(case: &Case<'_>, settings: &BlueGreen, revision: &RevisionHash) -> bool {
    let until = case.after.revisions.get(revision).and_then(|record| record.scale_down_at);
    until >= Some(case.now.after(settings.scale_down_delay))
}
