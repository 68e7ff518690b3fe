//! Planning of one rollout within a tick: its runs, the rollout itself, and the checker over both.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tidegate_analysis::{RunEvent, RunPhase, plan_run};
use tidegate_ledger::Actor;
use tidegate_rollout::{Action, Event, Plan, plan};
use tidegate_units::{ObjectKey, Owner, OwnerKind, RunName, Timestamp};

use crate::{
    Kind,
    act::Scale,
    document,
    sight::Sight,
    stage::{Stage, tagged},
    world::{RolloutEntry, Run},
};

/// Evidence that only grew is written down this often; what is lost in between is gathered again.
const SAVE_EVIDENCE_EVERY: Duration = Duration::from_secs(1);
/// How soon a plan whose actions are not seen to have worked is made again.
const REPEAT_AFTER: Duration = Duration::from_millis(500);

impl Stage {
    /// Plans a rollout or an experiment against what is seen.
    pub(crate) fn plan(&mut self, owner: &Owner, sight: &Sight) {
        match owner.kind {
            OwnerKind::Rollout => self.plan_rollout(&owner.key(), sight),
            OwnerKind::Experiment => {}
        }
    }

    /// Plans a rollout and its runs against what is seen.
    fn plan_rollout(&mut self, key: &ObjectKey, sight: &Sight) {
        let Some(entry) = self.world.rollouts.get(key) else { return };
        let mut entry = RolloutEntry::clone(entry);
        if entry.deleting {
            self.plan_delete(entry, sight);
            return;
        }
        let mut wake_at = self.plan_runs(&mut entry, sight, key);
        let observation = sight.for_rollout(&entry, self.now());
        let spec = &entry.declared.value.spec;
        let made = plan(spec, &entry.status, &observation, self.now());
        if let Err(violations) =
            tidegate_checker::check(spec, &entry.status, &observation, &made, self.now())
        {
            let violations: Vec<_> = violations.iter().map(ToString::to_string).collect();
            self.refuse(entry, violations);
            return;
        }
        wake_at = earliest(wake_at, made.wake_at);
        if !made.actions.is_empty() {
            wake_at = earliest(wake_at, Some(self.now().after(REPEAT_AFTER)));
        }
        self.take(&mut entry, &made, sight);
        entry.latest.wake_at = wake_at;
        self.world.rollouts.insert(key.clone(), Arc::new(entry));
    }

    /// Plans the runs that have not ended. Returns when to do so again.
    fn plan_runs(
        &mut self,
        entry: &mut RolloutEntry,
        sight: &Sight,
        key: &ObjectKey,
    ) -> Option<Timestamp> {
        let mut wake_at = None;
        let open: Vec<_> = entry.runs.iter().filter(|(_, run)| !run.ended()).collect();
        let planned: Vec<_> =
            open.into_iter().map(|(name, run)| (name.clone(), self.plan_run(run, sight))).collect();
        for (name, (run, events, wake)) in planned {
            wake_at = earliest(wake_at, wake);
            for event in &events {
                let (what, detail) = tagged(event);
                let detail = json!({ "run": name, "event": detail });
                self.note(Actor::Controller, Kind::Rollout.as_str(), key, &what, detail);
            }
            self.keep_run(entry, run, !events.is_empty());
        }
        wake_at
    }

    fn plan_run(&mut self, run: &Run, sight: &Sight) -> (Run, Vec<RunEvent>, Option<Timestamp>) {
        let made = plan_run(&run.spec, &run.status, &sight.for_run(run), self.now());
        let asker = || (run.spec.owner.clone(), run.spec.name.clone());
        self.asks.extend(made.asks.into_iter().map(|ask| (asker(), ask)));
        let next = Run { status: made.status, ..run.clone() };
        (next, made.events, made.wake_at)
    }

    /// Keeps a run in the entry, and writes it down when that is due.
    fn keep_run(&mut self, entry: &mut RolloutEntry, mut run: Run, decided: bool) {
        let due = self.now().since(run.saved_at) >= SAVE_EVIDENCE_EVERY;
        let known = entry.runs.get(&run.spec.name);
        let moved = known.is_none_or(|known| known.status.phase != run.status.phase);
        if decided || moved || (due && known.is_none_or(|known| **known != run)) {
            run.saved_at = self.now();
            self.write(document::put_run(entry.key(), &run));
        }
        self.changed = true;
        entry.runs.insert(run.spec.name.clone(), Arc::new(run));
    }

    /// Takes a plan over: status, events and what it asks for.
    fn take(&mut self, entry: &mut RolloutEntry, made: &Plan, sight: &Sight) {
        for action in &made.actions {
            self.take_action(entry, action, sight);
        }
        for event in &made.events {
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
            entry.status = made.status.clone();
            self.write(document::put_status(entry));
        }
        if entry.latest.report != made.report {
            self.changed = true;
            entry.latest.report = made.report.clone();
        }
        entry.latest.violations.clear();
        self.prune_runs(entry);
    }

    /// Runs and revisions are the store's; what is the world's is done after the commit.
    fn take_action(&mut self, entry: &mut RolloutEntry, action: &Action, sight: &Sight) {
        match action {
            Action::StartRun { run, kind, analysis, canary, stable } => {
                if !entry.runs.contains_key(run) {
                    let begun =
                        self.begin_run(entry, run, *kind, analysis.as_ref(), (canary, stable));
                    let (begun, _, _) = self.plan_run(&begun, sight);
                    self.keep_run(entry, begun, true);
                }
            }
            Action::StopRun { run } => {
                if let Some(run) = entry.runs.get(run).filter(|run| !run.ended()) {
                    let mut stopped = Run::clone(run);
                    stopped.spec.terminate = true;
                    let (stopped, _, _) = self.plan_run(&stopped, sight);
                    self.keep_run(entry, stopped, true);
                }
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
            self.note(Actor::Controller, Kind::Rollout.as_str(), &key, "Gone", json!({}));
            self.world.rollouts.remove(&key);
            return;
        }
        let orders = entry.revisions.keys().map(|revision| Scale {
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
            let write = document::delete_run(entry.key(), &name);
            self.write(write);
        }
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

fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}
