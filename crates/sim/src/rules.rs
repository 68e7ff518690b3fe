//! What holds at every moment: seen at the doors, from what is written down and what is there, with no
//! part of the planner and none of its checker.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use tidegate_ledger::Entry;
use tidegate_ports::{ReplicaSeen, ReplicaState, Runtime as _, ScaleOrder, StoredObject};
use tidegate_rollout::{RolloutSpec, RolloutStatus, Step, Strategy};
use tidegate_traffic::{Destination, Listener, RouteTable};
use tidegate_units::{Epoch, Generation, ObjectKey, Owner, OwnerKind, RevisionHash, Weight};
use tokio::time::Instant;

use crate::doors::{Came, Machine};

/// What is told now was decided on what was seen so long ago at most: a control plane may have been away
/// for an hour between the two.
const SEEN_BY_THEN: Duration = Duration::from_mins(70);

/// Who watches, and what they saw broken.
#[derive(Default)]
pub(crate) struct Rules {
    pub(crate) broken: Vec<String>,
    /// The epoch of whoever leads.
    leads: Epoch,
    /// The latest epoch of which the runtime took an order.
    scales: Epoch,
    /// The newest table that was taken.
    table: Generation,
    /// The share of each revision in the table before that.
    shares: BTreeMap<(Owner, RevisionHash), Weight>,
    /// When somebody last wanted no replicas at all of a rollout.
    emptied: BTreeMap<ObjectKey, Instant>,
    /// What is written down, by rollout.
    specs: BTreeMap<ObjectKey, RolloutSpec>,
    statuses: BTreeMap<ObjectKey, RolloutStatus>,
    /// The split that was written down before the one that is.
    routes_before: BTreeMap<ObjectKey, Vec<(RevisionHash, Weight)>>,
    /// Revisions that were taken back, and what they had at most since: who takes one back promises
    /// that it gets no more, until a person says otherwise.
    taken_back: BTreeMap<ObjectKey, (RevisionHash, Weight)>,
}

impl Rules {
    fn breaks(&mut self, what: String) {
        if self.broken.len() < 20 {
            self.broken.push(what);
        }
    }

    /// Somebody takes the lead.
    pub(crate) fn leads(&mut self, epoch: Epoch) {
        if epoch <= self.leads {
            self.breaks(format!("epoch {epoch} begins after {}", self.leads));
        }
        self.leads = epoch;
    }

    /// Something was written down by whoever leads in an epoch.
    pub(crate) fn writes(&mut self, epoch: Epoch) {
        if epoch != self.leads {
            self.breaks(format!("written in epoch {epoch}, while {} is", self.leads));
        }
    }

    /// Documents of rollouts were written.
    pub(crate) fn written(&mut self, documents: &[StoredObject]) {
        for (at, document) in documents.iter().enumerate() {
            let key = document.key.clone();
            let same = |it: &&StoredObject| (&it.kind, &it.key) == (&document.kind, &document.key);
            // What a later document of the same batch overwrites never was.
            if documents.iter().skip(at + 1).any(|it| same(&it)) {
                continue;
            }
            match document.kind.as_str() {
                "RolloutStatus" => match serde_json::from_value(document.body.clone()) {
                    Ok(status) => self.status(key, &status),
                    Err(problem) => self.breaks(format!("a status that cannot be read: {problem}")),
                },
                "Rollout" => {
                    let spec = document.body.pointer("/value/spec").cloned();
                    match serde_json::from_value(spec.unwrap_or_default()) {
                        Ok(spec) => self.spec(key, spec),
                        Err(problem) => {
                            self.breaks(format!("a rollout that cannot be read: {problem}"));
                        }
                    }
                }
                _ => {}
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

    /// A person said something that lets a rollout go on.
    pub(crate) fn released(&mut self, key: &ObjectKey) {
        self.taken_back.remove(key);
    }

    /// An entry of the ledger was written.
    pub(crate) fn entry(&mut self, entry: &Entry) {
        if entry.draft.what == "PlanRefused" {
            self.breaks(format!("the checker refused a plan: {}", entry.draft.detail));
        }
        let asked = matches!(entry.draft.actor, tidegate_ledger::Actor::Person { .. });
        if asked {
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
        let told_now = came == Came::InTime && Epoch::of(table.generation) == self.leads;
        for listener in &table.listeners {
            let parts = listener.destinations.iter().map(|one| one.weight.parts());
            let sum: u64 = parts.sum();
            if ![0, Weight::PARTS].contains(&sum) {
                self.breaks(format!("shares that add up to {sum}: {listener:?}"));
            }
            if told_now {
                self.only_the_ready_gain(listener, machine);
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

    /// A revision of which no replica was ever ready gets nothing of one that has any that are, but
    /// where somebody wants no replicas at all.
    fn only_the_ready_gain(&mut self, listener: &Listener, machine: &Machine) {
        let replicas = machine.runtime.replicas();
        let share = |one: &RevisionHash| {
            let own = listener.destinations.iter().find(|it| it.revision == *one);
            own.map_or(Weight::ZERO, |it| it.weight)
        };
        for one in &listener.destinations {
            let owner = listener.owner_of(one);
            let had = |revision: &RevisionHash| {
                let slot = (owner.clone(), revision.clone());
                self.shares.get(&slot).copied().unwrap_or(Weight::ZERO)
            };
            if one.weight <= had(&one.revision) || self.is_emptied(&owner.key()) {
                continue;
            }
            let all = replicas.iter().filter(|it| it.owner == *owner);
            let (own, others): (Vec<_>, Vec<_>) = all.partition(|it| it.revision == one.revision);
            let was_ready =
                own.iter().any(|it| it.state != ReplicaState::Starting || it.restarts > 0);
            let now = machine.now();
            let lasting = |it: &&&ReplicaSeen| {
                it.state == ReplicaState::Ready
                    && it.ready_since.is_some_and(|since| now.since(since) > SEEN_BY_THEN)
            };
            let better =
                others.iter().filter(lasting).any(|it| share(&it.revision) < had(&it.revision));
            if !was_ready && better {
                let (share, revision) = (one.weight, &one.revision);
                self.breaks(format!("{share} for {revision}, of which no replica was ever ready"));
            }
        }
    }

    fn shares(&mut self, listener: &Listener) {
        let key = listener.owner.key();
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
