//! What holds at every moment: seen at the doors, from what is written down and what is there, with no
//! part of the planner and none of its checker.

mod loss;
mod probes;
mod record;
mod secrets;
mod seek;
mod serving;
mod steps;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
    time::Duration,
};

use serde::Deserialize;
use tidegate_ledger::Entry;
use tidegate_ports::{ReplicaState, Runtime as _, ScaleOrder, StoredText};
use tidegate_rollout::{RolloutSpec, RolloutStatus, Step, Strategy};
use tidegate_traffic::{Destination, Listener, RouteTable};
use tidegate_units::{
    Epoch, Generation, ObjectKey, Owner, OwnerKind, ReplicaId, RevisionHash, Weight,
};
use tokio::time::Instant;

use crate::doors::{Came, Machine};

/// What is told now was decided on what was seen so long ago at most: a control plane may have been away
/// for an hour between the two.
const SEEN_BY_THEN: Duration = Duration::from_mins(70);

/// So long a replica that still answers may be kept from ending.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);

/// Who watches, and what they saw broken.
#[derive(Default)]
pub(crate) struct Rules {
    pub(crate) broken: Vec<String>,
    /// The epoch of whoever leads.
    leads: Epoch,
    /// Of those whom the store told that they may write nothing more.
    refused: BTreeSet<Epoch>,
    /// Since when it does.
    leads_since: Option<Instant>,
    /// When the router or the store was last troubled.
    troubled: Option<Instant>,
    /// When it was last looked whether the router follows what is there.
    looked: Option<Instant>,
    /// The latest epoch of which the runtime took an order.
    scales: Epoch,
    /// The newest table that was taken.
    table: Generation,
    /// The share of each revision in the table before that.
    shares: BTreeMap<(Owner, RevisionHash), Weight>,
    /// When a control plane last stopped in the middle of what it did.
    stopped: Option<Instant>,
    /// When somebody last wanted no replicas at all of a rollout.
    emptied: BTreeMap<ObjectKey, Instant>,
    /// What is written down, by rollout.
    specs: BTreeMap<ObjectKey, RolloutSpec>,
    statuses: BTreeMap<ObjectKey, RolloutStatus>,
    /// What somebody deleted, until it is gone.
    pub(crate) deleting: BTreeSet<ObjectKey>,
    /// The same, as it was written.
    bodies: BTreeMap<ObjectKey, Arc<str>>,
    /// How far each rollout's release is, as far as it was seen.
    stories: BTreeMap<ObjectKey, steps::Story>,
    /// What people were told.
    answers: record::Answers,
    /// Where the ledger is.
    head: record::Head,
    /// The split that was written down before the one that is.
    routes_before: BTreeMap<ObjectKey, Vec<(RevisionHash, Weight)>>,
    /// Revisions that were taken back, and what they had at most since: who takes one back promises
    /// that it gets no more, until a person says otherwise.
    taken_back: BTreeMap<ObjectKey, (RevisionHash, Weight)>,
    /// What a disk may lose, and has lost.
    loss: loss::Loss,
}

/// What is looked at of a rollout as it was applied.
#[derive(Deserialize)]
struct Declared {
    value: Applied,
    deleting: bool,
}

#[derive(Deserialize)]
struct Applied {
    spec: RolloutSpec,
}

impl Rules {
    pub(crate) fn breaks(&mut self, what: String) {
        if self.broken.len() < 20 {
            self.broken.push(what);
        }
    }

    /// Somebody takes the lead.
    pub(crate) fn leads(&mut self, epoch: Epoch) {
        if epoch <= self.leads {
            self.breaks(format!("epoch {epoch} begins after {}", self.leads));
        }
        (self.leads, self.leads_since) = (epoch, Some(Instant::now()));
        self.loss.begins();
    }

    /// Whoever led in an epoch was told that it may write nothing more.
    pub(crate) fn refused(&mut self, epoch: Epoch) {
        self.refused.insert(epoch);
    }

    /// Somebody wants to write.
    pub(crate) fn writes(&mut self, epoch: Epoch) {
        if self.refused.contains(&epoch) {
            self.breaks(format!(
                "who leads in epoch {epoch} was told that it does not, and goes on"
            ));
        }
    }

    /// Rollouts as they were applied.
    fn specs_of(&mut self, documents: &[StoredText]) {
        for document in documents.iter().filter(|one| one.kind == "Rollout") {
            match serde_json::from_str::<Declared>(&document.body) {
                Ok(declared) => {
                    self.spec(document.key.clone(), declared.value.spec);
                    if declared.deleting {
                        self.deleting.insert(document.key.clone());
                    } else {
                        self.deleting.remove(&document.key);
                    }
                }
                Err(problem) => self.breaks(format!("a rollout that cannot be read: {problem}")),
            }
        }
    }

    fn spec(&mut self, key: ObjectKey, spec: RolloutSpec) {
        if spec.replicas == 0 {
            self.emptied.insert(key.clone(), Instant::now());
        }
        self.specs.insert(key, spec);
    }

    fn status(&mut self, key: ObjectKey, status: &RolloutStatus) {
        let before = self.statuses.insert(key.clone(), status.clone());
        if let Some(before) = &before {
            self.routes_before.insert(key.clone(), before.route.clone());
        }
        let aborted = status.abort.is_some();
        let was = before.as_ref().is_some_and(|it| it.abort.is_some());
        if let Some(current) = status.current.clone().filter(|_| aborted && !was) {
            self.taken_back.insert(key, (current, Weight::FULL));
        }
    }

    /// A control plane stops in the middle of what it does, or goes on.
    pub(crate) fn stops(&mut self) {
        self.stopped = Some(Instant::now());
    }

    /// What is told now was decided on what was seen so long ago at most.
    fn lag(&self) -> Duration {
        let stopped = self.stopped.is_some_and(|at| at.elapsed() < SEEN_BY_THEN);
        if stopped { SEEN_BY_THEN } else { Duration::from_mins(1) }
    }

    /// A rollout is there no more.
    fn gone(&mut self, key: &ObjectKey) {
        self.specs.remove(key);
        self.statuses.remove(key);
        self.bodies.remove(key);
        self.stories.remove(key);
        self.routes_before.remove(key);
        self.taken_back.remove(key);
        self.deleting.remove(key);
        self.loss.gone(key);
    }

    /// A person said something that lets a rollout go on.
    pub(crate) fn released(&mut self, key: &ObjectKey) {
        self.taken_back.remove(key);
    }

    /// An entry of the ledger was written.
    pub(crate) fn entry(&mut self, entry: &Entry) {
        if entry.draft.what == "PlanRefused" {
            self.breaks(format!("the checker refused a plan: {}", entry.draft.detail));
        }
        if entry.draft.what == "StoreWentBack" {
            self.says_that_it_went_back(&entry.draft.subject.key);
        }
        let asked = matches!(entry.draft.actor, tidegate_ledger::Actor::Person { .. });
        // Whoever pauses or promotes what is taken back does not let it go on.
        if asked && !["Pause", "Resume", "Promote", "PromoteFull"].contains(&&*entry.draft.what) {
            let key = entry.draft.subject.key.clone();
            self.released(&key);
        }
    }

    /// The router took a table.
    pub(crate) fn table(&mut self, table: &RouteTable, machine: &Machine, came: Came) {
        if table.generation < self.table {
            self.breaks(format!(
                "the router went back from table {} to {}",
                self.table, table.generation
            ));
        }
        self.table = table.generation;
        // What comes late, or from who led before, was right when it was decided.
        let of_leader = Epoch::of(table.generation) == self.leads && !self.loss.is_orphaned();
        let told_now = came == Came::InTime && of_leader;
        let replicas = machine.runtime.replicas();
        let now = machine.now();
        for listener in &table.listeners {
            let parts = listener.destinations.iter().map(|one| one.weight.parts());
            let sum: u64 = parts.sum();
            if ![0, Weight::PARTS].contains(&sum) {
                self.breaks(format!("shares that add up to {sum}: {listener:?}"));
            }
            if told_now {
                self.only_the_ready_gain(listener, &replicas, now);
                self.only_the_ready_are_listed(listener, &replicas);
                self.probes_are_weighed(listener, &replicas, machine);
                self.capacity(listener, &replicas, now);
                self.who_serves_goes_on(listener, &replicas, now);
            }
            if listener.owner.kind == OwnerKind::Rollout && told_now {
                self.shares(listener);
            }
        }
        let all = table.listeners.iter().flat_map(|listener| {
            let slot = |one: &Destination| (listener.owner_of(one).clone(), one.revision.clone());
            listener.destinations.iter().map(move |one| (slot(one), one.weight))
        });
        self.shares = all.collect();
    }

    fn shares(&mut self, listener: &Listener) {
        let key = listener.owner.key();
        if self.deleting.contains(&key) {
            return;
        }
        let Some(status) = self.statuses.get(&key).cloned() else { return };
        for one in &listener.destinations {
            let listed = status.route.iter().find(|(it, _)| *it == one.revision);
            let written = listed.map_or(Weight::ZERO, |(_, weight)| *weight);
            if one.weight != written {
                let (told, revision) = (one.weight, &one.revision);
                self.breaks(format!("{key}: {told} for {revision}, and {written} is written down"));
            }
        }
        let share = |revision: &RevisionHash| {
            let own = listener.destinations.iter().find(|one| one.revision == *revision);
            own.map_or(Weight::ZERO, |one| one.weight)
        };
        for (revision, written) in &status.route {
            if share(revision) != *written {
                let told = share(revision);
                self.breaks(format!("{key}: {told} for {revision}, and {written} is written down"));
            }
        }
        if let Some((revision, most)) = self.taken_back.get(&key).cloned() {
            let now = share(&revision);
            if now > most {
                self.breaks(format!("{key}: {revision} was taken back at {most} and gets {now}"));
            }
            self.taken_back.insert(key.clone(), (revision, most.min(now)));
        }
        let (Some(spec), Some(current)) = (self.specs.get(&key), &status.current) else { return };
        let others = status.stable.as_ref().is_some_and(|stable| stable != current);
        if let Some(most) = allowed(spec, &status).filter(|_| others && *current == spec.revision) {
            let given = share(current);
            let had = self.shares.get(&(listener.owner.clone(), current.clone()));
            // What it had may stay for as long as the stable revision is too small for it.
            let before = self.routes_before.get(&key).into_iter().flatten();
            let before = before.filter(|(it, _)| it == current).map(|(_, weight)| *weight).max();
            let had = had.copied().max(before).unwrap_or(Weight::ZERO);
            if given > most && given > had {
                let step = status.step_index;
                self.breaks(format!("{key}: {given} for {current}, and step {step} allows {most}"));
            }
        }
    }

    /// Why a replica may not be ended now, if it may not.
    pub(crate) fn is_needed(replica: &ReplicaId, machine: &Machine) -> Option<String> {
        let replicas = machine.runtime.replicas();
        let known = replicas.iter().find(|one| one.id == *replica)?;
        if matches!(known.state, ReplicaState::Retiring { since } if machine.now().since(since) >= DRAIN_LIMIT)
        {
            return None;
        }
        let table = machine.router.table();
        let mut destinations = table.listeners.iter().flat_map(|listener| &listener.destinations);
        let sends = destinations.any(|one| {
            one.weight > Weight::ZERO && one.endpoints.iter().any(|it| it.replica == *replica)
        });
        sends.then(|| format!("{replica} is ended while the router sends requests to it"))
    }

    /// The runtime has taken a number of replicas.
    pub(crate) fn scale(&mut self, order: &ScaleOrder, machine: &Machine) {
        if order.epoch < self.scales {
            self.breaks(format!(
                "an order of epoch {} is taken after {}",
                order.epoch, self.scales
            ));
        }
        self.scales = order.epoch;
        if order.owner.kind != OwnerKind::Rollout || order.epoch != self.leads {
            return;
        }
        let key = order.owner.key();
        if self.deleting.contains(&key) {
            if order.replicas > 0 {
                self.breaks(format!("{key} is being deleted, and is to have replicas"));
            }
            return;
        }
        let Some(status) = self.statuses.get(&key) else { return };
        let record = status.revisions.get(&order.revision);
        let written = record.map_or(0, |it| it.replicas);
        if order.replicas != written {
            let (told, revision) = (order.replicas, &order.revision);
            self.breaks(format!(
                "{key}: {told} replicas of {revision}, and {written} are written down"
            ));
        }
        let given = machine.router.weight(&key, &order.revision).unwrap_or(Weight::ZERO);
        if order.replicas == 0 && given > Weight::ZERO && !self.is_emptied(&key) {
            let revision = &order.revision;
            self.breaks(format!("{key}: no replicas for {revision}, which gets {given}"));
        }
    }

    /// Whether somebody wants no replicas at all, or did when what is told now was decided.
    fn is_emptied(&self, key: &ObjectKey) -> bool {
        let lately = self.emptied.get(key).is_some_and(|at| at.elapsed() < SEEN_BY_THEN);
        lately || self.specs.get(key).is_none_or(|spec| spec.replicas == 0)
    }
}

/// The most that a canary may have by the steps that it has reached; none where nobody says.
fn allowed(spec: &RolloutSpec, status: &RolloutStatus) -> Option<Weight> {
    let Strategy::Canary(canary) = &spec.strategy else { return None };
    if status.abort.is_some() || status.promote_full || spec.replicas == 0 {
        return None;
    }
    let reached = canary.steps.get(..=status.step_index)?;
    let weights = reached.iter().rev().filter_map(|step| match step {
        Step::SetWeight(weight) => Some(*weight),
        _ => None,
    });
    Some(weights.into_iter().next().unwrap_or(Weight::ZERO))
}

/// A table in few words.
pub(crate) fn told(table: &RouteTable) -> String {
    let mut text = format!("{}", table.generation);
    for listener in &table.listeners {
        let _ = write!(text, " {}:", Owner::key(&listener.owner).name);
        for one in &listener.destinations {
            let _ = write!(text, " {}={}x{}", one.revision, one.weight, one.endpoints.len());
        }
    }
    text
}
