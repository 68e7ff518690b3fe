//! Where a run stands, in types: what each job waits for, and what it came to.

use tidegate_units::Timestamp;

use crate::run::Run;
use crate::state::{CancelReason, GroupState, InstanceState, JobKey, JobPhase, JobResult, Phase};

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// What the whole run waits for, before any of its jobs may begin.
    pub waiting: Option<Waiting>,
    /// Its jobs, in the order of the file; those of called workflows after those that call.
    pub jobs: Vec<JobReport>,
    /// What it came to, once all is over.
    pub result: Option<JobResult>,
}

/// Where a job stands: one of a matrix, or one without, or one of which it is not known yet which
/// jobs it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobReport {
    /// Which.
    pub key: JobKey,
    /// Its id, with those of the jobs that called its workflow.
    pub id: String,
    /// What it is called, with those that called its workflow.
    pub name: String,
    /// Where it stands.
    pub standing: Standing,
    /// Whether it began again without it being known how it ended before.
    pub again: bool,
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits.
    Waiting(Waiting),
    /// It runs.
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// The workflow that it calls runs.
    Calling,
    /// It was told to end.
    Ending {
        /// Since when.
        since: Timestamp,
        /// Why.
        reason: CancelReason,
    },
    /// It is over.
    Over {
        /// What it came to.
        outcome: JobResult,
        /// What it counts as.
        result: JobResult,
        /// What was wrong with it, where it could not run for that.
        errors: Vec<String>,
    },
}

/// What a job waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Jobs that are not over, by their ids.
    Needs(Vec<String>),
    /// Others of its matrix, because so many run at once at most.
    Parallel(usize),
    /// Whoever is in its concurrency group.
    Concurrency(String),
    /// Somebody who approves.
    Approval {
        /// The environment that it deploys to.
        environment: String,
        /// Who may.
        reviewers: Vec<String>,
    },
    /// The time of its environment.
    Timer {
        /// Until then.
        until: Timestamp,
    },
    /// The whole run, which may not begin yet, or the next plan.
    Run,
}

impl Run {
    /// Where it stands.
    pub fn report(&self) -> Report {
        let waiting = match &self.state.group {
            GroupState::Asked(concurrency) => Some(Waiting::Concurrency(concurrency.group.clone())),
            _ => None,
        };
        let jobs = (0..self.state.jobs.len()).filter(|job| !self.is_gone(*job));
        Report {
            attempt: self.state.attempt,
            waiting,
            jobs: jobs.flat_map(|job| self.reports(job)).collect(),
            result: self.state.over_at.map(|_| self.conclusion()),
        }
    }

    fn reports(&self, job: usize) -> Vec<JobReport> {
        let Some(state) = self.state.jobs.get(job) else { return Vec::new() };
        let line = |instance: usize, standing, again| {
            let key = JobKey { job, instance };
            JobReport { key, id: self.full_id(key), name: self.full_name(key), standing, again }
        };
        if !state.instances.is_empty() {
            let each = state.instances.iter().enumerate();
            return each.map(|(at, one)| line(at, self.standing(job, one), one.again)).collect();
        }
        let standing = match &state.phase {
            JobPhase::Over { result, errors } => {
                Standing::Over { outcome: *result, result: *result, errors: errors.clone() }
            }
            JobPhase::Waiting | JobPhase::Open => Standing::Waiting(self.needed(job)),
        };
        vec![line(0, standing, false)]
    }

    /// What a job waits for of which it is not known which jobs it has.
    fn needed(&self, job: usize) -> Waiting {
        let needs = self.graph.nodes.get(job).into_iter().flat_map(|node| &node.needs);
        let open: Vec<String> = needs
            .filter(|need| !self.is_over(**need))
            .filter_map(|need| self.id(*need))
            .map(|id| id.to_string())
            .collect();
        if open.is_empty() { Waiting::Run } else { Waiting::Needs(open) }
    }

    fn standing(&self, job: usize, instance: &InstanceState) -> Standing {
        match &instance.phase {
            Phase::Queued => {
                let most = self.state.jobs.get(job).and_then(|job| job.max_parallel);
                Standing::Waiting(most.map_or(Waiting::Run, Waiting::Parallel))
            }
            Phase::Entering => {
                let group = instance.inner.group().or(instance.group.group());
                let group = group.map(|group| Waiting::Concurrency(group.to_owned()));
                Standing::Waiting(group.unwrap_or(Waiting::Run))
            }
            Phase::Approving => {
                let protection = self.protection(instance);
                Standing::Waiting(protection.map_or(Waiting::Run, |(environment, protection)| {
                    let environment = environment.name.clone();
                    Waiting::Approval { environment, reviewers: protection.reviewers.clone() }
                }))
            }
            Phase::Resting { until } => Standing::Waiting(Waiting::Timer { until: *until }),
            Phase::Begun { at } => Standing::Running { since: *at },
            Phase::Calling { .. } => Standing::Calling,
            Phase::Ending { at, reason, .. } => Standing::Ending { since: *at, reason: *reason },
            Phase::Over { outcome, result, errors, .. } => {
                Standing::Over { outcome: *outcome, result: *result, errors: errors.clone() }
            }
        }
    }
}
