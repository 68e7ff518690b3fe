//! Analysis runs within a tick, whoever they belong to.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::json;
use tidegate_analysis::{RunEvent, plan_run};
use tidegate_ledger::Actor;
use tidegate_units::{Owner, RunName, Timestamp};

use crate::{
    document,
    sight::Sight,
    stage::{Stage, tagged},
    world::{Run, kind_of},
};

/// The runs of one owner.
pub(crate) type Runs = BTreeMap<RunName, Arc<Run>>;

impl Stage {
    /// Plans the runs that have not ended. Returns when to do so again.
    pub(crate) fn plan_runs(
        &mut self,
        owner: &Owner,
        runs: &mut Runs,
        sight: &Sight,
    ) -> Option<Timestamp> {
        let mut wake_at = None;
        let open: Vec<_> = runs.iter().filter(|(_, run)| !run.ended()).collect();
        let planned: Vec<_> =
            open.into_iter().map(|(name, run)| (name.clone(), self.plan_run(run, sight))).collect();
        for (name, (run, events, wake)) in planned {
            wake_at = earliest(wake_at, wake);
            self.tell(owner, &name, &events);
            let every = events.is_empty().then(|| sight.pace.save_every(sight.judged));
            self.keep_run(owner, runs, run, every);
        }
        wake_at
    }

    fn plan_run(&mut self, run: &Run, sight: &Sight) -> (Run, Vec<RunEvent>, Option<Timestamp>) {
        let mut seen = sight.for_run(run);
        seen.replicas = self.replicas_used(run, sight);
        let made = plan_run(&run.spec, &run.status, &seen, self.now());
        let asker = || (run.spec.owner.clone(), run.spec.name.clone());
        self.asks.extend(made.asks.into_iter().map(|ask| (asker(), ask)));
        let next = Run {
            kind: run.kind,
            created_at: run.created_at,
            spec: Arc::clone(&run.spec),
            status: made.status,
            saved_at: run.saved_at,
        };
        (next, made.events, made.wake_at)
    }

    /// Writes into the ledger what a run decided.
    fn tell(&mut self, owner: &Owner, name: &RunName, events: &[RunEvent]) {
        for event in events {
            let (what, detail) = tagged(event);
            let detail = json!({ "run": name, "event": detail });
            self.note(Actor::Controller, kind_of(owner).as_str(), &owner.key(), &what, detail);
        }
    }

    /// Keeps a run that has just begun.
    pub(crate) fn keep_begun(&mut self, runs: &mut Runs, begun: &Run, sight: &Sight) {
        let (begun, events, _) = self.plan_run(begun, sight);
        let owner = begun.spec.owner.clone();
        self.tell(&owner, &begun.spec.name, &events);
        self.keep_run(&owner, runs, begun, None);
    }

    /// Ends a run that has not ended.
    pub(crate) fn stop_run(&mut self, runs: &mut Runs, name: &RunName, sight: &Sight) {
        if let Some(run) = runs.get(name).filter(|run| !run.ended()) {
            let mut stopped = Run::clone(run);
            Arc::make_mut(&mut stopped.spec).terminate = true;
            let (stopped, _, _) = self.plan_run(&stopped, sight);
            let owner = stopped.spec.owner.clone();
            self.keep_run(&owner, runs, stopped, None);
        }
    }

    /// Keeps a run, and writes it down: at most so often, unless it has moved; with none, in any case.
    fn keep_run(&mut self, owner: &Owner, runs: &mut Runs, mut run: Run, every: Option<Duration>) {
        let due = every.is_some_and(|every| self.now().since(run.saved_at) >= every);
        let known = runs.get(&run.spec.name);
        // A job that was counted is forgotten, so that it was has to be written down first.
        let moved = known.is_none_or(|known| {
            known.status.phase != run.status.phase || known.jobs_done() != run.jobs_done()
        });
        let due = due && known.is_none_or(|known| **known != run);
        if every.is_none() || moved || (due && self.saves_left > 0) {
            if every.is_some() && !moved {
                self.saves_left -= 1;
            }
            run.saved_at = self.now();
            self.write(document::put_run(owner, &run));
        }
        self.changed = true;
        runs.insert(run.spec.name.clone(), Arc::new(run));
    }
}

pub(crate) fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}
