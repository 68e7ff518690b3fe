//! What is seen through the ports, and what a rollout's planner is shown of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tidegate_analysis::{RunObservation, RunPhase, RunTraffic, TestEvidence};
use tidegate_exposure::{Arm, Counted, Milli};
use tidegate_planted::{Mistake, makes};
use tidegate_ports::{Look, ReplicaSeen, ReplicaState};
use tidegate_rollout::{ExposureSettings, Observation, RevisionSeen, RunSeen, Step};
use tidegate_traffic::{RevisionTally, Tally, TrafficReading};
use tidegate_units::{
    Generation, ObjectKey, Owner, OwnerKind, ReplicaId, RevisionHash, Timestamp, Weight,
};

use crate::{
    asking::Questions,
    experiment_entry::ExperimentEntry,
    pace::Pace,
    shared_map::SharedMap,
    world::{RolloutEntry, Run},
};

/// So many seconds are lately: with little traffic a few requests, with much not the split before.
const LATELY: usize = 30;

/// What is seen at one moment. Copied for each tick, as the world is.
#[derive(Clone, Default)]
pub(crate) struct Sight {
    /// How often there is another look.
    pub(crate) pace: Pace,
    /// How many are judged.
    pub(crate) judged: usize,
    pub(crate) replicas: SharedMap<Owner, Arc<Vec<ReplicaSeen>>>,
    /// Whose replicas are being drained.
    pub(crate) retiring: SharedMap<Owner, ()>,
    pub(crate) obstacles: Arc<Obstacles>,
    /// The last answer of the router.
    pub(crate) traffic: Option<Arc<TrafficReading>>,
    /// Whether it answered the last time it was asked.
    pub(crate) router_answers: bool,
    /// The splits that the router confirmed, with the plans they came from.
    pub(crate) routed: SharedMap<ObjectKey, Arc<Routed>>,
    /// Rollouts with a Service before them, and which.
    pub(crate) served: SharedMap<ObjectKey, Arc<BTreeSet<ObjectKey>>>,
    /// What was asked of the network for the runs.
    pub(crate) asked: Questions,
}

/// Why revisions cannot have replicas.
type Obstacles = BTreeMap<(Owner, RevisionHash), String>;

/// A split that the router confirmed, with the plan it came from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Routed {
    pub(crate) generation: Generation,
    pub(crate) split: BTreeMap<RevisionHash, Weight>,
    /// Whether it alone decides where a request goes: no rule does, and no client keeps its revision.
    pub(crate) by_chance: bool,
}

impl Sight {
    /// Takes in the replicas, and returns whose they are for which anything changed.
    pub(crate) fn see_replicas(&mut self, look: Look, obstacles: Obstacles) -> BTreeSet<Owner> {
        let known = self.replicas.keys().filter(|_| look.whole);
        let gone = known.filter(|owner| !look.owners.contains_key(*owner));
        let gone: Vec<_> = gone.map(|owner| (owner.clone(), Vec::new())).collect();
        let mut changed = BTreeSet::new();
        for (owner, seen) in gone.into_iter().chain(look.owners) {
            if self.see_those_of(&owner, seen) {
                changed.insert(owner);
            }
        }
        if *self.obstacles != obstacles {
            let stuck = obstacles.keys().chain(self.obstacles.keys());
            changed.extend(stuck.map(|(owner, _)| owner.clone()));
            self.obstacles = Arc::new(obstacles);
        }
        changed
    }

    /// Takes in the replicas of an owner, and says whether that means anything to a planner.
    fn see_those_of(&mut self, owner: &Owner, seen: Vec<ReplicaSeen>) -> bool {
        let before = self.of(owner);
        if before == seen {
            return false;
        }
        let moved = !same_for_plans(before, &seen);
        let retires = seen.iter().any(is_retiring);
        if retires != self.retiring.contains_key(owner) {
            if retires {
                self.retiring.insert(owner.clone(), ());
            } else {
                self.retiring.remove(owner);
            }
        }
        if seen.is_empty() {
            self.replicas.remove(owner);
        } else {
            self.replicas.insert(owner.clone(), Arc::new(seen));
        }
        moved
    }

    /// What the routes follow from, and nothing else.
    pub(crate) fn routed_by(&self) -> Self {
        Self { replicas: self.replicas.clone(), ..Self::default() }
    }

    pub(crate) fn of(&self, owner: &Owner) -> &[ReplicaSeen] {
        self.replicas.get(owner).map(|seen| seen.as_slice()).unwrap_or_default()
    }

    /// How many requests a replica is answering, by the router's last word.
    pub(crate) fn in_flight(&self, owner: &Owner, replica: &ReplicaId) -> u64 {
        let Some(traffic) = &self.traffic else { return 0 };
        traffic
            .revisions
            .get(owner)
            .into_iter()
            .flat_map(BTreeMap::values)
            .filter_map(|tally| tally.in_flight.get(replica))
            .sum()
    }

    fn tally(&self, owner: &Owner, revision: &RevisionHash) -> RevisionTally {
        let found = self
            .traffic
            .as_ref()
            .and_then(|traffic| traffic.revisions.get(owner))
            .and_then(|revisions| revisions.get(revision));
        found.cloned().unwrap_or_default()
    }

    /// How many requests a revision got in the last whole seconds that the router tells of.
    pub(crate) fn lately(&self, owner: &Owner, revision: &RevisionHash) -> u64 {
        let seconds = self.tally(owner, revision).seconds;
        seconds.iter().rev().take(LATELY).map(|(_, tally)| tally.requests).sum()
    }

    /// What the router has counted of the new and the stable revision of a rollout.
    fn counted(&self, entry: &RolloutEntry) -> Option<Counted> {
        let traffic = self.traffic.as_ref().filter(|_| self.router_answers)?;
        let settings = auto_step(entry)?;
        let known = traffic.revisions.get(&entry.owner());
        let none = Tally::default();
        let total = |revision: &RevisionHash| {
            known.and_then(|known| known.get(revision)).map_or(&none, |tally| &tally.total)
        };
        let canary = &entry.declared.value.spec.revision;
        Some(Counted {
            at: traffic.at,
            epoch: traffic.epoch,
            canary: Arm::of_canary(total(canary), settings.slow),
            stable: Arm::of_stable(total(entry.status.stable.as_ref()?), settings.slow),
            effect: Milli::new(design_effect(entry, canary)),
        })
    }

    /// The share of the requests that the split gives the revision that a run judges, of those of the
    /// two that it compares, and whether chance alone decides which they are.
    fn split(&self, run: &Run) -> Option<(f64, bool)> {
        let owner = Some(&run.spec.owner).filter(|owner| owner.kind == OwnerKind::Rollout)?;
        let routed = self.routed.get(&owner.key())?;
        let weight = |revision| routed.split.get(revision).map_or(0.0, |weight| weight.percent());
        let (canary, stable) = (weight(&run.spec.canary), weight(&run.spec.stable));
        (canary + stable > 0.0).then(|| (canary / (canary + stable), routed.by_chance))
    }

    /// What a run is shown.
    pub(crate) fn for_run(&self, run: &Run) -> RunObservation {
        let traffic = self.traffic.as_ref().filter(|_| self.router_answers);
        let split = self.split(run);
        RunObservation {
            traffic: traffic.map(|traffic| RunTraffic {
                at: traffic.at,
                epoch: traffic.epoch,
                canary: self.tally(&run.spec.owner, &run.spec.canary),
                stable: self.tally(&run.spec.owner, &run.spec.stable),
                share: split.map(|(share, _)| share),
                by_chance: split.is_some_and(|(_, by_chance)| by_chance),
            }),
            asked: self
                .asked
                .get(&(run.spec.owner.clone(), run.spec.name.clone()))
                .cloned()
                .unwrap_or_default(),
            replicas: Vec::new(),
            next_look: self.pace.looked_at_within(self.judged),
        }
    }

    /// What an experiment's planner is shown of its replicas and runs.
    pub(crate) fn for_experiment(
        &self,
        entry: &ExperimentEntry,
        now: Timestamp,
    ) -> tidegate_experiment::Observation {
        let owner = entry.owner();
        let templates = entry.declared.value.spec.templates.iter();
        let min_ready: BTreeMap<_, _> =
            templates.map(|template| (&template.revision, template.min_ready)).collect();
        let wait = |revision: &RevisionHash| min_ready.get(revision).copied().unwrap_or_default();
        tidegate_experiment::Observation {
            revisions: count(self.of(&owner), None, wait, now),
            runs: entry.runs.iter().map(|(name, run)| (name.clone(), run_seen(run))).collect(),
            obstacles: self.obstacles_of(&owner),
            ..tidegate_experiment::Observation::default()
        }
    }

    /// Why revisions of an owner cannot have replicas.
    fn obstacles_of(&self, owner: &Owner) -> BTreeMap<RevisionHash, String> {
        if self.obstacles.is_empty() {
            return BTreeMap::new();
        }
        let own = self.obstacles.range((owner.clone(), RevisionHash::from(""))..);
        let own = own.take_while(|((of, _), _)| of == owner);
        own.map(|((_, revision), message)| (revision.clone(), message.clone())).collect()
    }

    /// What a rollout's planner is shown, but for its experiments: those are the world's.
    pub(crate) fn for_rollout(&self, entry: &RolloutEntry, now: Timestamp) -> Observation {
        let key = entry.key();
        let (owner, spec) = (entry.owner(), &entry.declared.value.spec);
        let routed = self.routed.get(key);
        Observation {
            revisions: count(self.of(&owner), spec.restart_at, |_| spec.min_ready, now),
            routed: routed.map(|routed| routed.split.clone()),
            routed_generation: routed.map(|routed| routed.generation).unwrap_or_default(),
            runs: entry.runs.iter().map(|(name, run)| (name.clone(), run_seen(run))).collect(),
            obstacles: self.obstacles_of(&owner),
            no_service: !self.served.contains_key(key),
            counted: goes_by_counts(entry).then(|| self.counted(entry)).flatten(),
            ..Observation::default()
        }
    }
}

/// Whether two sights of a rollout's replicas mean the same to a planner: readings of CPU and
/// memory change all the time and move nothing.
pub(crate) fn same_for_plans(before: &[ReplicaSeen], after: &[ReplicaSeen]) -> bool {
    fn fact(one: &ReplicaSeen) -> impl PartialEq + use<'_> {
        (&one.id, one.state, one.ready_since, &one.ports)
    }
    before.len() == after.len() && before.iter().zip(after).all(|(a, b)| fact(a) == fact(b))
}

/// Whether a rollout takes a step whose share follows from what the router counts.
pub(crate) fn goes_by_counts(entry: &RolloutEntry) -> bool {
    auto_step(entry).is_some()
}

fn auto_step(entry: &RolloutEntry) -> Option<&ExposureSettings> {
    match entry.declared.value.spec.canary().steps.get(entry.status.step_index)? {
        Step::Auto(settings) if entry.status.abort.is_none() => Some(settings),
        _ => None,
    }
}

/// How many requests tell as much as one, by the judges that compare the failures of the new revision;
/// none is known where there is no such judge.
fn design_effect(entry: &RolloutEntry, canary: &RevisionHash) -> f64 {
    let runs = entry.runs.values().filter(|run| run.spec.canary == *canary);
    let metrics = runs.flat_map(|run| run.status.metrics.values());
    let tests = metrics.filter_map(|metric| metric.evidence.as_ref()).flat_map(|it| &it.tests);
    let errors = tests.filter(|test| test.name == "errors");
    errors.map(TestEvidence::design_effect).fold(0.0, f64::max)
}

pub(crate) fn is_retiring(replica: &ReplicaSeen) -> bool {
    matches!(replica.state, ReplicaState::Retiring { .. })
}

fn run_seen(run: &Run) -> RunSeen {
    let message = || run.status.message.clone();
    match run.status.phase {
        RunPhase::Pending | RunPhase::Running => RunSeen::Running,
        RunPhase::Successful => RunSeen::Successful,
        RunPhase::Failed => RunSeen::Failed(message()),
        RunPhase::Error => RunSeen::Error(message()),
        RunPhase::Inconclusive => RunSeen::Inconclusive(message()),
    }
}

/// Counts the replicas of each revision.
fn count(
    replicas: &[ReplicaSeen],
    restart_at: Option<Timestamp>,
    min_ready: impl Fn(&RevisionHash) -> Duration,
    now: Timestamp,
) -> BTreeMap<RevisionHash, RevisionSeen> {
    let mut counted: BTreeMap<RevisionHash, RevisionSeen> = BTreeMap::new();
    for replica in replicas {
        if matches!(replica.state, ReplicaState::Retiring { .. } | ReplicaState::Stopping) {
            if makes(Mistake::CountsTheDying) {
                let seen = counted.entry(replica.revision.clone()).or_default();
                (seen.replicas, seen.ready) = (seen.replicas + 1, seen.ready + 1);
                seen.available += 1;
            }
            continue;
        }
        let seen = counted.entry(replica.revision.clone()).or_default();
        seen.replicas += 1;
        if restart_at.is_some_and(|moment| replica.started_at < moment) {
            seen.outdated += 1;
        }
        let (ReplicaState::Ready, Some(since)) = (replica.state, replica.ready_since) else {
            continue;
        };
        seen.ready += 1;
        let available_at = since.after(min_ready(&replica.revision));
        if available_at <= now {
            seen.available += 1;
        } else {
            let soonest = seen.next_available.map_or(available_at, |at| at.min(available_at));
            seen.next_available = Some(soonest);
        }
    }
    counted
}
