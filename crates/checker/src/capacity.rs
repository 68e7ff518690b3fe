use tidegate_rollout::{RolloutSpec, RolloutStatus};
use tidegate_units::{RevisionHash, Weight};

use crate::{
    Violation,
    case::{Case, needed, share},
};

fn wanted(status: &RolloutStatus, revision: &RevisionHash) -> u32 {
    status.revisions.get(revision).map_or(0, |record| record.replicas)
}

fn total(status: &RolloutStatus) -> u32 {
    status.revisions.values().fold(0, |sum, record| sum.saturating_add(record.replicas))
}

/// With a router, the stable revision can take all requests back until another one is stable.
pub(crate) fn stable_can_take_all(case: &mut Case<'_>) {
    let stable = match (&case.after.stable, case.canary()) {
        (Some(stable), Some(_)) if case.spec.canary.routed => stable,
        _ => return,
    };
    let replicas = wanted(case.after, stable);
    if replicas < case.spec.replicas {
        let needed = case.spec.replicas;
        case.breaks(Violation::StableTooSmall { replicas, needed });
    }
}

/// No replica goes that the router may still send requests to, by the split that it was seen to
/// follow or by any that it was told since.
pub(crate) fn none_cut_while_serving(case: &mut Case<'_>) {
    if !case.spec.canary.routed {
        return;
    }
    for (revision, record) in &case.before.revisions {
        let replicas = wanted(case.after, revision);
        let needed = needed(case.spec.replicas, most_requests(case, revision));
        if replicas < record.replicas && replicas < needed {
            let revision = revision.clone();
            case.breaks(Violation::CutWhileServing { revision, replicas, needed });
        }
    }
}

fn most_requests(case: &Case<'_>, revision: &RevisionHash) -> Weight {
    let seen = case.seen.routed.as_ref().and_then(|routed| routed.get(revision)).copied();
    let told = share(case.told(), revision).max(seen.unwrap_or(Weight::ZERO));
    // A router that has confirmed the last split follows no older one.
    let confirmed =
        case.seen.routed.is_some() && case.seen.routed_generation >= case.before.route_generation;
    if confirmed { told } else { told.max(share(&case.before.route, revision)) }
}

/// Without a router, enough replicas of whatever revision stay available. Where too few are left
/// by the orders given before, none of those is taken.
pub(crate) fn enough_available(case: &mut Case<'_>) {
    if case.spec.canary.routed {
        return;
    }
    let (mut there, mut left) = (0_u32, 0_u32);
    for (revision, seen) in &case.seen.revisions {
        there = there.saturating_add(seen.available.min(wanted(case.before, revision)));
        left = left.saturating_add(seen.available.min(wanted(case.after, revision)));
    }
    let needed = least_available(case.spec).min(there);
    if left < needed {
        case.breaks(Violation::TooFewAvailable { left, needed });
    }
}

/// How many replicas must serve without a router: all but `maxUnavailable`. Where that comes to
/// none and no more may be made either, nothing could ever move, so that one may be missing. Argo
/// Rollouts has the same rule.
fn least_available(spec: &RolloutSpec) -> u32 {
    let may_be_missing = match spec.canary.max_unavailable.rounded_down(spec.replicas) {
        0 if spec.canary.max_surge.rounded_up(spec.replicas) == 0 => 1,
        missing => missing,
    };
    spec.replicas.saturating_sub(may_be_missing)
}

/// Without a router, no more replicas are wanted than the surge allows, or than there are.
pub(crate) fn within_surge(case: &mut Case<'_>) {
    if case.spec.canary.routed {
        return;
    }
    let surge = case.spec.canary.max_surge.rounded_up(case.spec.replicas);
    let there =
        case.seen.revisions.values().fold(0_u32, |sum, seen| sum.saturating_add(seen.replicas));
    let allowed = case.spec.replicas.saturating_add(surge).max(total(case.before)).max(there);
    let replicas = total(case.after);
    if replicas > allowed {
        case.breaks(Violation::OverSurge { replicas, allowed });
    }
}
