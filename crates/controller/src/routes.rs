//! What Services reach of a rollout, and what stands behind them.

use std::collections::BTreeSet;

use tidegate_planted::{Mistake, makes};
use tidegate_ports::{ReplicaSeen, ReplicaState};
use tidegate_rollout::{RevisionRole, RolloutResource, RolloutStatus};
use tidegate_traffic::{Backend, BackendReplica, Reach, RoleLabels, Service, ServiceRoles, Sticky};
use tidegate_units::{RevisionHash, Weight};

pub(crate) use crate::experiment_routes::experiment_behind;
use crate::{
    sight::Sight,
    world::{RolloutEntry, World},
};

/// What a Service reaches of a rollout, if it selects any of it.
pub(crate) fn reach(entry: &RolloutEntry, service: &Service) -> Option<Reach> {
    let declared = &entry.declared.value;
    labels(declared).reach(entry.key(), service, &roles(declared, &entry.status))
}

/// The labels of the replicas of a rollout.
pub(crate) fn labels(declared: &RolloutResource) -> RoleLabels {
    let of = |role| declared.meta_in(&declared.template, role).labels;
    RoleLabels { stable: of(RevisionRole::Stable), canary: of(RevisionRole::Canary) }
}

/// What stands behind the Services of a rollout.
pub(crate) fn backend(world: &World, entry: &RolloutEntry, sight: &Sight) -> Backend {
    let declared = &entry.declared.value;
    let status = &entry.status;
    let guests = world.guests_of(entry);
    let hosts: BTreeSet<_> = guests.values().collect();
    let beside = hosts.into_iter().flat_map(|owner| sight.of(owner));
    let beside = beside.filter(|one| guests.contains_key(&one.revision));
    let all: Vec<_> = sight.of(&entry.owner()).iter().chain(beside).collect();
    Backend {
        labels: labels(declared),
        split: entry.latest.split.clone(),
        decided: (!entry.latest.split.is_empty()).then_some(status.route_generation),
        rules: entry.latest.rules.clone(),
        stable: status.stable.clone(),
        canary: status.current.clone().filter(|current| status.stable.as_ref() != Some(current)),
        roles: roles(declared, status),
        sticky: declared.stickiness.map(|max_age| Sticky {
            // Cookies know no ports, so that rollouts on one machine need names of their own.
            cookie: format!("tidegate-{}", declared.key.name),
            max_age,
        }),
        replicas: serving(&all, &entry.latest.split)
            .into_iter()
            .map(|one| BackendReplica {
                replica: one.id.clone(),
                revision: one.revision.clone(),
                ports: one.ports.clone(),
            })
            .collect(),
        guests,
    }
}

/// The replicas that may be sent requests: those that are ready. Of a revision with a share of the
/// requests none of which is ready any more, those that were and run on: what made all of them fail
/// their probes at once is rarely that none of them can answer, and nobody else can. A replica whose
/// process ended, or was started again and was not ready since, is not among them.
fn serving<'a>(all: &[&'a ReplicaSeen], split: &[(RevisionHash, Weight)]) -> Vec<&'a ReplicaSeen> {
    let in_state = |revision: &RevisionHash, state| {
        all.iter().any(|one| one.revision == *revision && one.state == state)
    };
    let shares = split.iter().filter(|(_, weight)| *weight > Weight::ZERO);
    let bereft: BTreeSet<_> = shares
        .map(|(revision, _)| revision)
        .filter(|revision| !in_state(revision, ReplicaState::Ready))
        .collect();
    let serves = |one: &&ReplicaSeen| match one.state {
        ReplicaState::Ready => true,
        ReplicaState::NotReady if makes(Mistake::BelievesAllProbes) => false,
        ReplicaState::NotReady if makes(Mistake::ListsTheFailing) => true,
        ReplicaState::NotReady => bereft.contains(&one.revision),
        ReplicaState::BackOff => makes(Mistake::ListsTheEnded),
        ReplicaState::Starting => makes(Mistake::ListsTheUnready),
        _ => false,
    };
    all.iter().copied().filter(serves).collect()
}

/// Which part each Service plays that a rollout names. Ping and pong change parts with every
/// promotion. Where no root Service is named, users may come in at either, so that both are split.
pub(crate) fn roles(declared: &RolloutResource, status: &RolloutStatus) -> ServiceRoles {
    let mut roles = ServiceRoles {
        root: declared.root_service.clone(),
        stable: declared.stable_service.iter().cloned().collect(),
        canary: declared.canary_service.iter().cloned().collect(),
        active: declared.active_service.clone(),
        preview: declared.preview_service.clone(),
    };
    if let (Some(services), Some(_)) = (&declared.ping_pong, &declared.root_service) {
        let (stable, canary) = services.by_turn(status.stable_is_ping);
        roles.stable.push(stable.clone());
        roles.canary.push(canary.clone());
    }
    roles
}
