use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::PodTemplate;

/// Processes that run until they have done their work: a `batch/v1` `JobSpec`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSpec {
    /// What an attempt runs. It succeeds when all of its containers end with exit code 0.
    pub template: PodTemplate,
    /// What follows when a container fails.
    pub restart: JobRestart,
    /// How many attempts have to succeed; when absent, one has to, and those beside it to end.
    pub completions: Option<u32>,
    /// How many attempts run side by side. Default 1.
    pub parallelism: u32,
    /// More failures than this fail the job. Default 6.
    pub backoff_limit: u32,
    /// A job that takes longer has failed.
    pub active_deadline: Option<Duration>,
}

/// What follows when a container of a job fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobRestart {
    /// Another attempt, of all containers, once the others have ended as well.
    Never,
    /// The container is started again, beside the others.
    OnFailure,
}
