//! Carrying out what was planned and written down.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tidegate_planted::{Mistake, makes};
use tidegate_ports::{ReplicaSeen, RouterError, RuntimeError, ScaleOrder};
use tidegate_traffic::{RouteTable, Rule, RuleAction, TableChange, Taken};
use tidegate_units::{Generation, Owner, RevisionHash, Timestamp};
use tokio::time::Instant;

use crate::{
    driver::Driver,
    shared_map::Difference,
    sight::{Routed, is_retiring},
    takeover::Takeover,
};

/// A retired replica that still answers requests is released after this long all the same, or one
/// open stream would keep it for ever.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);

/// How many replicas a revision is to have; what they run is in the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    pub(crate) owner: Owner,
    pub(crate) revision: RevisionHash,
    pub(crate) replicas: u32,
    pub(crate) restart_before: Option<Timestamp>,
    pub(crate) generation: Generation,
}

impl Driver {
    /// Routes first, so that traffic leaves what is taken back before anything else; then replicas.
    /// The routes before `swept` are compiled anew whatever there was.
    pub(crate) async fn act(&mut self, mut orders: Vec<Scale>, swept: &BTreeSet<Owner>) {
        self.route(swept).await;
        orders.extend(self.strangers());
        orders.retain(|order| !self.must_wait(order));
        for order in orders {
            if !self.leads() {
                return;
            }
            self.scale(order).await;
        }
        if self.leads() {
            self.release_drained().await;
        }
    }

    async fn scale(&mut self, order: Scale) {
        let Scale { owner, revision, replicas, restart_before, generation } = order;
        let world = self.world();
        let template = match world.template(&owner, &revision) {
            Some(template) => template,
            // Nothing is started of what is to end.
            None if replicas == 0 => Arc::default(),
            None => {
                tracing::error!(%owner, %revision, "a revision to be scaled is not known");
                return;
            }
        };
        let order = ScaleOrder {
            owner: owner.clone(),
            revision,
            epoch: self.epoch,
            generation,
            replicas,
            restart_before,
            template,
            config_maps: world.config_maps_of(&owner),
            secrets: world.secrets_of(&owner),
        };
        match self.ports.runtime.scale(order).await {
            Ok(()) => {}
            Err(RuntimeError::Fenced(outdated)) => self.end("the runtime", outdated),
            Err(RuntimeError::Stale { taken, .. }) => {
                self.lags_behind(owner, taken);
            }
            Err(problem) => {
                tracing::warn!(%owner, %problem, "the runtime did not take an order");
            }
        }
    }

    /// Tells the router what it should follow, when it does not already.
    async fn route(&mut self, swept: &BTreeSet<Owner>) {
        let changed = self.follow_routes(swept);
        self.untold.extend(changed);
        if self.waits_to_take_over() {
            return;
        }
        if !self.untold.is_empty() || !self.table_confirmed {
            self.table_confirmed = self.tell_router().await;
            if self.table_confirmed {
                self.untold.clear();
                // Whether all of it could be listened on is in the next reading.
                self.looked_at = None;
            }
        }
        if self.table_confirmed {
            self.confirmed();
        }
    }

    /// By what changed, where the router is known to hold the table before; else by the whole.
    async fn tell_router(&mut self) -> bool {
        let from = self.table;
        self.table = from.next();
        if self.table_confirmed {
            let changed =
                self.untold.iter().map(|key| (key.clone(), self.routing.of(key).to_vec()));
            let services = changed.collect();
            let change = TableChange { from, generation: self.table, services };
            match self.ports.router.change(&change).await {
                Ok(Taken::Yes) => return true,
                Ok(Taken::NeedsWhole) => {}
                Err(problem) => {
                    tracing::warn!(%problem, "the router did not take a change of the table");
                    return makes(Mistake::AnErrorIsAnAnswer);
                }
            }
        }
        let table = RouteTable { generation: self.table, listeners: self.routing.listeners() };
        match self.ports.router.apply(&table).await {
            Ok(()) => return true,
            Err(RouterError::Stale { holds, .. }) => {
                self.check_epoch_of_router(holds);
                if self.leads() {
                    tracing::warn!(%holds, "the router holds a newer table; going on from there");
                    self.table = holds;
                }
            }
            Err(problem) => tracing::warn!(%problem, "the router did not take the table"),
        }
        makes(Mistake::AnErrorIsAnAnswer)
    }

    /// All new requests follow the table: tell the planners whose split it was.
    fn confirmed(&mut self) {
        let rollouts = self.world().rollouts.clone();
        let services = self.world().services.clone();
        let before = std::mem::replace(&mut self.confirmed_of, rollouts.clone());
        for Difference { key, after, .. } in rollouts.since(&before) {
            let Some((latest, declared)) =
                after.map(|entry| (&entry.latest, &entry.declared.value))
            else {
                self.sight.routed.remove(key);
                continue;
            };
            let served = self.sight.served.get(key).into_iter().flat_map(|served| served.iter());
            let keeps =
                |service| services.get(service).is_some_and(|one| one.value.sticky.is_some());
            let sticky = declared.stickiness.is_some() || served.into_iter().any(keeps);
            let routed = Routed {
                generation: latest.split_generation,
                split: latest.split.iter().cloned().collect(),
                by_chance: !sticky && !latest.rules.iter().any(sends),
            };
            if self.sight.routed.get(key).is_none_or(|known| **known != routed) {
                self.sight.routed.insert(key.clone(), Arc::new(routed));
                self.dirty.insert(Owner::rollout(key));
            }
        }
    }

    /// Since when each replica drains, in time that no clock can set forth.
    fn note_draining(&mut self) {
        let all = self.sight.retiring.keys().flat_map(|owner| self.sight.of(owner));
        let mut known = std::mem::take(&mut self.draining);
        let since = |one: &ReplicaSeen| {
            (one.id.clone(), known.remove(&one.id).unwrap_or_else(Instant::now))
        };
        self.draining = all.filter(|one| is_retiring(one)).map(since).collect();
    }

    /// Releases retired replicas that the router sends nothing to and that answer nothing any more.
    async fn release_drained(&mut self) {
        if self.sight.retiring.is_empty()
            || matches!(self.takeover, Takeover::Waits(_) | Takeover::Late)
        {
            self.draining.clear();
            return;
        }
        self.note_draining();
        let seen_since =
            self.sight.traffic.as_ref().is_some_and(|seen| seen.generation == self.table);
        let told = self.table_confirmed && seen_since;
        let is_due = |replica: &&ReplicaSeen| {
            let drained = (told || makes(Mistake::ReleasesUnconfirmed))
                && !self.routing.reaches(replica)
                && self.sight.in_flight(&replica.owner, &replica.id) == 0;
            let late = self.draining.get(&replica.id).is_some_and(|at| at.elapsed() >= DRAIN_LIMIT);
            is_retiring(replica) && (drained || late || makes(Mistake::ReleasesAtOnce))
        };
        let all = self.sight.retiring.keys().flat_map(|owner| self.sight.of(owner));
        let due: Vec<_> = all.filter(is_due).map(|replica| replica.id.clone()).collect();
        for replica in due {
            match self.ports.runtime.release(self.epoch, &replica).await {
                Ok(()) | Err(RuntimeError::Unknown(_)) => {}
                Err(RuntimeError::Fenced(outdated)) => return self.end("the runtime", outdated),
                Err(problem) => tracing::warn!(%replica, %problem, "not released"),
            }
        }
    }
}

/// Whether a rule decides where requests go.
fn sends(rule: &Rule) -> bool {
    matches!(rule.then, RuleAction::Send { .. })
}
