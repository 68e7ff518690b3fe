use std::collections::BTreeSet;

use tidegate_rollout::Action;
use tidegate_units::{RevisionHash, Weight};

use crate::{
    case::{Case, Split, needed, share},
    step_experiment,
};

/// What is wrong with who gets which share of the requests.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitViolation {
    /// A split does not give away all requests, or more than all.
    #[error("the weights of the split add up to {off} more or less than everything")]
    WeightSum {
        /// What is missing, or too much.
        off: Weight,
    },
    /// A split names a revision twice.
    #[error("the split names revision {revision} more than once")]
    NamedTwice {
        /// Which.
        revision: RevisionHash,
    },
    /// An order is about a revision that the rollout does not have.
    #[error("revision {revision} is ordered about, but the rollout does not know it")]
    UnknownRevision {
        /// Which.
        revision: RevisionHash,
    },
    /// New users are sent to where nobody answers.
    #[error(
        "revision {revision} gets {weight} of the requests, but none of its replicas is available"
    )]
    NothingAvailable {
        /// Which.
        revision: RevisionHash,
        /// The share that it is raised to.
        weight: Weight,
    },
    /// A revision that is to have no replicas gets requests.
    #[error("revision {revision} gets {weight} of the requests, but is to have no replicas")]
    RoutedToNone {
        /// Which.
        revision: RevisionHash,
        /// The share that it gets.
        weight: Weight,
    },
    /// The new revision gets more than the step that is reached allows.
    #[error("the new revision gets {weight} of the requests, but step {step} allows {allowed}")]
    AboveStep {
        /// The share that it gets.
        weight: Weight,
        /// The share that is allowed.
        allowed: Weight,
        /// The index of the step that is reached.
        step: usize,
    },
    /// A step that goes by evidence gives more than its budget allows.
    #[error("the new revision may get {weight} of the requests, but {why}")]
    OverBudget {
        /// The share that it may get.
        weight: Weight,
        /// What speaks against it.
        why: &'static str,
    },
    /// A revision that is neither stable nor wanted gets requests.
    #[error("revision {revision} is neither stable nor wanted, and gets {weight} of the requests")]
    Stray {
        /// Which.
        revision: RevisionHash,
        /// The share that it gets.
        weight: Weight,
    },
    /// An aborted revision still gets requests.
    #[error("the rollout is aborted, but the new revision keeps {weight} of the requests")]
    AbortedButServing {
        /// The share that it keeps.
        weight: Weight,
    },
    /// A new revision is given more than its replicas carry while others could answer it.
    #[error(
        "revision {revision} is raised to {weight} of the requests, which {available} replicas do not carry"
    )]
    RaisedAboveReplicas {
        /// Which.
        revision: RevisionHash,
        /// The share that it is raised to.
        weight: Weight,
        /// How many of its replicas are available.
        available: u32,
    },
    /// A stable revision that shrank with its share gets more than its replicas carry.
    #[error("the stable revision gets {weight} of the requests, but its replicas carry {carries}")]
    StableOverloaded {
        /// The share that it gets.
        weight: Weight,
        /// What its available replicas carry.
        carries: Weight,
    },
}

/// Each split gives away all requests, once, among known revisions.
pub(crate) fn whole(case: &mut Case<'_>) {
    for action in &case.plan.actions {
        let Action::Route { weights, .. } = action else { continue };
        // A few thousand weights of `PARTS` at most, which is below 2^47.
        let parts: u64 = weights.iter().map(|(_, weight)| weight.parts()).sum();
        if parts != Weight::PARTS {
            let off = Weight::at_most(parts.abs_diff(Weight::PARTS), Weight::PARTS);
            case.breaks(SplitViolation::WeightSum { off });
        }
        let mut named = BTreeSet::new();
        for (revision, _) in weights {
            if !named.insert(revision) {
                case.breaks(SplitViolation::NamedTwice { revision: revision.clone() });
            }
            if !step_experiment::guest_answers(case, revision) {
                known(case, revision);
            }
        }
    }
}

fn known(case: &mut Case<'_>, revision: &RevisionHash) {
    if !case.after.revisions.contains_key(revision) {
        case.breaks(SplitViolation::UnknownRevision { revision: revision.clone() });
    }
}

/// Replicas are made of known revisions only; those of a forgotten one may be cleared away.
pub(crate) fn scaled_are_known(case: &mut Case<'_>) {
    for action in &case.plan.actions {
        if let Action::Scale { revision, replicas: 1.., .. } = action {
            known(case, revision);
        }
    }
}

/// No revision gets more than before with nobody there to answer. The stable revision may: to
/// leave the requests with a revision that was taken back would be worse.
pub(crate) fn somebody_answers(case: &mut Case<'_>) {
    if case.spec.replicas == 0 {
        return;
    }
    let stays = case.before.stable.as_ref();
    let told: &Split = case.told();
    for (revision, weight) in told {
        let raised = *weight > share(&case.before.route, revision);
        let answers =
            case.available(revision) > 0 || step_experiment::guest_answers(case, revision);
        if raised && !answers && stays != Some(revision) {
            let (revision, weight) = (revision.clone(), *weight);
            case.breaks(SplitViolation::NothingAvailable { revision, weight });
        }
    }
}

/// With a router, what gets requests is to have replicas.
pub(crate) fn routed_to_some(case: &mut Case<'_>) {
    if !case.spec.canary().routed || case.spec.replicas == 0 {
        return;
    }
    let told: &Split = case.told();
    for (revision, weight) in told {
        let record = case.after.revisions.get(revision);
        if record.is_some_and(|record| record.replicas == 0) && *weight > Weight::ZERO {
            let (revision, weight) = (revision.clone(), *weight);
            case.breaks(SplitViolation::RoutedToNone { revision, weight });
        }
    }
}

/// The new revision gets no more than the step that is reached allows, nothing once it is
/// aborted; and nobody but the new and the stable revision gets anything.
pub(crate) fn within_gates(case: &mut Case<'_>) {
    if !case.spec.canary().routed || case.spec.replicas == 0 {
        return;
    }
    strays(case);
    let Some(canary) = case.canary() else { return };
    let weight = share(case.told(), canary).max(case.after.weight);
    let (allowed, step) = (case.allowed_weight(), case.after.step_index);
    if weight <= allowed.max(kept(case, canary)) {
        return;
    }
    if case.after.abort.is_some() {
        case.breaks(SplitViolation::AbortedButServing { weight });
    } else {
        case.breaks(SplitViolation::AboveStep { weight, allowed, step });
    }
}

fn strays(case: &mut Case<'_>) {
    let told: &Split = case.told();
    for (revision, weight) in told {
        let expected = *revision == case.spec.revision
            || case.after.stable.as_ref() == Some(revision)
            || is_superseded(case, revision)
            || step_experiment::guest_answers(case, revision);
        if !expected && *weight > kept(case, revision) {
            let (revision, weight) = (revision.clone(), *weight);
            case.breaks(SplitViolation::Stray { revision, weight });
        }
    }
}

/// Blue-green: who has all requests keeps them when another revision is wanted, until that one takes
/// over or is taken back.
fn is_superseded(case: &Case<'_>, revision: &RevisionHash) -> bool {
    case.spec.blue_green().is_some()
        && case.canary().is_some()
        && case.after.abort.is_none()
        && share(&case.before.route, revision) == Weight::FULL
}

/// What a revision may keep because the stable one, which should have it, has nobody to answer, or
/// has not yet the replicas to, or because there is none yet.
fn kept(case: &Case<'_>, revision: &RevisionHash) -> Weight {
    let had = share(&case.before.route, revision);
    match &case.before.stable {
        Some(stable) if case.spec.canary().dynamic_stable => {
            had.min(case.carried_by(stable).rest())
        }
        Some(stable) if case.available(stable) > 0 => Weight::ZERO,
        _ => had,
    }
}

/// With a router, the share of a new revision rises only as far as its available replicas carry it, or
/// as many as the step, or the one before it, has set for it; as long as the stable one answers.
pub(crate) fn canary_carries(case: &mut Case<'_>) {
    let Some(canary) = case.canary().filter(|_| case.spec.canary().routed) else { return };
    let (told, had) = (share(case.told(), canary), share(&case.before.route, canary));
    let answered = case.before.stable.as_ref().is_some_and(|stable| case.available(stable) > 0);
    let available = case.available(canary);
    if told <= had || !answered || available == 0 || case.spec.blue_green().is_some() {
        return;
    }
    let step = case.after.step_index;
    let scales = [Some(step), step.checked_sub(1)].into_iter().flatten();
    let set = scales.filter_map(|step| case.scale_at(step)).filter(|set| *set > 0);
    let needed = set.fold(needed(case.spec.replicas, told), u32::min);
    if !case.spec.canary().progress_threshold.is_met(available, needed) {
        let (revision, weight) = (canary.clone(), told);
        case.breaks(SplitViolation::RaisedAboveReplicas { revision, weight, available });
    }
}

/// A stable revision that shrank with its share is not given more than it carries, as long as
/// somebody else who had the requests answers them.
pub(crate) fn stable_carries(case: &mut Case<'_>) {
    let canary = case.spec.canary();
    let Some(stable) = case.before.stable.as_ref() else { return };
    if !canary.routed || !canary.dynamic_stable || case.spec.replicas == 0 {
        return;
    }
    let (told, had) = (share(case.told(), stable), share(&case.before.route, stable));
    let carries = case.carried_by(stable);
    let beside = case.before.route.iter().filter(|(revision, _)| revision != stable);
    let answered = beside
        .filter(|(revision, weight)| share(case.told(), revision) < *weight)
        .any(|(revision, _)| case.available(revision) > 0);
    if told > had && told > carries && answered {
        case.breaks(SplitViolation::StableOverloaded { weight: told, carries });
    }
}
