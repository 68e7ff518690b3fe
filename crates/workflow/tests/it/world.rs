//! A world in which runs happen: jobs begin when they are told to and end as a test says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tidegate_units::Timestamp;
use tidegate_workflow::{
    Action, Given, Groups, JobKey, JobResult, Member, Permissions, Plan, Run, RunState, Seen, Told,
    Workflow,
};

use crate::checker::Checker;

/// What becomes of jobs, by their full ids: those that are not named succeed.
pub(crate) type Fates = BTreeMap<&'static str, Fate>;

/// What becomes of a job.
#[derive(Clone, Debug)]
pub(crate) struct Fate {
    pub(crate) outcome: JobResult,
    pub(crate) outputs: Vec<(&'static str, &'static str)>,
}

impl From<JobResult> for Fate {
    fn from(outcome: JobResult) -> Self {
        Self { outcome, outputs: Vec::new() }
    }
}

impl<const N: usize> From<[(&'static str, &'static str); N]> for Fate {
    fn from(outputs: [(&'static str, &'static str); N]) -> Self {
        Self { outcome: JobResult::Success, outputs: outputs.into() }
    }
}

/// A world with one run in it.
pub(crate) struct World {
    pub(crate) run: Run,
    pub(crate) now: Timestamp,
    pub(crate) log: Vec<String>,
    pub(crate) last: Plan,
    workflow: Arc<Workflow>,
    fates: Fates,
    running: VecDeque<(JobKey, u64, String)>,
    groups: Groups<Member>,
    checker: Checker,
}

/// What is given to a run that a test says nothing about.
pub(crate) fn given() -> Given {
    Given {
        actor: "ann".to_owned(),
        permissions: Permissions::permissive(),
        most: all(),
        ..Given::default()
    }
}

fn all() -> Permissions {
    Permissions::all(tidegate_workflow::Level::Write)
}

impl World {
    pub(crate) fn new(workflow: &Arc<Workflow>, given: Given, fates: Fates) -> Self {
        Self::with(Run::new(workflow, given).unwrap(), workflow, fates)
    }

    pub(crate) fn with(run: Run, workflow: &Arc<Workflow>, fates: Fates) -> Self {
        let mut world = Self {
            run,
            now: Timestamp::from_millis(1_000_000),
            log: Vec::new(),
            last: Plan { actions: Vec::new(), wake_at: None, changed: Vec::new(), over: None },
            workflow: workflow.clone(),
            fates,
            running: VecDeque::new(),
            groups: Groups::default(),
            checker: Checker::default(),
        };
        world.plan();
        world
    }

    /// Plans, carries out, and checks that planning again yields nothing, also from what is written.
    pub(crate) fn plan(&mut self) {
        loop {
            self.last = self.run.plan(self.now);
            if self.last.actions.is_empty() {
                break;
            }
            for action in std::mem::take(&mut self.last.actions) {
                self.checker.check(&self.run, &action);
                self.carry_out(action);
            }
        }
        let mut taken_up = self.taken_up();
        let again = self.run.plan(self.now);
        assert!(again.actions.is_empty() && again.changed.is_empty(), "not settled: {again:?}");
        let resumed = taken_up.plan(self.now);
        assert!(
            resumed.actions.is_empty() && resumed.changed.is_empty(),
            "not settled: {resumed:?}"
        );
        assert_eq!(taken_up.report(), self.run.report());
        if self.last.over.is_some() {
            assert!(self.running.is_empty(), "over while {:?} run", self.running);
        }
    }

    /// The run as a server takes it up that was killed.
    pub(crate) fn taken_up(&self) -> Run {
        let text = serde_json::to_string(self.run.state()).unwrap();
        let state: RunState = serde_json::from_str(&text).unwrap();
        assert_eq!(state, *self.run.state());
        Run::resume(&self.workflow, self.run.given().clone(), state).unwrap()
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Begin(begin) => {
                self.log.push(format!("begin {}", begin.id));
                self.running.push_back((begin.key, begin.generation, begin.id));
            }
            Action::Cancel { key, generation, reason } => {
                self.log.push(format!("cancel {} {reason:?}", self.run.full_id(key)));
                self.end(key, generation, JobResult::Cancelled);
            }
            Action::Kill { key, .. } => self.log.push(format!("kill {}", self.run.full_id(key))),
            Action::Enter { who, concurrency } => {
                self.log.push(format!("enter {}", concurrency.group));
                let told = self.groups.enter(who, &concurrency);
                self.tell(told);
            }
            Action::Leave { who, group } => {
                self.log.push(format!("leave {group}"));
                let told = self.groups.leave(&who, &group);
                self.tell(told.into_iter().collect());
            }
            Action::Ask { key, environment, .. } => {
                self.log.push(format!("ask {} {environment}", self.run.full_id(key)));
            }
        }
    }

    fn tell(&mut self, told: Vec<Told<Member>>) {
        for told in told {
            let at = self.now;
            self.run
                .observe(match told {
                    Told::Entered(who) => Seen::Entered { who, at },
                    Told::Displaced(who) => Seen::Displaced { who, at },
                })
                .unwrap();
        }
    }

    fn end(&mut self, key: JobKey, generation: u64, outcome: JobResult) {
        let Some(at) = self.running.iter().position(|(other, ..)| *other == key) else { return };
        let (_, _, id) = self.running.remove(at).unwrap();
        let fate = self.fates.get(id.as_str());
        let outputs = fate.map(|fate| fate.outputs.clone()).unwrap_or_default();
        let outputs =
            outputs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        self.log.push(format!("end {id} {}", outcome.name()));
        self.checker.ended(key);
        self.see(Seen::Ended { key, generation, outcome, outputs, at: self.now });
    }

    pub(crate) fn see(&mut self, seen: Seen) {
        self.run.observe(seen).unwrap();
    }

    /// Ends the job of that full id as its fate says.
    pub(crate) fn finish(&mut self, id: &str) {
        let (key, generation, _) =
            self.running.iter().find(|(.., other)| other == id).cloned().unwrap();
        let outcome = self.fates.get(id).map_or(JobResult::Success, |fate| fate.outcome);
        self.end(key, generation, outcome);
        self.plan();
    }

    /// Nobody runs a job any more, and it is not known how it ended.
    pub(crate) fn lose(&mut self, key: JobKey) {
        self.running.retain(|(other, ..)| *other != key);
        self.checker.ended(key);
        self.see(Seen::Lost { key, at: self.now });
        self.plan();
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now = self.now.after(std::time::Duration::from_secs(seconds));
        self.plan();
    }

    /// The full ids of the jobs that run, in the order in which they began.
    pub(crate) fn running(&self) -> Vec<&str> {
        self.running.iter().map(|(.., id)| id.as_str()).collect()
    }

    /// Ends what runs, oldest first, until nothing does.
    pub(crate) fn finish_all(&mut self) {
        while let Some((_, _, id)) = self.running.front().cloned() {
            self.finish(&id);
        }
    }

    /// What each job came to or where it stands, in the order of the file.
    pub(crate) fn standings(&self) -> Vec<String> {
        let standing = |job: tidegate_workflow::JobReport| match job.standing {
            tidegate_workflow::Standing::Over { result, .. } => {
                format!("{} {}", job.id, result.name())
            }
            other => format!("{} {other:?}", job.id),
        };
        self.run.report().jobs.into_iter().map(standing).collect()
    }

    /// What was wrong with jobs that could not run.
    pub(crate) fn errors(&self) -> Vec<String> {
        let errors = |job: tidegate_workflow::JobReport| match job.standing {
            tidegate_workflow::Standing::Over { errors, .. } => errors,
            _ => Vec::new(),
        };
        self.run.report().jobs.into_iter().flat_map(errors).collect()
    }
}

/// Runs a workflow to its end: what each job came to, and what the whole did.
pub(crate) fn check(
    workflow: &Arc<Workflow>,
    fates: Fates,
    expect: &[&str],
    result: JobResult,
) -> World {
    let mut world = World::new(workflow, given(), fates);
    world.finish_all();
    assert_eq!(world.standings(), expect);
    assert_eq!(world.last.over, Some(result), "{:#?}", world.standings());
    world
}
