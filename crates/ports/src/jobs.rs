use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use tidegate_analysis::JobEnd;
use tidegate_units::{Epoch, Owner};
use tidegate_workload::{ConfigMap, JobSpec, Secret};

/// What runs the jobs of analyses.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Runs a job, and says how it ended; or in one sentence why that cannot be known. A job of
    /// this name that was started before is waited for, and not run again: not after a restart
    /// either. Dropping the future ends nothing.
    async fn run(&self, order: JobOrder) -> Result<JobEnd, String>;

    /// Whether a job of this name was begun here, and is not forgotten.
    fn knows(&self, name: &str) -> bool;

    /// From now on nobody asks for other jobs than these: those that run are stopped, and those
    /// that ended are forgotten. Returns at once. From a leader that leads no more, it changes
    /// nothing.
    fn keep(&self, epoch: Epoch, wanted: BTreeSet<String>);
}

/// A job to be run. Complete: nothing is left to choose.
#[derive(Clone, Debug)]
pub struct JobOrder {
    /// Unique for ever.
    pub name: String,
    /// In which epoch it was given: one of an earlier epoch than any other order is refused.
    pub epoch: Epoch,
    /// The rollout or experiment that it judges.
    pub owner: Owner,
    /// What is run.
    pub spec: JobSpec,
    /// The `ConfigMap`s of the namespace, by name.
    pub config_maps: Arc<BTreeMap<String, ConfigMap>>,
    /// The Secrets of the namespace, by name.
    pub secrets: Arc<BTreeMap<String, Secret>>,
}
