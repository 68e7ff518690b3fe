//! Each tick against the whole of it, where assertions are compiled in: what was kept up must be
//! what looking at everything gives, and what was not planned must have had nothing to do.

use std::collections::{BTreeMap, BTreeSet};

use tidegate_traffic::{Listener, Selectable, Service, compile};
use tidegate_units::{ObjectKey, Timestamp};

use crate::{
    driver::Driver,
    experiment_routes,
    index::Index,
    planning::REPEAT_AFTER,
    routes::{backend, labels},
    sight::Sight,
    stage::Stage,
    world::World,
};

impl Driver {
    pub(crate) fn audit(&self, now: Timestamp) {
        let (world, index) = (self.world(), self.index());
        let mut anew = Index::default();
        anew.follow(world);
        assert_eq!(index.facts(), anew.facts(), "the index is that of the world");
        let behind = behind(world);
        assert!(index.selection().behind().iter().eq(&behind), "each Service stands for the first");
        assert_eq!(self.routing.listeners(), listeners(world, &self.sight), "all of it is routed");
        self.audit_plans(now);
    }

    /// Whatever is not to be planned within the time after which plans are repeated anyhow, nor judged
    /// at the next look, has nothing to do now.
    fn audit_plans(&self, now: Timestamp) {
        let soon = self.index().due(now.after(REPEAT_AFTER)).chain(self.index().judging());
        let soon: BTreeSet<_> =
            soon.chain(self.dirty.iter().chain(self.turns.waiting()).cloned()).collect();
        for owner in self.world().owners().filter(|owner| !soon.contains(owner)) {
            let mut stage = Stage::new(self.world().clone(), self.index().clone(), now);
            stage.plan(&owner, &self.sight);
            let (writes, entries) = (&stage.batch.writes, &stage.batch.entries);
            let idle = writes.is_empty() && entries.is_empty();
            assert!(idle, "nobody was to plan {owner}: {writes:?} {entries:?}");
        }
    }
}

/// All listeners as they should be now.
fn listeners(world: &World, sight: &Sight) -> Vec<Listener> {
    let backends = world
        .rollouts
        .iter()
        .map(|(key, entry)| (key.clone(), backend(world, entry, sight)))
        .collect();
    let services = services(world);
    let addresses = world.addresses.iter().map(|(slot, at)| (slot.clone(), *at)).collect();
    let mut listeners = compile(&services, &backends, &addresses);
    let taken = listeners.iter().map(|one| &one.service).collect();
    let of_experiments = experiment_routes::listeners(world, sight, &taken);
    listeners.extend(of_experiments);
    // One order, whatever stands behind them: the table is compared with the one before it.
    listeners
        .sort_by(|one, other| (&one.service, one.address).cmp(&(&other.service, other.address)));
    listeners
}

/// The rollout that each Service stands for: the first, by key, that it selects.
fn behind(world: &World) -> BTreeMap<ObjectKey, ObjectKey> {
    let rollouts = world.rollouts.iter().map(|(key, entry)| (key, labels(&entry.declared.value)));
    let rollouts: Vec<_> = rollouts.collect();
    let rollouts = Selectable::new(rollouts.iter().map(|(key, labels)| (*key, labels)));
    let services = world.services.iter();
    services
        .filter_map(|(key, one)| Some((key.clone(), rollouts.first(&one.value)?.clone())))
        .collect()
}

fn services(world: &World) -> BTreeMap<ObjectKey, Service> {
    world.services.iter().map(|(key, one)| (key.clone(), one.value.clone())).collect()
}
