//! Running again what was over: all of it, or what failed, or one job; and what needs those.

use std::collections::BTreeSet;

use crate::run::Run;
use crate::state::{
    FrameState, GroupState, InstanceState, JobKey, JobPhase, JobResult, JobState, Phase, RunState,
};

/// What is to run again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rerun {
    /// All.
    All,
    /// What failed or was cancelled, and what needs that.
    Failed,
    /// One job, and what needs it.
    Job(JobKey),
}

/// Why nothing runs again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RerunError {
    /// The run is not over.
    #[error("the run is not over: cancel it or wait")]
    Running,
    /// There is nothing that failed or was cancelled.
    #[error("no job failed or was cancelled")]
    NothingFailed,
    /// There is no such job.
    #[error("there is no such job in the run")]
    Unknown,
}

impl Run {
    /// The state from which the run goes on as another attempt. Those of a matrix that succeeded do
    /// not run again, and what they told holds.
    pub fn rerun(&self, what: &Rerun) -> Result<RunState, RerunError> {
        if self.state.over_at.is_none() {
            return Err(RerunError::Running);
        }
        let chosen = self.chosen(what)?;
        let mut again = Again { state: self.state.clone(), run: self };
        let callers: BTreeSet<JobKey> = chosen.iter().flat_map(|key| self.callers(*key)).collect();
        let first: BTreeSet<usize> = chosen.iter().chain(&callers).map(|key| key.job).collect();
        let behind = self.behind(&first);
        for key in chosen.iter().filter(|key| !callers.contains(key) && !behind.contains(&key.job))
        {
            again.begin(*key);
        }
        for key in callers.iter().filter(|key| !behind.contains(&key.job)) {
            again.reopen(*key);
        }
        for job in behind {
            again.wait(job);
        }
        let state = &mut again.state;
        state.attempt += 1;
        (state.cancelled, state.over_at, state.group) = (None, None, GroupState::None);
        Ok(again.state)
    }

    /// The jobs that are to run again for themselves, in workflows that count.
    fn chosen(&self, what: &Rerun) -> Result<BTreeSet<JobKey>, RerunError> {
        let counts = |key: &JobKey| !self.is_gone(key.job);
        let chosen: BTreeSet<JobKey> = match what {
            Rerun::All => {
                let own =
                    |key: &JobKey| self.state.jobs.get(key.job).is_some_and(|job| job.frame == 0);
                self.all().filter(own).collect()
            }
            Rerun::Failed => {
                self.all().filter(counts).filter(|key| self.went_wrong(*key)).collect()
            }
            Rerun::Job(key) => self.all().filter(counts).filter(|other| other == key).collect(),
        };
        match what {
            Rerun::Failed if chosen.is_empty() => Err(RerunError::NothingFailed),
            _ if chosen.is_empty() => Err(RerunError::Unknown),
            _ => Ok(chosen),
        }
    }

    /// Each job; one of which it was never known which jobs it has stands for itself.
    fn all(&self) -> impl Iterator<Item = JobKey> {
        let jobs = self.state.jobs.iter().enumerate();
        jobs.flat_map(|(job, state)| {
            (0..state.instances.len().max(1)).map(move |instance| JobKey { job, instance })
        })
    }

    fn went_wrong(&self, key: JobKey) -> bool {
        let whole = self.state.jobs.get(key.job).and_then(JobState::result);
        let result = self.instance(key).map_or(whole, InstanceState::result);
        matches!(result, Some(JobResult::Failure | JobResult::Cancelled))
    }

    /// The jobs that called the workflow of a job, and theirs.
    fn callers(&self, key: JobKey) -> impl Iterator<Item = JobKey> {
        std::iter::successors(self.caller(key), |caller| self.caller(*caller))
    }

    /// All that needs one of `jobs`, or what does.
    fn behind(&self, jobs: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut behind = BTreeSet::new();
        let mut ready: Vec<usize> = jobs.iter().copied().collect();
        while let Some(job) = ready.pop() {
            let dependents =
                self.graph.nodes.get(job).into_iter().flat_map(|node| &node.dependents);
            ready.extend(dependents.filter(|dependent| behind.insert(**dependent)));
        }
        behind
    }
}

/// A state that is being made from that of a run that is over.
struct Again<'a> {
    state: RunState,
    run: &'a Run,
}

impl Again<'_> {
    /// A job of a matrix, or one without, begins anew beside the others of its matrix.
    fn begin(&mut self, key: JobKey) {
        if self.run.instance(key).is_none() {
            return self.wait(key.job);
        }
        self.abandon_called_by(key);
        if let Some(one) = self.open(key) {
            let (id, name) = (std::mem::take(&mut one.id), std::mem::take(&mut one.name));
            let matrix = std::mem::take(&mut one.matrix).0;
            *one = InstanceState::new(id, name, matrix);
        }
        self.retell(key.job);
    }

    /// A job goes on, because one of the workflow that it calls runs again.
    fn reopen(&mut self, key: JobKey) {
        let called = |frame: &FrameState| frame.caller == Some(key) && !frame.gone;
        let frame = self.state.frames.iter().position(called);
        if let (Some(frame), Some(one)) = (frame, self.open(key)) {
            one.phase = Phase::Calling { frame };
            one.outputs.clear();
        }
        self.retell(key.job);
    }

    /// A job waits for those that it needs, as if it had never been decided.
    fn wait(&mut self, job: usize) {
        for instance in 0..self.run.instances(job) {
            self.abandon_called_by(JobKey { job, instance });
        }
        if let Some(own) = self.state.jobs.get_mut(job) {
            *own = JobState::new(own.frame);
        }
    }

    fn open(&mut self, key: JobKey) -> Option<&mut InstanceState> {
        let job = self.state.jobs.get_mut(key.job)?;
        job.phase = JobPhase::Open;
        job.instances.get_mut(key.instance)
    }

    /// What a job tells, of those of its matrix that do not run again.
    fn retell(&mut self, job: usize) {
        let Some(own) = self.state.jobs.get_mut(job) else { return };
        own.outputs.clear();
        for outputs in own.instances.iter().map(|one| one.outputs.clone()) {
            crate::finish::hear(&mut own.outputs, outputs);
        }
    }

    /// Nothing of the workflow that a job called counts any more, nor of those that were called
    /// from there.
    fn abandon_called_by(&mut self, key: JobKey) {
        let mut callers = vec![key];
        while let Some(key) = callers.pop() {
            let frames = self.state.frames.iter_mut().enumerate();
            for (number, frame) in frames.filter(|(_, frame)| frame.caller == Some(key)) {
                frame.gone = true;
                let jobs =
                    self.run.state.jobs.iter().enumerate().filter(|(_, job)| job.frame == number);
                callers.extend(jobs.flat_map(|(job, state)| {
                    (0..state.instances.len()).map(move |instance| JobKey { job, instance })
                }));
            }
        }
    }
}
