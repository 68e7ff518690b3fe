//! The route table that follows from the world and what is seen of it.

use std::collections::{BTreeMap, BTreeSet};

use tidegate_ports::ReplicaState;
use tidegate_traffic::{
    Backend, BackendReplica, Listener, Service, ServiceRoles, compile, selected,
};
use tidegate_units::ObjectKey;

use crate::{
    sight::Sight,
    world::{RolloutEntry, World},
};

/// All listeners as they should be now.
pub(crate) fn listeners(world: &World, sight: &Sight) -> Vec<Listener> {
    let backends =
        world.rollouts.iter().map(|(key, entry)| (key.clone(), backend(entry, sight))).collect();
    compile(&services(world), &backends, &world.addresses)
}

/// The rollouts that any Service selects.
pub(crate) fn served(world: &World) -> BTreeSet<ObjectKey> {
    let backends: BTreeMap<_, _> = world
        .rollouts
        .iter()
        .map(|(key, entry)| {
            let labels = entry.declared.value.template.meta.labels.clone();
            (key.clone(), Backend { labels, ..Backend::default() })
        })
        .collect();
    let found = world.services.values().filter_map(|one| selected(&one.value, &backends));
    found.map(|(key, _)| key.clone()).collect()
}

fn services(world: &World) -> BTreeMap<ObjectKey, Service> {
    world.services.iter().map(|(key, one)| (key.clone(), one.value.clone())).collect()
}

fn backend(entry: &RolloutEntry, sight: &Sight) -> Backend {
    let declared = &entry.declared.value;
    let status = &entry.status;
    let ready = sight.of(entry.key()).iter().filter(|one| one.state == ReplicaState::Ready);
    Backend {
        labels: declared.template.meta.labels.clone(),
        split: entry.latest.split.clone(),
        stable: status.stable.clone(),
        canary: status.current.clone().filter(|current| status.stable.as_ref() != Some(current)),
        roles: ServiceRoles {
            root: declared.root_service.clone(),
            stable: declared.stable_service.clone(),
            canary: declared.canary_service.clone(),
        },
        replicas: ready
            .map(|one| BackendReplica {
                replica: one.id.clone(),
                revision: one.revision.clone(),
                ports: one.ports.clone(),
            })
            .collect(),
    }
}
