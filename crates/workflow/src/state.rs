//! What has become of a run so far: plain data, from which a server that was killed goes on.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tidegate_expression::Value;
use tidegate_units::Timestamp;

use crate::setting::{Concurrency, Environment, RunsOn};

/// What has become of a run so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// Whether somebody cancelled it.
    pub cancelled: Option<Cancelled>,
    /// Where it is with the concurrency group of the whole run.
    pub group: GroupState,
    /// The workflows that run: the first is the run's own, others are called by jobs.
    pub frames: Vec<FrameState>,
    /// The jobs of each of them, in order.
    pub jobs: Vec<JobState>,
    /// When the last job was over, where all are.
    pub over_at: Option<Timestamp>,
}

/// Where a run or a job is with its concurrency group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupState {
    /// It has none, or did not ask yet.
    #[default]
    None,
    /// It asked to be let in.
    Asked(Concurrency),
    /// It is in.
    In(Concurrency),
    /// Its group cannot be known: what is wrong.
    Wrong(Vec<String>),
}

impl GroupState {
    /// The group that it is in, or asked to be let into.
    pub(crate) fn group(&self) -> Option<&str> {
        match self {
            Self::Asked(concurrency) | Self::In(concurrency) => Some(&concurrency.group),
            Self::None | Self::Wrong(_) => None,
        }
    }
}

/// A run that somebody cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancelled {
    /// When.
    pub at: Timestamp,
    /// Whether jobs whose condition holds even so are cancelled too.
    pub forced: bool,
}

/// A workflow that runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrameState {
    /// The job that called it; `None` for the run's own.
    pub caller: Option<JobKey>,
    /// The number of its first job among all.
    pub first: usize,
    /// The context `inputs`.
    pub inputs: Kept,
    /// Whether its caller began anew: nothing of it counts any more.
    pub gone: bool,
}

/// Names a job of a matrix, or a job without one, in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JobKey {
    /// The number of the job among all of the run.
    pub job: usize,
    /// Its number in the matrix.
    pub instance: usize,
}

/// What has become of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobState {
    /// The number of the workflow that it is of.
    pub frame: usize,
    /// Where it is.
    pub phase: JobPhase,
    /// Whether its other jobs are cancelled when one fails.
    pub fail_fast: bool,
    /// How many of its jobs run at once, at most.
    pub max_parallel: Option<usize>,
    /// Its jobs: one, or those of its matrix. None as long as it is not known which.
    pub instances: Vec<InstanceState>,
    /// What it tells those that need it.
    pub outputs: Vec<(String, String)>,
}

/// Where a job is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobPhase {
    /// It waits for those that it needs.
    Waiting,
    /// It is known which jobs it has, and they are not over.
    Open,
    /// It is over.
    Over {
        /// What `needs.<id>.result` says.
        result: JobResult,
        /// What was wrong with it, where it could not run for that.
        errors: Vec<String>,
    },
}

/// What a job comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobResult {
    /// It did what it was to do.
    Success,
    /// It did not.
    Failure,
    /// It was ended before.
    Cancelled,
    /// It was not to run.
    Skipped,
}

impl JobResult {
    /// As `needs.<id>.result` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }
}

/// What has become of a job of a matrix, or of one without.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstanceState {
    /// Its id in the matrix; empty without one.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The context `matrix`.
    pub matrix: Kept,
    /// Where it is.
    pub phase: Phase,
    /// What it runs with, once that is known.
    pub settings: Option<Settings>,
    /// Where it is with its concurrency group.
    pub group: GroupState,
    /// Where it is with the concurrency group of the workflow that it calls.
    pub inner: GroupState,
    /// How often it began; whoever runs it takes no order with an older number.
    pub generation: u64,
    /// Whether it began again without it being known how it ended before.
    pub again: bool,
    /// Who approved its deployment.
    pub approved_by: Option<String>,
    /// What it told.
    pub outputs: Vec<(String, String)>,
}

/// What a job runs with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// On which machines; empty for one that calls a workflow.
    pub runs_on: RunsOn,
    /// The environment that it deploys to.
    pub environment: Option<Environment>,
    /// How long it may take, in milliseconds.
    pub timeout_ms: u64,
    /// How long it may take to end after it was cancelled, in milliseconds.
    pub cancel_timeout_ms: u64,
    /// Whether the run goes on as if it had not failed.
    pub continue_on_error: bool,
}

/// Where a job of a matrix is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// It waits for others of its matrix, because not all may run at once.
    Queued,
    /// It waits to be let into its concurrency group.
    Entering,
    /// It waits for somebody to approve.
    Approving,
    /// It waits until its environment's time has passed.
    Resting {
        /// Until then.
        until: Timestamp,
    },
    /// It was told to begin.
    Begun {
        /// When.
        at: Timestamp,
    },
    /// The workflow that it calls runs.
    Calling {
        /// The number of that workflow.
        frame: usize,
    },
    /// It was told to end.
    Ending {
        /// When.
        at: Timestamp,
        /// Why.
        reason: CancelReason,
        /// Whether it was told to end at once.
        killed: bool,
    },
    /// It is over.
    Over {
        /// When.
        at: Timestamp,
        /// How.
        outcome: JobResult,
        /// What it counts as: a failure that does not matter counts as success.
        result: JobResult,
        /// What was wrong with it, where it could not run for that.
        errors: Vec<String>,
    },
}

/// Why a job was told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CancelReason {
    /// Somebody cancelled the run.
    Run,
    /// Another job of its matrix failed.
    FailFast,
    /// It took longer than it may.
    Timeout,
    /// Another one of its concurrency group came.
    Concurrency,
    /// Its deployment was not approved.
    Rejected,
}

/// A value of the expression language as data: JSON in a text, which keeps the order of names and all digits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept(pub Value);

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_exact_json())
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Value::from_json(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl InstanceState {
    /// One that did nothing yet.
    pub(crate) fn new(id: String, name: String, matrix: Value) -> Self {
        Self {
            id,
            name,
            matrix: Kept(matrix),
            phase: Phase::Queued,
            settings: None,
            group: GroupState::None,
            inner: GroupState::None,
            generation: 0,
            again: false,
            approved_by: None,
            outputs: Vec::new(),
        }
    }

    /// What it counts as, where it is over.
    pub const fn result(&self) -> Option<JobResult> {
        if let Phase::Over { result, .. } = &self.phase { Some(*result) } else { None }
    }

    /// Whether it has a place among those that run at once.
    pub const fn is_running(&self) -> bool {
        !matches!(self.phase, Phase::Queued | Phase::Over { .. })
    }
}

impl JobState {
    /// One that waits.
    pub(crate) const fn new(frame: usize) -> Self {
        Self {
            frame,
            phase: JobPhase::Waiting,
            fail_fast: true,
            max_parallel: None,
            instances: Vec::new(),
            outputs: Vec::new(),
        }
    }

    /// What it came to, where it is over.
    pub const fn result(&self) -> Option<JobResult> {
        if let JobPhase::Over { result, .. } = &self.phase { Some(*result) } else { None }
    }
}
