//! The listeners of experiments: of the Services that are made for their templates, and of those
//! that somebody applied and that select no rollout but replicas of an experiment.

use std::{collections::BTreeSet, net::SocketAddr};

use tidegate_experiment::Template;
use tidegate_ports::{ReplicaSeen, ReplicaState};
use tidegate_traffic::{
    Destination, Endpoint, Listener, Service, ServicePort, Sticky, Target, shares,
};
use tidegate_units::{ObjectKey, RevisionHash, Weight};

use crate::{experiment_entry::ExperimentEntry, sight::Sight, world::World};

/// What stands behind a Service of an experiment.
struct Behind<'a> {
    service: &'a Service,
    entry: &'a ExperimentEntry,
    split: Vec<(RevisionHash, Weight)>,
}

/// `taken` are the Services that have listeners before a rollout: those are not an experiment's as
/// well.
pub(crate) fn listeners(
    world: &World,
    sight: &Sight,
    taken: &BTreeSet<&ObjectKey>,
) -> Vec<Listener> {
    let mut listeners = Vec::new();
    let made = world.made_services();
    for made in made.values() {
        let split = vec![(made.template.revision.clone(), Weight::FULL)];
        let behind = Behind { service: &made.service, entry: made.entry, split };
        listeners.extend(behind.listeners(world, sight));
    }
    let applied = world.services.values().map(|one| &one.value);
    for service in applied.filter(|service| !taken.contains(&service.key)) {
        if let Some((entry, templates)) = experiment_behind(world, service) {
            let split = by_replicas(entry, &templates, sight);
            listeners.extend(Behind { service, entry, split }.listeners(world, sight));
        }
    }
    listeners
}

/// The experiment whose replicas a Service selects, the first by key, and the templates of them.
pub(crate) fn experiment_behind<'a>(
    world: &'a World,
    service: &Service,
) -> Option<(&'a ExperimentEntry, Vec<&'a Template>)> {
    world.experiments.values().find_map(|entry| {
        let selected = |template: &&Template| {
            entry.labels(template).is_some_and(|labels| service.selects(entry.key(), labels))
        };
        let templates: Vec<_> = entry.serving().filter(selected).collect();
        (!templates.is_empty()).then_some((&**entry, templates))
    })
}

/// As many requests for each template as it has replicas that can answer.
fn by_replicas(
    entry: &ExperimentEntry,
    templates: &[&Template],
    sight: &Sight,
) -> Vec<(RevisionHash, Weight)> {
    let ready = |revision: &RevisionHash| {
        let replicas = sight.of(&entry.owner()).iter();
        let ready = |one: &&ReplicaSeen| one.state == ReplicaState::Ready;
        replicas.filter(ready).filter(|one| one.revision == *revision).count()
    };
    let revisions: BTreeSet<&RevisionHash> = templates.iter().map(|one| &one.revision).collect();
    let counts: Vec<usize> = revisions.iter().map(|revision| ready(revision)).collect();
    let split = revisions.into_iter().cloned().zip(shares(&counts));
    split.filter(|(_, weight)| *weight > Weight::ZERO).collect()
}

impl Behind<'_> {
    fn listeners(&self, world: &World, sight: &Sight) -> Vec<Listener> {
        let taken = |node: &SocketAddr| world.addresses.values().any(|address| address == node);
        let ports = self.service.ports.iter().flat_map(|port| {
            let own = world.addresses.get(&(self.service.key.clone(), port.port)).copied();
            let node = port.node_port.map(|number| SocketAddr::from(([127, 0, 0, 1], number)));
            let node = node.filter(|node| own.is_some() && !taken(node));
            own.into_iter().chain(node).map(|address| Listener {
                decided: None,
                service: self.service.key.clone(),
                address,
                owner: self.entry.owner(),
                destinations: self.destinations(port, sight),
                sticky: self.sticky(),
                rules: Vec::new(),
            })
        });
        ports.collect()
    }

    fn sticky(&self) -> Option<Sticky> {
        let (cookie, max_age) = self.service.sticky.clone()?;
        Some(Sticky { cookie, max_age })
    }

    fn destinations(&self, port: &ServicePort, sight: &Sight) -> Vec<Destination> {
        let destination = |(revision, weight): &(RevisionHash, Weight)| {
            let replicas = sight.of(&self.entry.owner()).iter();
            let own = replicas
                .filter(|one| one.revision == *revision && one.state == ReplicaState::Ready);
            let endpoints = own.filter_map(|one| {
                let address = address_of(one, &port.target)?;
                Some(Endpoint { replica: one.id.clone(), address })
            });
            Destination {
                revision: revision.clone(),
                owner: None,
                weight: *weight,
                endpoints: endpoints.collect(),
            }
        };
        self.split.iter().map(destination).collect()
    }
}

fn address_of(replica: &ReplicaSeen, target: &Target) -> Option<SocketAddr> {
    let name = match target {
        Target::Number(number) => number.to_string(),
        Target::Name(name) => name.clone(),
    };
    replica.ports.get(&name).copied()
}
