//! The route table that follows from the world and what is seen of it.

use std::collections::{BTreeMap, BTreeSet};

use tidegate_ports::ReplicaState;
use tidegate_rollout::{RevisionRole, RolloutResource, RolloutStatus};
use tidegate_traffic::{
    Backend, BackendReplica, Listener, Reach, RoleLabels, Selectable, Service, ServiceRoles,
    Sticky, compile,
};
use tidegate_units::ObjectKey;

pub(crate) use crate::experiment_routes::experiment_behind;
use crate::{
    experiment_routes,
    sight::Sight,
    world::{RolloutEntry, World},
};

/// All listeners as they should be now.
pub(crate) fn listeners(world: &World, sight: &Sight) -> Vec<Listener> {
    let backends = world
        .rollouts
        .iter()
        .map(|(key, entry)| (key.clone(), backend(world, entry, sight)))
        .collect();
    let mut listeners = compile(&services(world), &backends, &world.addresses);
    let of_experiments = experiment_routes::listeners(world, sight, &listeners);
    listeners.extend(of_experiments);
    // One order, whatever stands behind them: the table is compared with the one before it.
    listeners
        .sort_by(|one, other| (&one.service, one.address).cmp(&(&other.service, other.address)));
    listeners
}

/// The rollouts that any Service stands for.
pub(crate) fn served(world: &World) -> BTreeSet<ObjectKey> {
    behind(world).into_values().collect()
}

/// The rollout that each Service stands for: the first, by key, that it selects.
pub(crate) fn behind(world: &World) -> BTreeMap<ObjectKey, ObjectKey> {
    let rollouts = world.rollouts.iter().map(|(key, entry)| (key, labels(&entry.declared.value)));
    let rollouts: Vec<_> = rollouts.collect();
    let rollouts = Selectable::new(rollouts.iter().map(|(key, labels)| (*key, labels)));
    let services = world.services.iter();
    services
        .filter_map(|(key, one)| Some((key.clone(), rollouts.first(&one.value)?.clone())))
        .collect()
}

/// What a Service reaches of a rollout, if it selects any of it.
pub(crate) fn reach(entry: &RolloutEntry, service: &Service) -> Option<Reach> {
    let declared = &entry.declared.value;
    labels(declared).reach(entry.key(), service, &roles(declared, &entry.status))
}

fn labels(declared: &RolloutResource) -> RoleLabels {
    let of = |role| declared.meta_in(&declared.template, role).labels;
    RoleLabels { stable: of(RevisionRole::Stable), canary: of(RevisionRole::Canary) }
}

fn services(world: &World) -> BTreeMap<ObjectKey, Service> {
    world.services.iter().map(|(key, one)| (key.clone(), one.value.clone())).collect()
}

fn backend(world: &World, entry: &RolloutEntry, sight: &Sight) -> Backend {
    let declared = &entry.declared.value;
    let status = &entry.status;
    let guests = world.guests_of(entry);
    let hosts: BTreeSet<_> = guests.values().collect();
    let beside = hosts.into_iter().flat_map(|owner| sight.of(owner));
    let beside = beside.filter(|one| guests.contains_key(&one.revision));
    let all = sight.of(&entry.owner()).iter().chain(beside);
    let ready = all.filter(|one| one.state == ReplicaState::Ready);
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
