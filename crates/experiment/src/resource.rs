use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tidegate_units::{ObjectKey, RevisionHash};
use tidegate_workload::PodTemplate;

use crate::ExperimentSpec;

/// An Experiment as it was declared, or made by a step of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExperimentResource {
    /// Where it is found.
    pub key: ObjectKey,
    /// What the planner follows.
    pub spec: ExperimentSpec,
    /// What the replicas of each template run, by its name.
    pub templates: BTreeMap<String, TemplateResource>,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// Whose step made it; none when somebody applied it.
    #[serde(default)]
    pub made_by: Option<MadeBy>,
}

/// The step of a rollout that made an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeBy {
    /// The rollout, in the same namespace.
    pub rollout: String,
    /// The new revision that the step was about.
    pub revision: RevisionHash,
}

/// What the replicas of a template run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateResource {
    /// What they run.
    pub template: PodTemplate,
    /// `selector.matchLabels`: all of them among the labels of the template.
    pub selector: BTreeMap<String, String>,
}
