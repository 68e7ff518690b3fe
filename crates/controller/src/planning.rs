//! Planning of one rollout within a tick: its runs, the rollout itself, and the checker over both.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tidegate_analysis::RunPhase;
use tidegate_ledger::Actor;
use tidegate_planted::{Mistake, is_checked, makes};
use tidegate_rollout::{
    Action, Condition, ConditionKind, Event, Observation, Phase, Plan, Report, RolloutStatus,
    Waiting, plan,
};
use tidegate_units::{ObjectKey, Owner, OwnerKind, RevisionHash, RunName};

use crate::{
    Kind,
    act::Scale,
    document,
    experiment_made::Sides,
    runs::earliest,
    sight::{Sight, is_retiring},
    stage::{Stage, tagged},
    world::{RolloutEntry, Run},
};

/// How soon a plan whose actions are not seen to have worked is made again.
pub(crate) const REPEAT_AFTER: Duration = Duration::from_millis(500);

impl Stage {
    /// Plans a rollout or an experiment against what is seen.
    pub(crate) fn plan(&mut self, owner: &Owner, sight: &Sight) {
        match owner.kind {
            OwnerKind::Rollout => self.plan_rollout(&owner.key(), sight),
            OwnerKind::Experiment => self.plan_experiment(&owner.key(), sight),
            OwnerKind::AnalysisRun => self.plan_analysis_run(&owner.key(), sight),
        }
    }

    /// Plans a rollout and its runs against what is seen.
    fn plan_rollout(&mut self, key: &ObjectKey, sight: &Sight) {
        let Some(entry) = self.world.rollouts.get(key) else { return };
        let settled = self.settled.seen_by(entry, self.now());
        if settled.is_some_and(|seen| *seen == self.observe(entry, sight)) {
            return;
        }
        self.settled.forget(key);
        let mut entry = RolloutEntry::clone(entry);
        if entry.deleting {
            self.plan_delete(entry, sight);
            return;
        }
        if entry.declared.value.template.containers.is_empty() {
            self.await_workload(entry);
            return;
        }
        let mut wake_at = self.plan_runs(&Owner::rollout(key), &mut entry.runs, sight);
        let observation = self.observe(&entry, sight);
        let spec = &entry.declared.value.spec;
        let made = plan(spec, &entry.status, &observation, self.now());
        let checked = tidegate_checker::check(spec, &entry.status, &observation, &made, self.now());
        if let Err(violations) = checked
            && is_checked()
        {
            let violations: Vec<_> = violations.iter().map(ToString::to_string).collect();
            self.refuse(entry, violations);
            return;
        }
        wake_at = earliest(wake_at, made.wake_at);
        if !made.actions.is_empty() {
            wake_at = earliest(wake_at, Some(self.now().after(REPEAT_AFTER)));
        }
        let settles = made.actions.is_empty()
            && made.events.is_empty()
            && made.status == entry.status
            && entry.runs.values().all(|run| run.ended())
            && observation.experiments.is_empty();
        self.take(&mut entry, made, sight);
        entry.latest.wake_at = wake_at;
        let entry = Arc::new(entry);
        if settles {
            self.settled.note(&entry, observation, self.now());
        }
        self.world.rollouts.insert(key.clone(), entry);
    }

    /// All that a rollout's planner is shown.
    fn observe(&self, entry: &RolloutEntry, sight: &Sight) -> Observation {
        let (experiments, taken) = self.world.experiments_seen(entry, sight, self.now());
        Observation { experiments, taken, ..sight.for_rollout(entry, self.now()) }
    }

    /// A Rollout whose pod template is that of a Deployment which is not there: it has nothing to run
    /// yet, and says so as Argo Rollouts does.
    fn await_workload(&mut self, mut entry: RolloutEntry) {
        let manifest = entry.declared.manifest.value();
        let named = manifest.pointer("/spec/workloadRef/name");
        let name = named.and_then(Value::as_str).unwrap_or_default();
        let message = format!("there is no Deployment {}: apply it", entry.key().sibling(name));
        let condition = Condition {
            kind: ConditionKind::InvalidSpec,
            holds: true,
            reason: "InvalidSpec".to_owned(),
            message: format!("spec.workloadRef: {message}"),
            since: entry.declared.changed_at,
        };
        let status = RolloutStatus {
            phase: Phase::Degraded,
            message: format!("InvalidSpec: {}", condition.message),
            conditions: vec![condition],
            ..entry.status.clone()
        };
        if entry.status != status {
            entry.status = status;
            self.write(document::put_status(&entry));
        }
        let revision = entry.declared.value.spec.revision.clone();
        entry.latest.report = Report {
            phase: Phase::Degraded,
            waiting: vec![Waiting::Obstacle { revision, message }],
            ..Report::default()
        };
        self.changed = true;
        self.world.rollouts.insert(entry.key().clone(), Arc::new(entry));
    }

    /// Takes a plan over: status, events and what it asks for.
    fn take(&mut self, entry: &mut RolloutEntry, made: Plan, sight: &Sight) {
        for action in &made.actions {
            self.take_action(entry, action, sight);
        }
        for event in made.events.iter().filter(|event| !is_left_out(event)) {
            let (what, mut detail) = tagged(event);
            if let (Event::Aborted { .. }, Some(detail)) = (event, detail.as_object_mut()) {
                detail.insert("evidence".to_owned(), evidence(entry));
            }
            if let Some(detail) = detail.as_object_mut() {
                detail.insert("generation".to_owned(), json!(made.status.generation));
            }
            self.note(Actor::Controller, Kind::Rollout.as_str(), entry.key(), &what, detail);
        }
        if entry.status != made.status {
            let before = std::mem::replace(&mut entry.status, made.status);
            self.write(document::put_status(entry));
            self.note_settled(entry, &before);
        }
        if entry.latest.report != made.report {
            self.changed = true;
            entry.latest.report = made.report;
        }
        entry.latest.violations.clear();
        self.prune_runs(entry);
        self.prune_experiments(entry);
    }

    /// Runs and revisions are the store's; what is the world's is done after the commit.
    fn take_action(&mut self, entry: &mut RolloutEntry, action: &Action, sight: &Sight) {
        match action {
            Action::StartRun { run, kind, analysis, canary, stable } => {
                if !entry.runs.contains_key(run) {
                    let begun =
                        self.begin_run(entry, run, *kind, analysis.as_ref(), (canary, stable));
                    self.keep_begun(&mut entry.runs, &begun, sight);
                }
            }
            Action::StopRun { run } => self.stop_run(&mut entry.runs, run, sight),
            Action::StartExperiment { experiment, what, canary, stable } => {
                self.make_experiment(entry, experiment, what, Sides { canary, stable });
            }
            Action::StopExperiment { experiment } => {
                let key = entry.key().sibling(experiment);
                self.end_experiment(&key, Actor::Controller);
            }
            Action::Forget { revision } => {
                entry.revisions.remove(revision);
                let write = document::delete_revision(entry.key(), revision);
                self.write(write);
            }
            Action::Route { weights, rules, generation } => {
                entry.latest.split.clone_from(weights);
                entry.latest.rules.clone_from(rules);
                entry.latest.split_generation = *generation;
            }
            Action::Scale { revision, replicas, restart_before, generation } => {
                self.scales.push(Scale {
                    owner: entry.owner(),
                    revision: revision.clone(),
                    replicas: *replicas,
                    restart_before: *restart_before,
                    generation: *generation,
                });
            }
        }
    }

    /// A plan that breaks a rule of safety is not carried out: everything stays as it is.
    fn refuse(&mut self, mut entry: RolloutEntry, violations: Vec<String>) {
        tracing::error!(rollout = %entry.key(), ?violations, "a plan was refused by the checker");
        if entry.latest.violations != violations {
            let detail = json!({ "violations": violations });
            let (kind, key) = (Kind::Rollout.as_str(), entry.key().clone());
            self.note(Actor::Controller, kind, &key, "PlanRefused", detail);
            self.changed = true;
        }
        entry.latest.violations = violations;
        entry.latest.wake_at = Some(self.now().after(Duration::from_secs(1)));
        self.world.rollouts.insert(entry.key().clone(), Arc::new(entry));
    }

    /// A rollout that is being deleted: no traffic, no replicas, then no rollout.
    fn plan_delete(&mut self, mut entry: RolloutEntry, sight: &Sight) {
        let key = entry.key().clone();
        let generation = entry.status.generation;
        if sight.of(&entry.owner()).is_empty() && entry.latest.wake_at.is_some() {
            for write in document::delete_rollout(&entry) {
                self.write(write);
            }
            self.forget_authors(Kind::Rollout, &key);
            self.note(Actor::Controller, Kind::Rollout.as_str(), &key, "Gone", json!({}));
            self.outlive(generation);
            self.world.rollouts.remove(&key);
            return;
        }
        // What is seen to have retired all of its replicas has taken the order.
        let asked = entry.latest.wake_at.is_some();
        let stays = |revision: &&RevisionHash| {
            let mut own = sight.of(&entry.owner()).iter().filter(|one| one.revision == **revision);
            !asked || own.any(|one| !is_retiring(one))
        };
        // One that was first applied in what a disk has lost runs all the same.
        let seen = sight.of(&entry.owner()).iter().map(|one| &one.revision);
        let all: BTreeSet<_> = entry.revisions.keys().chain(seen).collect();
        let orders = all.into_iter().filter(stays).map(|revision| Scale {
            owner: entry.owner(),
            revision: revision.clone(),
            replicas: 0,
            restart_before: None,
            generation,
        });
        self.scales.extend(orders);
        entry.latest.split.clear();
        entry.latest.rules.clear();
        entry.latest.wake_at = Some(self.now().after(REPEAT_AFTER));
        self.world.rollouts.insert(key, Arc::new(entry));
    }

    fn prune_runs(&mut self, entry: &mut RolloutEntry) {
        for name in surplus_runs(entry) {
            entry.runs.remove(&name);
            let write = document::delete_run(&entry.owner(), &name);
            self.write(write);
        }
    }
}

/// Whether a mistake that is planted keeps it from the ledger.
fn is_left_out(event: &Event) -> bool {
    match event {
        Event::WeightSet { .. } => makes(Mistake::LeavesOutWeights),
        Event::Promoted { .. } => makes(Mistake::LeavesOutPromotions),
        Event::Scaled { .. } => makes(Mistake::LeavesOutScaling),
        _ => false,
    }
}

/// The oldest ended runs, beyond as many as `spec.analysis` keeps of each outcome.
fn surplus_runs(entry: &RolloutEntry) -> Vec<RunName> {
    let kept = entry.declared.value.run_history;
    let of = |success: bool, limit: u32| {
        let ended = |run: &&Arc<Run>| run.ended() && !is_referred(entry, &run.spec.name);
        let outcome = |run: &&Arc<Run>| (run.status.phase == RunPhase::Successful) == success;
        let mut ended: Vec<_> = entry.runs.values().filter(ended).filter(outcome).collect();
        ended.sort_by_key(|run| std::cmp::Reverse((run.created_at, run.spec.name.clone())));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        ended.into_iter().skip(limit).map(|run| run.spec.name.clone()).collect::<Vec<_>>()
    };
    [of(true, kept.successful), of(false, kept.unsuccessful)].concat()
}

/// Whether the status still speaks of a run: it must stay as long as its answer counts.
fn is_referred(entry: &RolloutEntry, name: &RunName) -> bool {
    let status = &entry.status;
    [&status.step_run, &status.background_run, &status.watch_run]
        .into_iter()
        .flatten()
        .any(|run| run.name == *name)
        || status.needs_run(name)
}

/// What the open runs have gathered, for the ledger entry of an abort.
fn evidence(entry: &RolloutEntry) -> Value {
    let decided = entry.runs.values().filter(|run| {
        is_referred(entry, &run.spec.name) && run.status.phase != RunPhase::Successful
    });
    decided
        .map(|run| (run.spec.name.to_string(), json!({ "message": run.status.message, "phase": run.status.phase, "metrics": run.status.metrics })))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
