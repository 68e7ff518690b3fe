//! What a step says of the experiment that is made for it.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use tidegate_units::Weight;
use tidegate_workload::WorkloadMeta;

use crate::AnalysisUse;

/// The experiment of a step: revisions side by side, with replicas of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepExperiment {
    /// What stands side by side, at least one.
    pub templates: Vec<StepTemplate>,
    /// How long, from when all templates were available at one moment. Without it, until the
    /// required analyses have succeeded, somebody ends it or somebody promotes.
    pub duration: Option<Duration>,
    /// What is measured while it runs.
    pub analyses: Vec<ExperimentAnalysis>,
    /// How long replicas stay once they are not needed. Default 30 s.
    pub scale_down_delay: Duration,
}

/// A template of such an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTemplate {
    /// Its name within the experiment.
    pub name: String,
    /// Which revision its replicas run.
    pub of: TemplateOf,
    /// How many replicas. Default 1.
    pub replicas: u32,
    /// More labels and annotations of its replicas.
    pub meta: WorkloadMeta,
    /// The labels by which its replicas are known; those of the rollout when there are none.
    pub selector: BTreeMap<String, String>,
    /// With a router: its share of the rollout's requests, taken from the stable revision's.
    pub weight: Option<Weight>,
    /// The Service that is made for it.
    pub service: TemplateService,
}

/// Which revision a template runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TemplateOf {
    /// The stable one.
    Stable,
    /// The new one.
    Canary,
}

/// The Service that is made for a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TemplateService {
    /// None.
    None,
    /// One with the name of its replicas, `EXPERIMENT-TEMPLATE`.
    Own,
    /// One of this name.
    Named(String),
}

/// An analysis beside the templates of an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExperimentAnalysis {
    /// Its name within the experiment.
    pub name: String,
    /// What is measured.
    pub analysis: AnalysisUse,
    /// Whether the experiment goes on until it is decided, and ends once it has succeeded.
    pub required: bool,
}
