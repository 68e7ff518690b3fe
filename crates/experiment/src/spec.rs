use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_units::{RevisionHash, RunName};

use crate::Analysis;

/// What is wanted of an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExperimentSpec {
    /// Its name: that of its runs begin with it.
    pub name: String,
    /// What stands side by side, at least one.
    pub templates: Vec<Template>,
    /// How long, from when all templates were available at one moment. Without it, until the
    /// required analyses have succeeded or somebody ends it.
    #[schema(value_type = Option<tidegate_units::DurationParts>)]
    pub duration: Option<Duration>,
    /// A template that makes no progress for this long fails. Default 600 s.
    #[schema(value_type = tidegate_units::DurationParts)]
    pub progress_deadline: Duration,
    /// Whether it is to end now.
    pub terminate: bool,
    /// What is measured while it runs.
    #[schema(value_type = Vec<Value>)]
    pub analyses: Vec<Analysis>,
    /// How long replicas stay once they are not needed. Default 30 s.
    #[schema(value_type = tidegate_units::DurationParts)]
    pub scale_down_delay: Duration,
}

/// One of the templates that stand side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ExperimentTemplate)]
pub struct Template {
    /// Its name within the experiment.
    pub name: String,
    /// What its replicas are measured under: no other template and no rollout has it.
    pub revision: RevisionHash,
    /// How many replicas. Default 1.
    pub replicas: u32,
    /// A replica counts as available once it has been ready this long. Default 0 s.
    #[schema(value_type = tidegate_units::DurationParts)]
    pub min_ready: Duration,
    /// The Service that is made for it, when one is.
    pub service: Option<String>,
}

impl ExperimentSpec {
    /// The template of this name.
    pub fn template(&self, name: &str) -> Option<&Template> {
        self.templates.iter().find(|template| template.name == name)
    }

    /// The run of an analysis.
    pub fn run_of(&self, analysis: &Analysis) -> RunName {
        format!("{}-{}", self.name, analysis.name).into()
    }

    /// What Argo Rollouts calls the replicas of a template, and the Service that is made for it
    /// when it gets no other name: `EXPERIMENT-TEMPLATE`.
    pub fn set_name(&self, template: &str) -> String {
        format!("{}-{template}", self.name)
    }
}
