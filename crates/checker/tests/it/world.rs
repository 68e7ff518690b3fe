use std::{collections::BTreeMap, time::Duration};

use crate::sabotage::{Made, sabotaged};
use tidegate_checker::check;
use tidegate_exposure::Counted;
use tidegate_rollout::{
    Action, Canary, Command, ExperimentSeen, Observation, Plan, RevisionSeen, RolloutSpec,
    RolloutStatus, RunSeen, Step, StepExperiment, Strategy, TemplateSeen, apply_command, plan,
};
use tidegate_units::{Generation, RevisionHash, RunName, RunPhase, Timestamp, Weight};

/// A small world in which plans take effect, late or not at all.
pub(crate) struct World {
    pub(crate) spec: RolloutSpec,
    pub(crate) status: RolloutStatus,
    pub(crate) now: Timestamp,
    replicas: BTreeMap<RevisionHash, Replicas>,
    routed: Option<BTreeMap<RevisionHash, Weight>>,
    routed_generation: Generation,
    told: Option<(BTreeMap<RevisionHash, Weight>, Generation)>,
    pub(crate) router_lags: bool,
    runs: BTreeMap<RunName, RunSeen>,
    experiments: BTreeMap<String, ExperimentSeen>,
    /// What the router has counted of the wanted revision and of all others.
    counted: Counted,
    history: Vec<String>,
}

#[derive(Clone, Copy, Default)]
struct Replicas {
    wanted: u32,
    started: u32,
    available: u32,
}

/// Something that happens to a world.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// Time passes and nothing else.
    Wait(u64),
    /// So many seconds pass with so many requests in each; those to the wanted revision fail or not.
    Users(u64, u64, bool),
    /// The router begins to count anew.
    RouterDies,
    /// Replicas start and stop as they were told, and become available.
    Settle,
    /// A replica dies.
    Crash,
    /// All open runs end like this.
    Runs(u8),
    /// All open experiments end like this, or none of their replicas answers.
    Experiments(u8),
    /// The experiments are gone.
    Deleted,
    /// A person says something.
    Command(Command),
    /// Another revision is wanted.
    Apply(&'static str),
    /// Another number of replicas is wanted.
    Scale(u32),
    /// `spec.paused` changes.
    Pause(bool),
    /// The steps change.
    Steps(Vec<Step>),
    /// All replicas are to be replaced.
    Restart,
    /// The router confirms what it was told.
    Confirm,
}

impl World {
    pub(crate) fn new(strategy: Strategy, replicas: u32) -> Self {
        let spec = RolloutSpec {
            name: "web".to_owned(),
            replicas,
            revision: "a".into(),
            paused: false,
            min_ready: Duration::ZERO,
            revision_history_limit: 1,
            progress_deadline: Duration::from_mins(10),
            progress_deadline_abort: false,
            restart_at: None,
            rollback_window: 0,
            strategy,
        };
        Self {
            spec,
            status: RolloutStatus::default(),
            now: Timestamp::from_millis(1_000_000),
            replicas: BTreeMap::new(),
            routed: None,
            routed_generation: Generation(0),
            told: None,
            router_lags: false,
            runs: BTreeMap::new(),
            experiments: BTreeMap::new(),
            counted: Counted::default(),
            history: Vec::new(),
        }
    }

    fn observation(&self) -> Observation {
        let revisions = self.replicas.iter().filter(|(_, there)| there.started > 0);
        Observation {
            revisions: revisions
                .map(|(revision, there)| {
                    let seen = RevisionSeen {
                        replicas: there.started,
                        ready: there.available,
                        available: there.available,
                        ..RevisionSeen::default()
                    };
                    (revision.clone(), seen)
                })
                .collect(),
            routed: self.routed.clone(),
            routed_generation: self.routed_generation,
            runs: self.runs.clone(),
            experiments: self.experiments.clone(),
            counted: Some(Counted { at: self.now, ..self.counted }),
            ..Observation::default()
        }
    }

    pub(crate) fn happens(&mut self, event: &Event) {
        self.history.push(format!("{event:?}"));
        match event {
            Event::Wait(seconds) => self.now = self.now.after(Duration::from_secs(*seconds)),
            Event::Users(seconds, rate, fails) => self.serve(*seconds, *rate, *fails),
            Event::RouterDies => {
                self.counted = Counted { epoch: self.counted.epoch + 1, ..Counted::default() };
            }
            Event::Settle => {
                for there in self.replicas.values_mut() {
                    there.started = there.wanted;
                    there.available = there.wanted;
                }
                for seen in self.experiments.values_mut().filter(|seen| !seen.ending) {
                    seen.phase = RunPhase::Running;
                    seen.templates.values_mut().for_each(|template| template.available = 1);
                }
            }
            Event::Deleted => self.experiments.clear(),
            Event::Experiments(kind) => {
                for seen in self.experiments.values_mut().filter(|seen| !seen.ending) {
                    seen.templates.values_mut().for_each(|template| template.available = 0);
                    seen.phase = match kind % 5 {
                        0 => RunPhase::Failed,
                        1 => RunPhase::Error,
                        2 => RunPhase::Inconclusive,
                        3 => RunPhase::Successful,
                        _ => continue,
                    };
                    seen.ending = true;
                }
            }
            Event::Crash => {
                if let Some(there) = self.replicas.values_mut().find(|there| there.available > 0) {
                    there.available -= 1;
                }
            }
            Event::Runs(kind) => {
                for seen in self.runs.values_mut().filter(|seen| **seen == RunSeen::Running) {
                    *seen = match kind % 4 {
                        0 => RunSeen::Failed("errors".into()),
                        1 => RunSeen::Error("no data".into()),
                        2 => RunSeen::Inconclusive("few".into()),
                        _ => RunSeen::Successful,
                    };
                }
            }
            Event::Command(command) => {
                if let Ok(status) =
                    apply_command(&self.spec, &self.status, command, "ann", self.now)
                {
                    self.status = status;
                }
            }
            Event::Apply(revision) => {
                self.spec.revision = (*revision).into();
                // Another revision has been counted apart.
                self.counted.epoch += 1;
            }
            Event::Scale(replicas) => self.spec.replicas = *replicas,
            Event::Pause(paused) => self.spec.paused = *paused,
            Event::Restart => self.spec.restart_at = Some(self.now),
            Event::Confirm => self.confirm(),
            Event::Steps(steps) => {
                if let Strategy::Canary(canary) = &mut self.spec.strategy {
                    canary.steps.clone_from(steps);
                }
            }
        }
    }

    fn serve(&mut self, seconds: u64, rate: u64, fails: bool) {
        self.now = self.now.after(Duration::from_secs(seconds));
        let share = self.routed.as_ref().and_then(|routed| routed.get(&self.spec.revision));
        let all = seconds * rate;
        let given = share.map_or(0, |share| all * share.parts() / Weight::PARTS);
        self.counted.canary.requests += given;
        self.counted.canary.errors += if fails { given } else { 0 };
        self.counted.stable.requests += all - given;
    }

    fn confirm(&mut self) {
        if let Some((routed, generation)) = self.told.take() {
            self.routed = Some(routed);
            self.routed_generation = generation;
        }
    }

    /// Plans, expects the plan to be good and every sabotage of it to be seen, and carries it out
    /// if `executed`.
    pub(crate) fn turn(&mut self, executed: bool) {
        self.now = self.now.after(Duration::from_millis(100));
        let seen = self.observation();
        let next = plan(&self.spec, &self.status, &seen, self.now);
        self.history.push(format!("{:?} -> {:?}", next.status.step_index, next.actions));
        if let Err(violations) = check(&self.spec, &self.status, &seen, &next, self.now) {
            let history = self.history.join("\n");
            panic!(
                "{violations:?}\nspec {:?}\nbefore {:?}\nseen {seen:?}\nafter {:?}\n{history}",
                self.spec, self.status, next.status
            );
        }
        let made = Made {
            spec: &self.spec,
            before: &self.status,
            seen: &seen,
            plan: &next,
            now: self.now,
        };
        for (how, harmful) in sabotaged(&made) {
            let outcome = check(&self.spec, &self.status, &seen, &harmful, self.now);
            assert!(
                outcome.is_err(),
                "{how} was let through: {harmful:?}\nbefore {:?}",
                self.status
            );
        }
        if executed {
            self.execute(&next);
        }
        self.status = next.status;
    }

    fn execute(&mut self, next: &Plan) {
        for action in &next.actions {
            match action {
                Action::Scale { revision, replicas, .. } => {
                    let there = self.replicas.entry(revision.clone()).or_default();
                    there.wanted = *replicas;
                    there.started = there.started.min(*replicas);
                    there.available = there.available.min(*replicas);
                }
                Action::Route { weights, generation, .. } => {
                    self.told = Some((weights.iter().cloned().collect(), *generation));
                    if !self.router_lags {
                        self.confirm();
                    }
                }
                Action::StartRun { run, .. } => {
                    self.runs.entry(run.clone()).or_insert(RunSeen::Running);
                }
                Action::StopRun { run } => {
                    self.runs.insert(run.clone(), RunSeen::Successful);
                }
                Action::StartExperiment { experiment, what, .. } => {
                    let seen = ExperimentSeen {
                        templates: seen_templates(experiment, what),
                        ..ExperimentSeen::default()
                    };
                    self.experiments.entry(experiment.clone()).or_insert(seen);
                }
                Action::StopExperiment { experiment } => {
                    self.experiments.get_mut(experiment).unwrap().ending = true;
                }
                Action::Forget { revision } => {
                    self.replicas.remove(revision);
                }
            }
        }
    }
}

/// The templates of an experiment, every other one behind the same Service as the rollout.
fn seen_templates(experiment: &str, what: &StepExperiment) -> BTreeMap<String, TemplateSeen> {
    let seen = what.templates.iter().enumerate().map(|(index, template)| {
        let revision = format!("{experiment}-{}", template.name).into();
        let seen = TemplateSeen { revision, available: 0, selected: index % 2 == 0 };
        (template.name.clone(), seen)
    });
    seen.collect()
}

/// A canary strategy with these steps and nothing unusual.
pub(crate) fn canary(steps: Vec<Step>, routed: bool) -> Canary {
    Canary { steps, routed, default_watch: true, ..Canary::default() }
}

/// The canary strategy of a spec, to be changed.
pub(crate) fn canary_of(spec: &mut RolloutSpec) -> &mut Canary {
    match &mut spec.strategy {
        Strategy::Canary(canary) => canary,
        Strategy::BlueGreen(_) => panic!("not a canary"),
    }
}
