//! What is to be done, completely: who carries it out chooses nothing.

use std::time::Duration;

use tidegate_expression::Value;
use tidegate_units::Timestamp;

use crate::permissions::Permissions;
use crate::setting::{Concurrency, Environment, RunsOn};
use crate::state::{CancelReason, JobKey, JobResult};

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// In this order.
    pub actions: Vec<Action>,
    /// When to plan again though nothing happens.
    pub wake_at: Option<Timestamp>,
    /// Jobs of which the state changed since it was planned before, each once, in order.
    pub changed: Vec<JobKey>,
    /// What the run comes to, once all of it is over.
    pub over: Option<JobResult>,
}

/// One thing to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Begin a job.
    Begin(Box<Begin>),
    /// Tell a job to end; steps whose condition holds even so run.
    Cancel {
        /// Which.
        key: JobKey,
        /// Of which beginning.
        generation: u64,
        /// Why.
        reason: CancelReason,
    },
    /// End a job at once.
    Kill {
        /// Which.
        key: JobKey,
        /// Of which beginning.
        generation: u64,
    },
    /// Ask to be let into a concurrency group.
    Enter {
        /// Who asks.
        who: Member,
        /// Which group, and how.
        concurrency: Concurrency,
    },
    /// Leave a concurrency group, or the line before it.
    Leave {
        /// Who leaves.
        who: Member,
        /// Which group.
        group: String,
    },
    /// Ask people to approve a deployment.
    Ask {
        /// Of which job.
        key: JobKey,
        /// To which environment.
        environment: String,
        /// Who may approve.
        reviewers: Vec<String>,
    },
}

/// Who is in a concurrency group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member {
    /// The whole run.
    Run,
    /// One of its jobs.
    Job(JobKey),
}

/// A job that is to begin.
#[derive(Clone, Debug, PartialEq)]
pub struct Begin {
    /// Which.
    pub key: JobKey,
    /// Which attempt of the run it is of.
    pub attempt: u32,
    /// How often it began in that, this time counted; an older number is not to be obeyed.
    pub generation: u64,
    /// Whether it began before and it is not known how that ended.
    pub again: bool,
    /// Its id, with those of the jobs that called its workflow: `release.publish`.
    pub id: String,
    /// What it is called, with those that called its workflow: `release / publish (linux)`.
    pub name: String,
    /// On which machines.
    pub runs_on: RunsOn,
    /// How long it may take.
    pub timeout: Duration,
    /// How long it may take to end after it was cancelled.
    pub cancel_timeout: Duration,
    /// Whether the run goes on as if it had not failed.
    pub continue_on_error: bool,
    /// The environment that it deploys to.
    pub environment: Option<Environment>,
    /// What its token may do.
    pub permissions: Permissions,
    /// The contexts that are known before it begins: `github`, `inputs`, `vars`, `needs`,
    /// `strategy` and `matrix`.
    pub contexts: Value,
}
