use tidegate_units::{RevisionHash, Weight};

use crate::case::Case;

/// What is wrong with which revision is stable, or taken back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromotionViolation {
    /// An abort is forgotten although neither the revision nor its steps changed, and nobody asked
    /// to retry.
    #[error("the abort is forgotten, but nobody asked to retry and the revision is the same")]
    AbortForgotten,
    /// A revision becomes stable before its steps are done.
    #[error("revision {revision} becomes stable before its steps are done")]
    PromotedEarly {
        /// Which.
        revision: RevisionHash,
    },
    /// A revision becomes stable that is not the wanted one, is aborted, or has nothing to serve.
    #[error("revision {revision} becomes stable although it cannot be: {why}")]
    PromotedWrongly {
        /// Which.
        revision: RevisionHash,
        /// Why not.
        why: &'static str,
    },
    /// Users are taken from the first revision past the gates of the one that follows.
    #[error("revision {revision} has users, but is not stable to the one that follows it")]
    FirstNotKept {
        /// Which.
        revision: RevisionHash,
    },
    /// There is no stable revision any more.
    #[error("the stable revision {revision} is given up for none")]
    StableLost {
        /// Which.
        revision: RevisionHash,
    },
}

/// A revision becomes stable only when it is wanted, not taken back, serves, and has taken all
/// of its steps or was promoted in full.
pub(crate) fn earned(case: &mut Case<'_>) {
    let (old, new) = (case.before.stable.as_ref(), case.after.stable.as_ref());
    if old == new {
        return;
    }
    let Some(new) = new else {
        if let Some(old) = old {
            case.breaks(PromotionViolation::StableLost { revision: old.clone() });
        }
        return;
    };
    if let Some(why) = refused(case, new) {
        case.breaks(PromotionViolation::PromotedWrongly { revision: new.clone(), why });
    }
    let done = case.first_step() >= case.spec.canary().steps.len()
        || case.after.step_index >= case.spec.canary().steps.len();
    if old.is_some() && !done && !case.is_promoted_in_full() {
        case.breaks(PromotionViolation::PromotedEarly { revision: new.clone() });
    }
}

/// Who serves users is stable to the revision that follows it, though it never had all of its
/// replicas: else the one that follows would pass no gate, and could not be taken back.
pub(crate) fn first_is_kept(case: &mut Case<'_>) {
    let Some(first) = case.first() else { return };
    if case.after.stable.as_ref() != Some(first) {
        case.breaks(PromotionViolation::FirstNotKept { revision: first.clone() });
    }
}

fn refused(case: &Case<'_>, new: &RevisionHash) -> Option<&'static str> {
    if case.first() == Some(new) {
        return None;
    }
    if *new != case.spec.revision {
        return Some("it is not wanted");
    }
    if case.after.abort.is_some() {
        return Some("it is aborted");
    }
    if case.spec.replicas == 0 {
        return None;
    }
    if case.available(new) == 0 {
        return Some("none of its replicas is available");
    }
    let routed = case.seen.routed.as_ref().and_then(|routed| routed.get(new));
    let has_all = routed == Some(&Weight::FULL);
    if case.spec.canary().routed && case.is_gated() && !has_all {
        return Some("the router was not seen to send it all requests");
    }
    None
}

/// What was taken back stays taken back until somebody retries, or something else is wanted.
pub(crate) fn abort_is_kept(case: &mut Case<'_>) {
    let forgotten = case.before.abort.is_some() && case.after.abort.is_none();
    if forgotten && case.is_same_release() && case.is_gated() {
        case.breaks(PromotionViolation::AbortForgotten);
    }
}
