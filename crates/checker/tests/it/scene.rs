use std::{collections::BTreeMap, time::Duration};

use tidegate_checker::{Violation, check};
use tidegate_rollout::{
    Action, AnalysisUse, Observation, Plan, Report, RevisionRecord, RevisionSeen, RolloutSpec,
    RolloutStatus, Step, Strategy,
};
use tidegate_units::{Generation, RevisionHash, Timestamp, Weight};

use crate::world::{World, canary, canary_of};

/// Revision `stable` serves with four replicas; `new` is on its way and has 20 % at step 0 of
/// `setWeight: 20`, `pause: 10s`, an analysis, `setWeight: 50`, `pause: {}`. The plan, made 20 s
/// after the step began, changes nothing.
pub(crate) struct Scene {
    pub(crate) spec: RolloutSpec,
    pub(crate) before: RolloutStatus,
    pub(crate) seen: Observation,
    pub(crate) plan: Plan,
    pub(crate) now: Timestamp,
}

pub(crate) fn weight(percent: u8) -> Weight {
    Weight::new(percent).unwrap()
}

pub(crate) fn hash(name: &str) -> RevisionHash {
    name.into()
}

fn record(number: u64, replicas: u32) -> RevisionRecord {
    let created_at = Timestamp::from_millis(0);
    RevisionRecord { number, created_at, replicas, scale_down_at: None, was_stable: false }
}

pub(crate) fn available(replicas: u32) -> RevisionSeen {
    RevisionSeen { replicas, ready: replicas, available: replicas, ..RevisionSeen::default() }
}

pub(crate) fn began() -> Timestamp {
    Timestamp::from_millis(100_000)
}

impl Scene {
    pub(crate) fn new() -> Self {
        let analysis = AnalysisUse::default();
        let steps = vec![
            Step::SetWeight(weight(20)),
            Step::Pause(Some(Duration::from_secs(10))),
            Step::Analysis(analysis),
            Step::SetWeight(weight(50)),
            Step::Pause(None),
        ];
        let spec = RolloutSpec {
            name: "web".to_owned(),
            revision: hash("new"),
            ..World::new(Strategy::Canary(canary(steps, true)), 4).spec
        };
        let before = RolloutStatus {
            generation: Generation(7),
            stable: Some(hash("stable")),
            current: Some(hash("new")),
            steps_hash: 1,
            step_index: 0,
            step_started: Some(began()),
            weight: weight(20),
            revisions: BTreeMap::from([
                (hash("stable"), record(2, 4)),
                (hash("new"), record(3, 4)),
            ]),
            route: vec![(hash("new"), weight(20)), (hash("stable"), weight(80))],
            route_generation: Generation(7),
            ..RolloutStatus::default()
        };
        let seen = Observation {
            revisions: BTreeMap::from([
                (hash("stable"), available(4)),
                (hash("new"), available(4)),
            ]),
            routed: Some(before.route.iter().cloned().collect()),
            routed_generation: Generation(7),
            ..Observation::default()
        };
        let plan = Plan {
            status: before.clone(),
            actions: Vec::new(),
            report: Report::default(),
            events: Vec::new(),
            wake_at: None,
        };
        Self { spec, before, seen, plan, now: began().after(Duration::from_secs(20)) }
    }

    /// Without a router: two replicas of each, of four.
    pub(crate) fn unrouted() -> Self {
        let mut scene = Self::new();
        canary_of(&mut scene.spec).routed = false;
        canary_of(&mut scene.spec).steps = vec![Step::SetWeight(weight(50)), Step::Pause(None)];
        for name in ["stable", "new"] {
            scene.seen.revisions.insert(hash(name), available(2));
            scene.at_step(0);
            scene.had(name, 2);
            scene.wants(name, 2);
        }
        scene
    }

    /// The step that was being taken before, and still is.
    pub(crate) fn at_step(&mut self, index: usize) -> &mut Self {
        self.before.step_index = index;
        self.plan.status.step_index = index;
        self
    }

    /// Replicas that a revision was to have.
    pub(crate) fn had(&mut self, name: &str, replicas: u32) -> &mut Self {
        self.before.revisions.entry(hash(name)).or_insert(record(1, 0)).replicas = replicas;
        self
    }

    /// Replicas that a revision is to have, as the status says it.
    pub(crate) fn wants(&mut self, name: &str, replicas: u32) -> &mut Self {
        self.plan.status.revisions.entry(hash(name)).or_insert(record(1, 0)).replicas = replicas;
        self
    }

    /// A new generation with this split, ordered and stored.
    pub(crate) fn routes(&mut self, split: &[(&str, u8)]) -> &mut Self {
        let weights: Vec<_> =
            split.iter().map(|(name, share)| (hash(name), weight(*share))).collect();
        self.plan.status.generation = Generation(8);
        self.plan.status.route.clone_from(&weights);
        self.plan.status.route_generation = Generation(8);
        let rules = self.plan.status.rules.clone();
        self.plan.actions.push(Action::Route { weights, rules, generation: Generation(8) });
        self
    }

    /// A new generation with this number of replicas, ordered and stored.
    pub(crate) fn scales(&mut self, name: &str, replicas: u32) -> &mut Self {
        self.plan.status.generation = Generation(8);
        self.wants(name, replicas);
        self.plan.actions.push(Action::Scale {
            revision: hash(name),
            replicas,
            restart_before: None,
            generation: Generation(8),
        });
        self
    }

    /// The step that is being taken after the plan.
    pub(crate) fn moves_to(&mut self, step: usize) -> &mut Self {
        self.plan.status.step_index = step;
        self
    }

    pub(crate) fn violations(&self) -> Vec<Violation> {
        let outcome = check(&self.spec, &self.before, &self.seen, &self.plan, self.now);
        outcome.err().unwrap_or_default()
    }
}

/// A plan that no rule may refuse.
#[track_caller]
pub(crate) fn good(mut scene: Scene, change: impl FnOnce(&mut Scene)) {
    change(&mut scene);
    assert_eq!(scene.violations(), []);
}

/// A plan that this rule refuses, and no other one.
#[track_caller]
pub(crate) fn bad(
    mut scene: Scene,
    change: impl FnOnce(&mut Scene),
    violation: impl Into<Violation>,
) {
    change(&mut scene);
    assert_eq!(scene.violations(), [violation.into()]);
}
