//! What Services reach of a rollout, and what stands behind them.

use std::collections::BTreeSet;

use tidegate_planted::{Mistake, makes};
use tidegate_ports::ReplicaState;
use tidegate_rollout::{RevisionRole, RolloutResource, RolloutStatus};
use tidegate_traffic::{Backend, BackendReplica, Reach, RoleLabels, Service, ServiceRoles, Sticky};

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
    let all = sight.of(&entry.owner()).iter().chain(beside);
    let is_listed = |state| state == ReplicaState::Starting && makes(Mistake::ListsTheUnready);
    let ready = all.filter(|one| one.state == ReplicaState::Ready || is_listed(one.state));
    Backend {
        labels: labels(declared),
        split: entry.latest.split.clone(),
        rules: entry.latest.rules.clone(),
        stable: status.stable.clone(),
        canary: status.current.clone().filter(|current| status.stable.as_ref() != Some(current)),
        roles: roles(declared, status),
        sticky: declared.stickiness.map(|max_age| Sticky {
            // Cookies know no ports, so that rollouts on one machine need names of their own.
            cookie: format!("tidegate-{}", declared.key.name),
            max_age,
        }),
        replicas: ready
            .map(|one| BackendReplica {
                replica: one.id.clone(),
                revision: one.revision.clone(),
                ports: one.ports.clone(),
            })
            .collect(),
        guests,
    }
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
