//! What the router was told that the store does not know.
//!
//! A table says of each split in which generation of the rollout's plans it was decided, and that was
//! written down before the router was told. So a later one than that of the store is of commits that the
//! store has lost. One that is written down and was not told yet is none: there the router is behind.
//! Whoever starts asks the router once, before it tells it anything. What has less there than the store
//! knows was taken back, as far as anybody can know, and is not given users again; all else goes on from
//! where the store knows it to be, once that can serve.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::json;
use tidegate_ledger::Actor;
use tidegate_ports::Write;
use tidegate_traffic::RouteTable;
use tidegate_units::{Generation, Owner, OwnerKind, RevisionHash, Timestamp, Weight};

use crate::{
    Kind, Restoration, document,
    driver::Driver,
    stage::{Stage, tagged},
    takeover::{PATIENCE, Takeover},
    world::{RolloutEntry, World},
};

/// The shares of the requests.
pub(crate) type Split = Vec<(RevisionHash, Weight)>;

/// What the first look at the router is for.
#[derive(Default)]
pub(crate) struct Recall {
    /// The world as it was at the start, and when that was, until the router has told what it holds.
    asks: Option<(World, Timestamp)>,
    /// What it holds beyond that world, until that is written down.
    found: BTreeMap<Owner, Beyond>,
    /// Whether somebody restored the store: then what is known is what they want, whoever serves.
    is_restored: bool,
}

/// What the router holds of a rollout beyond what the store knows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Beyond {
    decided: Generation,
    told: Split,
    /// Whether the ledger says already that the store went back.
    is_said: bool,
}

impl Recall {
    /// Of a start on a world, in a store that may have been restored.
    pub(crate) fn of(world: &World, restored: Option<&Restoration>, now: Timestamp) -> Self {
        let is_restored = restored.is_some_and(|it| it.position.is_some());
        Self { asks: Some((world.clone(), now)), is_restored, ..Self::default() }
    }

    /// Whether the router is to be asked yet, or what it said is not written down.
    pub(crate) fn is_open(&self) -> bool {
        self.asks.is_some() || !self.found.is_empty()
    }

    /// What was found is written down.
    pub(crate) fn written(&mut self) {
        self.found.clear();
    }
}

/// The splits of a table that were decided later than those of a world.
fn beyond(world: &World, table: &RouteTable) -> BTreeMap<Owner, Beyond> {
    let mut found: BTreeMap<Owner, Beyond> = BTreeMap::new();
    for listener in &table.listeners {
        let owner = &listener.owner;
        let entry = world.rollouts.get(&owner.key());
        let entry = entry.filter(|entry| owner.kind == OwnerKind::Rollout && !entry.deleting);
        let known = |entry: &Arc<RolloutEntry>| entry.status.route_generation;
        let later = |entry| listener.decided.filter(|it| *it > known(entry));
        let Some(decided) = entry.and_then(later) else { continue };
        let told = listener.destinations.iter().map(|one| (one.revision.clone(), one.weight));
        let next = Beyond { decided, told: told.collect(), is_said: false };
        // All that are split at all are split alike, but while a table is half of one and half of another.
        if found.get(owner).is_none_or(|known| known.decided < decided) {
            found.insert(owner.clone(), next);
        }
    }
    found
}

impl Driver {
    /// Asks the router once what it holds.
    pub(crate) async fn ask_what_is_held(&mut self, now: Timestamp) {
        let Some((world, since)) = &self.recall.asks else { return };
        let held = match self.ports.router.held().await {
            Ok(held) => held,
            // One that answers all else must not be kept from being told for ever.
            Err(problem) if self.sight.router_answers && now.since(*since) >= PATIENCE => {
                tracing::error!(%problem, "the router does not tell which table it holds; going on without");
                None
            }
            Err(_) => return,
        };
        let mut found = held.map(|table| beyond(world, &table)).unwrap_or_default();
        self.recall.asks = None;
        if found.is_empty() {
            return;
        }
        for (owner, beyond) in &mut found {
            tracing::error!(%owner, decided = %beyond.decided, "{WENT_BACK}");
            beyond.is_said = self.overtaken.contains_key(owner);
        }
        self.recall.found = found;
        if !matches!(self.takeover, Takeover::Waits(_) | Takeover::Late) {
            self.takeover = Takeover::Waits(now);
        }
    }

    /// Lets those go on from above what the router was told of which it knew more than the store.
    pub(crate) fn go_on_beyond(&mut self, stage: &mut Stage) {
        if self.recall.found.is_empty() {
            return;
        }
        for (owner, beyond) in &self.recall.found {
            let left = stage.went_beyond(owner, beyond);
            if !self.recall.is_restored {
                let had_users = beyond.told.iter().filter(|(_, weight)| *weight > Weight::ZERO);
                let remains = self.overtaken.entry(owner.clone()).or_default();
                remains.ended.extend(left);
                remains.told.clone_from(&beyond.told);
                remains.running.extend(had_users.map(|(revision, _)| revision.clone()));
            }
        }
        if !self.recall.is_restored {
            let overtaken = self.overtaken.clone().into_iter().collect();
            let mark = Restoration { at: stage.now(), position: None, overtaken };
            stage.write(Write::Put(mark.document().into()));
        }
    }
}

const WENT_BACK: &str = "the router was told a split that this store does not know: it lost what it had \
    acknowledged; going on from there";

impl Stage {
    /// Takes back what has fewer users at the router than is known, and gives the revisions of which that
    /// is so.
    fn went_beyond(&mut self, owner: &Owner, beyond: &Beyond) -> BTreeSet<RevisionHash> {
        let (key, now) = (owner.key(), self.now());
        let Some(entry) = self.world.rollouts.get_mut(&key) else { return BTreeSet::new() };
        let entry = Arc::make_mut(entry);
        let Beyond { decided, told, is_said } = beyond;
        let told_of = |revision: &RevisionHash| {
            let own = told.iter().find(|(one, _)| one == revision);
            own.map_or(Weight::ZERO, |(_, weight)| *weight)
        };
        let had = entry.status.route.iter();
        let left = had.filter(|(revision, weight)| told_of(revision) < *weight);
        let left = left.map(|(revision, _)| revision.clone()).collect();
        let known = entry.status.route_generation;
        entry.status.go_on_above(*decided);
        let spec = &entry.declared.value.spec;
        let events = entry.status.take_back_what_was_left(spec, told, now);
        let write = document::put_status(entry);
        self.write(write);
        if !is_said {
            let detail = json!({ "known": known, "generation": decided, "routed": told });
            self.note(Actor::Controller, Kind::Rollout.as_str(), &key, "StoreWentBack", detail);
        }
        for (what, detail) in events.iter().map(tagged) {
            self.note(Actor::Controller, Kind::Rollout.as_str(), &key, &what, detail);
        }
        self.dirty.insert(owner.clone());
        left
    }
}
