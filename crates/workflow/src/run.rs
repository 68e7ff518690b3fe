//! A run of a workflow: what it is to do next, by what it is and what has become of it.
//!
//! [`Run::plan`] is level-triggered: planning again after its actions took effect yields none, and a
//! run that was taken up from its state plans what the one before it would have planned.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tidegate_expression::Value;
use tidegate_units::Timestamp;

use crate::action::{Action, Plan};
use crate::contexts::FrameScope;
use crate::graph::{Graph, StartError};
use crate::model::{Job, Workflow};
use crate::permissions::Permissions;
use crate::setting::{Errors, text};
use crate::state::{FrameState, JobKey, JobPhase, JobState, Kept, Phase, RunState};

/// No run has more jobs, those of matrices counted each: at half a kilobyte each, a run stays below
/// the size at which its state is slow to write.
pub const MOST_JOBS: usize = 20_000;

/// No chain of workflows that call each other is longer: GitHub's own limit.
pub const MOST_CALLS_DEEP: usize = 10;

/// What is given to a run and does not change while it goes on.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The context `github`.
    pub github: Value,
    /// The context `vars`.
    pub vars: Value,
    /// The context `inputs`.
    pub inputs: Value,
    /// Who started it: they do not approve its deployments where that is ruled out.
    pub actor: String,
    /// What the token of a job may do where the workflow says nothing.
    pub permissions: Permissions,
    /// The most that it may do, whatever the workflow says.
    pub most: Permissions,
    /// What protects environments, by their names in lower case; others are unprotected.
    pub environments: BTreeMap<String, Protection>,
}

/// What protects an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    /// Who may approve; where nobody is named, nobody needs to.
    pub reviewers: Vec<String>,
    /// Whether whoever started a run may not approve it.
    pub not_by_actor: bool,
    /// How long to wait before a job begins, in minutes.
    pub wait_minutes: u32,
}

/// A run of a workflow.
#[derive(Clone, Debug)]
pub struct Run {
    pub(crate) given: Given,
    pub(crate) state: RunState,
    pub(crate) graph: Graph,
    /// Jobs that something happened to since they were looked at.
    pub(crate) dirty: BTreeSet<usize>,
    /// When something is to be done although nothing happens.
    pub(crate) timers: BTreeSet<(Timestamp, JobKey)>,
    pub(crate) actions: Vec<Action>,
    pub(crate) changed: BTreeSet<JobKey>,
}

impl Run {
    /// A run that did nothing yet.
    pub fn new(workflow: &Arc<Workflow>, given: Given) -> Result<Self, StartError> {
        let frame =
            FrameState { caller: None, first: 0, inputs: Kept(given.inputs.clone()), gone: false };
        let jobs = vec![JobState::new(0); workflow.jobs.len()];
        let state = RunState { attempt: 1, frames: vec![frame], jobs, ..RunState::default() };
        Self::resume(workflow, given, state)
    }

    /// A run of which `state` is known, which is of the same workflow.
    pub fn resume(
        workflow: &Arc<Workflow>,
        given: Given,
        state: RunState,
    ) -> Result<Self, StartError> {
        let graph = Graph::new(workflow, &state)?;
        let mut run = Self {
            given,
            state,
            graph,
            dirty: BTreeSet::new(),
            timers: BTreeSet::new(),
            actions: Vec::new(),
            changed: BTreeSet::new(),
        };
        run.dirty.extend(0..run.state.jobs.len());
        for job in 0..run.state.jobs.len() {
            for instance in 0..run.instances(job) {
                run.arm(JobKey { job, instance });
            }
        }
        Ok(run)
    }

    /// What it is called, where the workflow says that.
    pub fn title(&self) -> Result<Option<Arc<str>>, Errors> {
        let workflow = self.graph.frame(0).map(|frame| frame.workflow.clone());
        let scope = FrameScope { run: self, inputs: self.given.inputs.clone(), jobs: None };
        let template = workflow.as_ref().and_then(|workflow| workflow.run_name.as_ref());
        let title = template.map(|template| text(template, &scope)).transpose()?;
        Ok(title.filter(|title| !title.is_empty()))
    }

    /// What has become of it.
    pub const fn state(&self) -> &RunState {
        &self.state
    }

    /// What was given to it.
    pub const fn given(&self) -> &Given {
        &self.given
    }

    /// What is to be done at `now`. What is planned counts as done: whoever carries it out writes
    /// the state down first, and carries it out again when it is not known whether it was.
    pub fn plan(&mut self, now: Timestamp) -> Plan {
        if self.may_begin(now) {
            self.due(now);
            while let Some(job) = self.dirty.pop_first() {
                self.look_at(job, now);
            }
        }
        let over = self.graph.frame(0).is_some_and(|frame| frame.open == 0);
        if over && self.state.over_at.is_none() {
            self.state.over_at = Some(now);
            self.leave_group();
        }
        Plan {
            actions: std::mem::take(&mut self.actions),
            wake_at: self.timers.first().map(|(at, _)| *at),
            changed: std::mem::take(&mut self.changed).into_iter().collect(),
            over: over.then(|| self.conclusion()),
        }
    }

    /// The job that is meant, as it is written, and the workflow that it is of.
    pub fn job(&self, key: JobKey) -> Option<(&Arc<Workflow>, &Job)> {
        let node = self.graph.nodes.get(key.job)?;
        let workflow = &self.graph.frame(node.frame)?.workflow;
        Some((workflow, workflow.jobs.get(node.index)?))
    }

    /// How many jobs the job of that number has by its matrix.
    pub(crate) fn instances(&self, job: usize) -> usize {
        self.state.jobs.get(job).map_or(0, |state| state.instances.len())
    }

    /// Notes when the job is to be looked at again though nothing happens.
    pub(crate) fn arm(&mut self, key: JobKey) {
        if let Some(at) = self.due_at(key) {
            self.timers.insert((at, key));
        }
    }

    /// Takes back what was noted by [`arm`](Self::arm), before the job changes.
    pub(crate) fn disarm(&mut self, key: JobKey) {
        if let Some(at) = self.due_at(key) {
            self.timers.remove(&(at, key));
        }
    }

    /// When something is to be done with a job though nothing happens.
    pub(crate) fn due_at(&self, key: JobKey) -> Option<Timestamp> {
        use std::time::Duration;
        let instance = self.state.jobs.get(key.job)?.instances.get(key.instance)?;
        let settings = instance.settings.as_ref();
        match instance.phase {
            Phase::Resting { until } => Some(until),
            Phase::Begun { at } => Some(at.after(Duration::from_millis(settings?.timeout_ms))),
            Phase::Ending { at, killed: false, .. } => {
                Some(at.after(Duration::from_millis(settings?.cancel_timeout_ms)))
            }
            _ => None,
        }
    }

    /// Whether all of a frame's jobs are over or nobody waits for them any more.
    pub(crate) fn is_gone(&self, job: usize) -> bool {
        let frame = self.state.jobs.get(job).and_then(|job| self.state.frames.get(job.frame));
        frame.is_none_or(|frame| frame.gone)
    }

    /// Whether the job is over.
    pub(crate) fn is_over(&self, job: usize) -> bool {
        self.state.jobs.get(job).is_none_or(|job| matches!(job.phase, JobPhase::Over { .. }))
    }
}
