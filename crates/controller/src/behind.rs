//! A store that went back: its disk acknowledged commits, and lost them.
//!
//! Whoever leads is alone, and writes each order down before it gives it. So one that the runtime has
//! overtaken is of a store that knows less than it once did. What was lost is not known. What is still
//! known goes on from above what the runtime has taken, and the ledger says so. Whoever starts on such a
//! store leaves to the router what it holds until what the store knows can serve, as after a restore: what
//! was lost may have ended the replicas of all that is known. Where they do not come back in time, who serves
//! is written down for it, and keeps its users until they do.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::json;
use tidegate_ledger::Actor;
use tidegate_planted::{Mistake, makes};
use tidegate_ports::{Batch, ReplicaSeen, ReplicaState, Runtime, Write};
use tidegate_units::{Generation, Owner, OwnerKind, RevisionHash, Timestamp, Weight};

use crate::{
    Kind, Remains, Restoration,
    beyond::Split,
    document,
    driver::Driver,
    index::Index,
    sight::Sight,
    stage::{Stage, tagged},
    world::World,
};

/// What a start does on a store that is behind what runs.
#[derive(Default)]
pub(crate) struct Behind {
    /// What it has to write down.
    pub(crate) batch: Batch,
    /// Of which the runtime has taken later orders than were known.
    pub(crate) overtaken: Overtaken,
}

/// Those of which the runtime has taken later orders than were known, each with what was there of it then.
pub(crate) type Overtaken = BTreeMap<Owner, Remains>;

/// Looks for later orders that the runtime has taken than this world knows, and lets the world go on from
/// above them. Known before were those of `restored`, if it is not taken over yet.
pub(crate) fn go_on(
    world: &mut World,
    restored: Option<&Restoration>,
    runtime: &dyn Runtime,
    now: Timestamp,
) -> Behind {
    let known = restored.map(|it| it.overtaken.as_slice()).unwrap_or_default();
    let mut overtaken: Overtaken = known.iter().cloned().collect();
    let is_later = |owner: &Owner, taken| world.generation(owner).is_some_and(|it| it < taken);
    let later: Vec<_> =
        runtime.taken().into_iter().filter(|(owner, taken)| is_later(owner, *taken)).collect();
    if later.is_empty() || makes(Mistake::GoesOnBelowTheRuntime) {
        return Behind { overtaken, ..Behind::default() };
    }
    let mut stage = Stage::new(world.clone(), Index::default(), now);
    let replicas = runtime.replicas();
    for (owner, taken) in later {
        tracing::error!(%owner, %taken, "{WENT_BACK}");
        stage.catch_up(&owner, taken);
        let Remains { ended, running, .. } = stage.world.remains(&owner, &replicas);
        let remains = overtaken.entry(owner).or_default();
        remains.ended.extend(ended);
        remains.running.extend(running);
    }
    let position = restored.and_then(|it| it.position);
    let all = overtaken.clone().into_iter().collect();
    let mark = Restoration { at: now, position, overtaken: all };
    stage.write(Write::Put(mark.document().into()));
    *world = stage.world;
    Behind { batch: stage.batch, overtaken }
}

const WENT_BACK: &str = "the runtime has taken an order that this store does not know: it lost what it \
    had acknowledged; going on from there";

impl Driver {
    /// The runtime has taken a later order of an owner than any that is written down.
    pub(crate) fn lags_behind(&mut self, owner: Owner, taken: Generation) {
        tracing::error!(%owner, %taken, "{WENT_BACK}");
        if makes(Mistake::GoesOnBelowTheRuntime) {
            return;
        }
        // The next tick sees to it, which a look brings soon. At once, two that lead would overtake each
        // other without end.
        let known = self.behind.entry(owner).or_default();
        *known = taken.max(*known);
    }
}

impl World {
    /// What there is of a rollout, but for what was told to end.
    fn remains(&self, owner: &Owner, replicas: &[ReplicaSeen]) -> Remains {
        let entry = self.rollouts.get(&owner.key()).filter(|_| owner.kind == OwnerKind::Rollout);
        let route = entry.into_iter().flat_map(|entry| &entry.status.route);
        let stays = |one: &&ReplicaSeen| {
            let ends = matches!(one.state, ReplicaState::Retiring { .. } | ReplicaState::Stopping);
            one.owner == *owner && !ends
        };
        let running = replicas.iter().filter(stays).map(|one| one.revision.clone());
        let running: BTreeSet<_> = running.collect();
        let has_users = route.filter(|(_, weight)| *weight > Weight::ZERO);
        let ended = has_users.map(|(revision, _)| revision).filter(|it| !running.contains(*it));
        Remains { ended: ended.cloned().collect(), running, told: Vec::new() }
    }
}

impl Stage {
    /// Lets who serves a rollout go on, where nothing is back of those that were ended by what the disk lost:
    /// as the router was told, where that is known to the last revision.
    pub(crate) fn keep_who_serves(&mut self, owner: &Owner, remains: &Remains, sight: &Sight) {
        let Remains { ended, running, told } = remains;
        let (key, now) = (owner.key(), self.now());
        let entry = self.world.rollouts.get_mut(&key).filter(|_| owner.kind == OwnerKind::Rollout);
        let Some(entry) = entry.filter(|entry| !entry.deleting) else { return };
        // What was started since has no users that it could keep. By their clocks that cannot be told: that of
        // whoever leads may be ahead of the runtime's.
        let counts = |one: &RevisionHash| ended.contains(one) || running.contains(one);
        let ready = sight.of(owner).iter();
        let ready = ready.filter(|one| one.state == ReplicaState::Ready && counts(&one.revision));
        let mut serving: BTreeMap<&RevisionHash, u32> = BTreeMap::new();
        for one in ready {
            *serving.entry(&one.revision).or_default() += 1;
        }
        let has_users = |(revision, weight): &&(RevisionHash, Weight)| {
            *weight > Weight::ZERO && ended.contains(revision)
        };
        let mut gone = entry.status.route.iter().filter(has_users);
        if gone.all(|(revision, _)| serving.contains_key(revision)) {
            return;
        }
        let is_known = |told: &&Split| {
            let known = told.iter().all(|(one, _)| entry.status.revisions.contains_key(one));
            let mut served = told.iter().filter(|(_, weight)| *weight > Weight::ZERO);
            known && served.any(|(one, _)| serving.contains_key(one))
        };
        // Who has most of the users, as far as that can be seen.
        let by_users = |(one, count): &(&RevisionHash, u32)| (sight.lately(owner, one), *count);
        let keeps = Some(told).filter(is_known).cloned().or_else(|| {
            let others = serving.iter().filter(|(revision, _)| !ended.contains(**revision));
            let most = others.map(|(revision, count)| (*revision, *count)).max_by_key(by_users);
            most.map(|(serves, _)| vec![(serves.clone(), Weight::FULL)])
        });
        let Some(keeps) = keeps else { return };
        tracing::warn!(%owner, ?keeps, "they keep their users: nothing runs of those that are to have them");
        let entry = Arc::make_mut(entry);
        let events = entry.status.keep(keeps, &serving, now);
        let write = document::put_status(entry);
        self.write(write);
        for (what, detail) in events.iter().map(tagged) {
            self.note(Actor::Controller, Kind::Rollout.as_str(), &key, &what, detail);
        }
        self.dirty.insert(owner.clone());
    }

    /// Goes on from above what the runtime has taken.
    pub(crate) fn catch_up(&mut self, owner: &Owner, taken: Generation) {
        let key = owner.key();
        let (kind, known) = match owner.kind {
            OwnerKind::Rollout => {
                let Some(entry) = self.world.rollouts.get_mut(&key) else { return };
                let entry = Arc::make_mut(entry);
                let known = std::mem::replace(&mut entry.status.generation, taken);
                let write = document::put_status(entry);
                self.write(write);
                (Kind::Rollout, known)
            }
            OwnerKind::Experiment => {
                let Some(entry) = self.world.experiments.get_mut(&key) else { return };
                let entry = Arc::make_mut(entry);
                let known = std::mem::replace(&mut entry.status.generation, taken);
                let write = document::put_experiment_status(entry);
                self.write(write);
                (Kind::Experiment, known)
            }
            // Nothing is ordered of one.
            OwnerKind::AnalysisRun => return,
        };
        let detail = json!({ "known": known, "generation": taken });
        self.note(Actor::Controller, kind.as_str(), &key, "StoreWentBack", detail);
        self.dirty.insert(owner.clone());
    }
}
