//! The listeners of all Services, kept up as what they follow from changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tidegate_ports::ReplicaSeen;
use tidegate_traffic::{Listener, compile_one, loopback};
use tidegate_units::{ObjectKey, Owner, OwnerKind};

use crate::{
    experiment_routes,
    index::{Index, node_ports},
    routes::backend,
    sight::{Sight, same_for_plans},
    world::{RolloutEntry, World},
};

/// The listeners of all Services.
///
/// [`Routing::follow`] finds out by itself what differs from what it was made of, and compiles the
/// Services alone that this may matter to.
#[derive(Default)]
pub(crate) struct Routing {
    of: Sources,
    /// Of the Services that stand for a rollout.
    of_rollouts: BTreeMap<ObjectKey, Vec<Listener>>,
    of_experiments: BTreeMap<ObjectKey, Vec<Listener>>,
}

/// What the listeners were made of.
#[derive(Default)]
struct Sources {
    world: World,
    index: Index,
    sight: Sight,
}

impl Routing {
    /// Brings the listeners up to date, those of the rollouts `again` among them whatever there was.
    /// Says of which Services any listener changed.
    pub(crate) fn follow(
        &mut self,
        world: &World,
        index: &Index,
        sight: &Sight,
        again: &BTreeSet<Owner>,
    ) -> BTreeSet<ObjectKey> {
        let now = Sources { world: world.clone(), index: index.clone(), sight: sight.routed_by() };
        let before = std::mem::replace(&mut self.of, now);
        let moved = Moved::between(&before, &self.of, again);
        let mut changed = BTreeSet::new();
        for service in &moved.services {
            let next = self.of.listeners_of(service);
            let known = self.of_rollouts.get(service);
            if known.map(Vec::as_slice).unwrap_or_default() == next {
                continue;
            }
            changed.insert(service.clone());
            if next.is_empty() {
                self.of_rollouts.remove(service);
            } else {
                self.of_rollouts.insert(service.clone(), next);
            }
        }
        let experiments = !world.experiments.is_empty() || !self.of_experiments.is_empty();
        if experiments && (moved.experiments || !moved.services.is_empty()) {
            let taken = self.of_rollouts.keys().collect();
            let next = by_service(experiment_routes::listeners(world, sight, &taken));
            let all: BTreeSet<_> = next.keys().chain(self.of_experiments.keys()).collect();
            let differs = |key: &&&ObjectKey| next.get(*key) != self.of_experiments.get(*key);
            changed.extend(all.iter().filter(differs).map(|key| ObjectKey::clone(key)));
            self.of_experiments = next;
        }
        changed
    }

    /// The listeners of a Service.
    pub(crate) fn of(&self, service: &ObjectKey) -> &[Listener] {
        let found = self.of_rollouts.get(service).or_else(|| self.of_experiments.get(service));
        found.map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a replica is an endpoint of any listener.
    pub(crate) fn reaches(&self, replica: &ReplicaSeen) -> bool {
        let mut moved = Moved::default();
        moved.owner(&replica.owner, &self.of);
        let experiments = self.of_experiments.values().filter(|_| moved.experiments);
        let services = moved.services.iter().map(|service| self.of(service));
        let listeners = services.chain(experiments.map(Vec::as_slice)).flatten();
        let destinations = listeners.flat_map(|listener| &listener.destinations);
        let mut endpoints = destinations.flat_map(|destination| &destination.endpoints);
        endpoints.any(|endpoint| endpoint.replica == replica.id)
    }

    /// All listeners, in one order, whatever stands behind them.
    pub(crate) fn listeners(&self) -> Vec<Listener> {
        let all = self.of_rollouts.values().chain(self.of_experiments.values()).flatten();
        let mut listeners: Vec<_> = all.cloned().collect();
        listeners.sort_by(|one, other| {
            (&one.service, one.address).cmp(&(&other.service, other.address))
        });
        listeners
    }
}

fn by_service(listeners: Vec<Listener>) -> BTreeMap<ObjectKey, Vec<Listener>> {
    let mut by_service: BTreeMap<_, Vec<Listener>> = BTreeMap::new();
    for listener in listeners {
        by_service.entry(listener.service.clone()).or_default().push(listener);
    }
    by_service
}

impl Sources {
    fn listeners_of(&self, service: &ObjectKey) -> Vec<Listener> {
        let Self { world, index, sight } = self;
        let declared = world.services.get(service).map(|one| &one.value);
        let rollout = index.selection().behind().get(service);
        let entry = rollout.and_then(|rollout| world.rollouts.get(rollout));
        let (Some(declared), Some(rollout), Some(entry)) = (declared, rollout, entry) else {
            return Vec::new();
        };
        let backend = backend(world, entry, sight);
        let address = |port| world.addresses.get(&(service.clone(), port)).copied();
        let mut granted = BTreeSet::new();
        let grant = |number| self.is_granted(service, number) && granted.insert(number);
        let mut listeners = compile_one(declared, (rollout, &backend), address, grant);
        listeners.sort_by_key(|one| one.address);
        listeners
    }

    /// Whether a port of the node is this Service's: the first, by key, that stands for a rollout and
    /// listens at all, unless the port is somebody's own.
    fn is_granted(&self, service: &ObjectKey, number: u16) -> bool {
        let Self { world, index, .. } = self;
        let listens = |key: &ObjectKey| {
            let declared = world.services.get(key);
            let ports = declared.into_iter().flat_map(|one| &one.value.ports);
            let mut named = ports.filter(|port| port.node_port == Some(number));
            index.selection().behind().contains_key(key)
                && named.any(|port| world.addresses.contains_key(&(key.clone(), port.port)))
        };
        let first = index.wanting(number).find(|key| listens(key));
        first == Some(service) && index.listening(&loopback(number)) == 0
    }
}

/// What has to be compiled anew.
#[derive(Default)]
struct Moved {
    /// Services that stand for a rollout, or did.
    services: BTreeSet<ObjectKey>,
    /// Whether it may matter to the Services of experiments.
    experiments: bool,
}

impl Moved {
    fn between(before: &Sources, now: &Sources, again: &BTreeSet<Owner>) -> Self {
        let mut moved = Self::default();
        for owner in again {
            moved.owner(owner, now);
        }
        for one in now.world.rollouts.since(&before.world.rollouts) {
            if !matches!((one.before, one.after), (Some(it), Some(next)) if routed_alike(it, next))
            {
                moved.rollout(one.key, now);
            }
        }
        for one in now.world.experiments.since(&before.world.experiments) {
            let made_by = one.before.into_iter().chain(one.after).filter_map(|it| it.rollout());
            made_by.for_each(|rollout| moved.owner(&rollout, now));
            moved.experiments = true;
        }
        for one in now.sight.replicas.since(&before.sight.replicas) {
            let seen = |it: Option<&Arc<Vec<_>>>| it.map(Arc::clone).unwrap_or_default();
            if !same_for_plans(&seen(one.before), &seen(one.after)) {
                moved.owner(one.key, now);
                moved.owner_before(one.key, before, now);
            }
        }
        for one in now.world.services.since(&before.world.services) {
            moved.service(one.key, before, now);
        }
        for one in now.index.selection().behind().since(before.index.selection().behind()) {
            moved.service(one.key, before, now);
        }
        for one in now.world.addresses.since(&before.world.addresses) {
            moved.service(&one.key.0, before, now);
            let addresses = one.before.into_iter().chain(one.after);
            for address in addresses.filter(|address| **address == loopback(address.port())) {
                moved.wanting(address.port(), now);
            }
        }
        moved
    }

    fn rollout(&mut self, key: &ObjectKey, now: &Sources) {
        self.services.extend(now.index.selection().services_of(key).cloned());
    }

    fn owner(&mut self, owner: &Owner, now: &Sources) {
        self.owner_before(owner, now, now);
    }

    /// The Services behind which the replicas of an owner may stand, or stood.
    fn owner_before(&mut self, owner: &Owner, before: &Sources, now: &Sources) {
        match owner.kind {
            OwnerKind::Rollout => self.rollout(&owner.key(), now),
            OwnerKind::Experiment => {
                self.experiments = true;
                let entry = before.world.experiments.get(&owner.key());
                if let Some(rollout) = entry.and_then(|entry| entry.rollout()) {
                    self.rollout(&rollout.key(), now);
                }
            }
            OwnerKind::AnalysisRun => {}
        }
    }

    /// A Service, and those that want the same ports of the node.
    fn service(&mut self, key: &ObjectKey, before: &Sources, now: &Sources) {
        self.experiments = true;
        self.services.insert(key.clone());
        for sources in [before, now] {
            let declared = sources.world.services.get(key);
            for number in declared.into_iter().flat_map(|one| node_ports(&one.value)) {
                self.wanting(number, now);
            }
        }
    }

    fn wanting(&mut self, number: u16, now: &Sources) {
        self.experiments = true;
        self.services.extend(now.index.wanting(number).cloned());
    }
}

/// Whether two states of a rollout are the same to the Services before it.
fn routed_alike(one: &RolloutEntry, other: &RolloutEntry) -> bool {
    fn status(entry: &RolloutEntry) -> impl PartialEq + use<'_> {
        let status = &entry.status;
        (&status.stable, &status.current, status.stable_is_ping, status.route_generation)
    }
    Arc::ptr_eq(&one.declared, &other.declared)
        && one.latest.split == other.latest.split
        && one.latest.rules == other.latest.rules
        && status(one) == status(other)
        && one.revisions.keys().eq(other.revisions.keys())
}
