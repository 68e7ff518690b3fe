use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tidegate_rollout::{Action, RolloutSpec, RolloutStatus};
use tidegate_units::{RevisionHash, Weight};

use crate::{
    case::{Case, Split, needed, share},
    routes,
};

/// What is wrong with how many replicas there are for the requests.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CapacityViolation {
    /// Without a router: requests are taken from replicas that are needed.
    #[error(
        "{left} available replicas are left to revisions that get requests, but {needed} have to be"
    )]
    TooFewServe {
        /// How many are left.
        left: u32,
        /// How many must be.
        needed: u32,
    },
    /// Without a router: a revision gets more than its replicas are of those that must serve.
    #[error("revision {revision} gets {weight} of the requests, but its replicas carry {carries}")]
    Overloaded {
        /// Which.
        revision: RevisionHash,
        /// The share that it gets.
        weight: Weight,
        /// What its available replicas carry.
        carries: Weight,
    },
    /// The stable revision could not take all requests back.
    #[error(
        "the stable revision is left with {replicas} replicas, but needs {needed} to take all requests back"
    )]
    StableTooSmall {
        /// How many it is to have.
        replicas: u32,
        /// How many it needs.
        needed: u32,
    },
    /// A revision loses replicas that the router may still send requests to.
    #[error(
        "revision {revision} is cut to {replicas} replicas while requests for {needed} may come"
    )]
    CutWhileServing {
        /// Which.
        revision: RevisionHash,
        /// How many it is to have.
        replicas: u32,
        /// How many its requests need.
        needed: u32,
    },
    /// Without a router: too few replicas are left available.
    #[error("{left} replicas are left available, but {needed} are needed")]
    TooFewAvailable {
        /// How many are left.
        left: u32,
        /// How many are needed.
        needed: u32,
    },
    /// Without a router: more replicas are made than the surge allows.
    #[error("with those that are made there are {replicas} replicas, but {allowed} are allowed")]
    OverSurge {
        /// How many are wanted or still there.
        replicas: u32,
        /// How many are allowed.
        allowed: u32,
    },
    /// An aborted revision loses replicas before the stable one has been whole for the delay.
    #[error("revision {revision} was taken back and loses replicas before its time")]
    AbortedCut {
        /// Which.
        revision: RevisionHash,
    },
}

/// Replicas that a revision is to have by a status.
pub(crate) fn wanted(status: &RolloutStatus, revision: &RevisionHash) -> u32 {
    status.revisions.get(revision).map_or(0, |record| record.replicas)
}

/// With a router, the stable revision can take all requests back until another one is stable.
pub(crate) fn stable_can_take_all(case: &mut Case<'_>) {
    let stable = match (&case.after.stable, case.canary()) {
        (Some(stable), Some(_)) if keeps_stable_whole(case) => stable,
        _ => return,
    };
    let replicas = wanted(case.after, stable);
    if replicas < case.spec.replicas {
        let needed = case.spec.replicas;
        case.breaks(CapacityViolation::StableTooSmall { replicas, needed });
    }
}

/// With `dynamicStableScale` the stable revision has what its share needs, which
/// [`none_cut_while_serving`] looks at.
fn keeps_stable_whole(case: &Case<'_>) -> bool {
    case.spec.canary().routed && !case.spec.canary().dynamic_stable
}

/// No replica goes that the router may still send requests to, by the split that it was seen to
/// follow or by any that it was told since. An order that was given before counts like a new one:
/// while its replicas are there, it may still be taken back. Without a router that is only asked of
/// replicas that nobody knows; of all others, see [`enough_available`].
pub(crate) fn none_cut_while_serving(case: &mut Case<'_>) {
    for (revision, replicas) in intended(case) {
        let known = [case.before, case.after].map(|status| status.revisions.contains_key(revision));
        if known != [false, false] && !case.spec.canary().routed {
            continue;
        }
        let had = wanted(case.before, revision).max(case.replicas(revision));
        let needed = needed(case.spec.replicas, most_requests(case, revision));
        let needed = asked_for(case, revision).map_or(needed, |asked| needed.min(asked));
        let needed = needed.max(u32::from(routes::may_lead_to(case, revision)));
        if replicas < had && replicas < needed {
            let revision = revision.clone();
            case.breaks(CapacityViolation::CutWhileServing { revision, replicas, needed });
        }
    }
}

/// The replicas of a revision that was taken back stay for `abortScaleDownDelaySeconds` from when
/// the stable one is seen to be whole. A canary without that delay loses them with its share.
pub(crate) fn aborted_ones_stay(case: &mut Case<'_>) {
    let blue_green = case.spec.blue_green();
    let delay = match blue_green {
        Some(settings) => settings.abort_scale_down_delay.filter(|delay| !delay.is_zero()),
        None => case.spec.canary().abort_scale_down_delay,
    };
    let split = blue_green.is_some() || case.spec.canary().routed;
    let Some(canary) = case.canary().filter(|_| case.is_same_release() && split) else { return };
    if case.after.abort.is_none() || delay == Some(Duration::ZERO) {
        return;
    }
    let whole = case.after.stable.as_ref().map(|it| case.available(it)) >= Some(case.spec.replicas);
    let since = case.after.recovered_at;
    let known = since == case.before.recovered_at || (whole && since == Some(case.now));
    let over = since.zip(delay).is_some_and(|(since, delay)| since.after(delay) <= case.now);
    if wanted(case.after, canary) < wanted(case.before, canary) && !(known && over) {
        case.breaks(CapacityViolation::AbortedCut { revision: canary.clone() });
    }
}

/// `setCanaryScale` may say that fewer replicas carry the share of the new revision, but not none.
fn asked_for(case: &Case<'_>, revision: &RevisionHash) -> Option<u32> {
    let advances = case.canary() == Some(revision) && case.after.abort.is_none();
    let asked = advances.then(|| case.scale_at(case.after.step_index)).flatten();
    asked.filter(|asked| *asked > 0)
}

/// How many replicas every revision is to have that the status knows or that is ordered about.
fn intended<'a>(case: &Case<'a>) -> BTreeMap<&'a RevisionHash, u32> {
    let mut replicas: BTreeMap<_, _> =
        case.before.revisions.keys().map(|revision| (revision, 0)).collect();
    replicas.extend(case.plan.actions.iter().filter_map(|action| match action {
        Action::Scale { revision, replicas, .. } => Some((revision, *replicas)),
        _ => None,
    }));
    let stored = case.after.revisions.iter();
    replicas.extend(stored.map(|(revision, record)| (revision, record.replicas)));
    replicas
}

fn most_requests(case: &Case<'_>, revision: &RevisionHash) -> Weight {
    let seen = case.seen.routed.as_ref().and_then(|routed| routed.get(revision)).copied();
    let told = share(case.told(), revision).max(seen.unwrap_or(Weight::ZERO));
    // A router that has confirmed the last split follows no older one.
    let confirmed =
        case.seen.routed.is_some() && case.seen.routed_generation >= case.before.route_generation;
    if confirmed { told } else { told.max(share(&case.before.route, revision)) }
}

/// Without a router, enough replicas of whatever revision stay available. Where fewer are, none of
/// those goes, not even by an order that was given before.
pub(crate) fn enough_available(case: &mut Case<'_>) {
    if case.spec.canary().routed {
        return;
    }
    let there = sum(case, |revision| case.available(revision));
    let left = sum(case, |revision| staying(case, revision));
    let needed = least_available(case.spec).min(there);
    if left < needed {
        case.breaks(CapacityViolation::TooFewAvailable { left, needed });
    } else {
        enough_serve(case);
    }
}

/// Without a router, replicas that get no requests stand in for none that go: as many as must serve
/// belong to revisions that have a share, or all of those that served. (A share is a whole percent, so
/// that of very many replicas a few may be left out.)
fn enough_serve(case: &mut Case<'_>) {
    let (told, had) = (case.told(), &case.before.route);
    let among = |split: &Split, revision: &RevisionHash| share(split, revision) > Weight::ZERO;
    let there = sum(case, |it| if among(had, it) { case.available(it) } else { 0 });
    let left = sum(case, |it| if among(told, it) { staying(case, it) } else { 0 });
    let needed = least_available(case.spec).min(there);
    if left < needed - needed / 50 {
        case.breaks(CapacityViolation::TooFewServe { left, needed });
    }
}

/// Without a router, no revision is given more requests than its replicas are of those that must
/// serve, as long as somebody else who had them answers, and would bear less by the replica. A share is
/// a whole percent, so that each revision may make one of difference.
pub(crate) fn as_far_as_they_carry(case: &mut Case<'_>) {
    if case.spec.canary().routed || case.spec.replicas == 0 {
        return;
    }
    let (told, had) = (case.told(), &case.before.route);
    let named = |it: &RevisionHash| share(told, it).max(share(had, it)) > Weight::ZERO;
    let there = sum(case, |it| if named(it) { staying(case, it) } else { 0 });
    let whole = u64::from(least_available(case.spec).min(there));
    let rounded = 1 + told.len() as u64;
    for (revision, weight) in told {
        let carries = (u64::from(staying(case, revision)) * 100).checked_div(whole);
        let carries = Weight::at_most(carries.unwrap_or(100).saturating_add(rounded), 100);
        let raised = *weight > share(had, revision) && case.available(revision) > 0;
        let bears_less = |it: &RevisionHash| {
            let left = share(told, it).plus(Weight::at_most(rounded, 100));
            let by_replica = |weight: Weight, other| u128::from(weight.parts()) * u128::from(other);
            by_replica(left, staying(case, revision)) < by_replica(*weight, staying(case, it))
        };
        let answered = had
            .iter()
            .any(|(it, had)| share(told, it) < *had && staying(case, it) > 0 && bears_less(it));
        if raised && answered && *weight > carries {
            let (revision, weight) = (revision.clone(), *weight);
            case.breaks(CapacityViolation::Overloaded { revision, weight, carries });
        }
    }
}

/// Over all revisions that are known before or after the plan.
fn sum(case: &Case<'_>, count: impl Fn(&RevisionHash) -> u32) -> u32 {
    let known = case.before.revisions.keys().chain(case.after.revisions.keys());
    let known: BTreeSet<_> = known.collect();
    known.into_iter().fold(0, |sum: u32, revision| sum.saturating_add(count(revision)))
}

/// Replicas of a revision that are available and not told to go.
fn staying(case: &Case<'_>, revision: &RevisionHash) -> u32 {
    case.available(revision).min(wanted(case.after, revision))
}

/// Without a router: how many replicas of a revision have to stay because the others that are
/// available are too few, whatever the revision may have.
pub(crate) fn indispensable(case: &Case<'_>, revision: &RevisionHash) -> u32 {
    let others = sum(case, |other| if other == revision { 0 } else { staying(case, other) });
    least_available(case.spec).saturating_sub(others).min(case.available(revision))
}

/// How many replicas must serve without a router: all but `maxUnavailable`. Where that comes to
/// none and no more may be made either, nothing could ever move, so that one may be missing. Argo
/// Rollouts has the same rule.
fn least_available(spec: &RolloutSpec) -> u32 {
    let may_be_missing = match spec.canary().max_unavailable.rounded_down(spec.replicas) {
        0 if spec.canary().max_surge.rounded_up(spec.replicas) == 0 => 1,
        missing => missing,
    };
    spec.replicas.saturating_sub(may_be_missing)
}

/// Without a router, none is made beyond the surge. What is there takes room until it is gone; what
/// was told to be made before may be there already.
pub(crate) fn within_surge(case: &mut Case<'_>) {
    if case.spec.canary().routed {
        return;
    }
    let made = case.after.revisions.iter().any(|(revision, record)| {
        record.replicas > wanted(case.before, revision).max(case.replicas(revision))
    });
    let surge = case.spec.canary().max_surge.rounded_up(case.spec.replicas);
    let allowed = case.spec.replicas.saturating_add(surge);
    let replicas = sum(case, |revision| wanted(case.after, revision).max(case.replicas(revision)));
    if made && replicas > allowed {
        case.breaks(CapacityViolation::OverSurge { replicas, allowed });
    }
}
