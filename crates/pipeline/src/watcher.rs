use std::sync::Arc;

use tidegate_ports::StepLog;
use tidegate_steps::{Ended, StepAt};
use tidegate_workflow::{JobKey, JobResult, RunState};

/// A job as people know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobName {
    /// Which job of the run.
    pub key: JobKey,
    /// How often it began, this time counted.
    pub generation: u64,
    /// Its id, with those of the jobs that called its workflow.
    pub id: String,
    /// What it is called.
    pub name: String,
}

/// Whoever wants to know how a run goes. It is told in the order in which things happen in a job; several jobs may tell at
/// once.
pub trait Watcher: Send + Sync {
    /// The state of the run as it is before anything is done of what was planned. Whoever keeps it can go on from there.
    fn keep(&self, state: &RunState);

    /// A job begins; its steps say what they say to what is given back.
    fn job_began(&self, job: &JobName) -> Arc<dyn StepLog>;

    /// A step of a job begins.
    fn step_began(&self, job: &JobName, step: &StepAt);

    /// A step of a job is over, or was skipped.
    fn step_ended(&self, job: &JobName, ended: &Ended);

    /// A job is over.
    fn job_ended(&self, job: &JobName, result: JobResult);

    /// A job is over that never began: it was skipped, or cannot run as it is written. It is told at the end of the run.
    fn job_idle(&self, job: &JobName, result: JobResult, errors: &[String]);

    /// People are asked whether a job may deploy to an environment.
    fn asked(&self, environment: &str, reviewers: &[String]);
}
