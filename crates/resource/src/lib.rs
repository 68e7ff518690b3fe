//! The kinds of resource that people declare, whatever format they were written in.
//!
//! Invariant: a value of these types is all that the rest of the product knows of a manifest.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use tidegate_analysis::{AnalysisRunResource, AnalysisTemplate};
use tidegate_experiment::ExperimentResource;
use tidegate_rollout::RolloutResource;
use tidegate_traffic::Service;
use tidegate_units::ObjectKey;
use tidegate_workload::{ConfigMap, Secret};

/// A kind of resource that people declare.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
pub enum Kind {
    /// `argoproj.io/v1alpha1` Rollout.
    Rollout,
    /// `argoproj.io/v1alpha1` Experiment.
    Experiment,
    /// `argoproj.io/v1alpha1` `AnalysisRun`, one that somebody declares.
    AnalysisRun,
    /// `argoproj.io/v1alpha1` `AnalysisTemplate`.
    AnalysisTemplate,
    /// `argoproj.io/v1alpha1` `ClusterAnalysisTemplate`, which belongs to no namespace.
    ClusterAnalysisTemplate,
    /// `apps/v1` Deployment, for Rollouts that take its pod template.
    Deployment,
    /// `v1` Service.
    Service,
    /// `v1` `ConfigMap`.
    ConfigMap,
    /// `v1` Secret.
    Secret,
}

/// A text that names no kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no kind of resource; there are rollouts, experiments, analysisruns, analysistemplates, clusteranalysistemplates, deployments, services, configmaps and secrets"
)]
pub struct UnknownKind(pub String);

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Rollout,
        Self::Experiment,
        Self::AnalysisRun,
        Self::AnalysisTemplate,
        Self::ClusterAnalysisTemplate,
        Self::Deployment,
        Self::Service,
        Self::ConfigMap,
        Self::Secret,
    ];

    /// Whether its resources belong to no namespace: their keys are [`ObjectKey::everywhere`].
    pub const fn is_cluster(self) -> bool {
        matches!(self, Self::ClusterAnalysisTemplate)
    }

    /// As it is written in a manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rollout => "Rollout",
            Self::Experiment => "Experiment",
            Self::AnalysisRun => "AnalysisRun",
            Self::AnalysisTemplate => "AnalysisTemplate",
            Self::ClusterAnalysisTemplate => "ClusterAnalysisTemplate",
            Self::Deployment => "Deployment",
            Self::Service => "Service",
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }

    /// As it is written in an address: `rollouts`.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Rollout => "rollouts",
            Self::Experiment => "experiments",
            Self::AnalysisRun => "analysisruns",
            Self::AnalysisTemplate => "analysistemplates",
            Self::ClusterAnalysisTemplate => "clusteranalysistemplates",
            Self::Deployment => "deployments",
            Self::Service => "services",
            Self::ConfigMap => "configmaps",
            Self::Secret => "secrets",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    /// Reads a kind as people type it: singular, plural or short (`ro`, `svc`, `cm`), any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "rollout" | "rollouts" | "ro" => Self::Rollout,
            "experiment" | "experiments" | "exp" => Self::Experiment,
            "analysisrun" | "analysisruns" | "ar" => Self::AnalysisRun,
            "analysistemplate" | "analysistemplates" | "at" => Self::AnalysisTemplate,
            "clusteranalysistemplate" | "clusteranalysistemplates" | "cat" => {
                Self::ClusterAnalysisTemplate
            }
            "deployment" | "deployments" | "deploy" => Self::Deployment,
            "service" | "services" | "svc" => Self::Service,
            "configmap" | "configmaps" | "cm" => Self::ConfigMap,
            "secret" | "secrets" => Self::Secret,
            _ => return Err(UnknownKind(text.to_owned())),
        })
    }
}

/// A Deployment as it was declared. Nothing is run of it: Rollouts take its pod template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Where it is found.
    pub key: ObjectKey,
}

/// A resource as the controller understands it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each variant holds the kind of its name")]
#[expect(clippy::large_enum_variant, reason = "held one at a time, on its way into the store")]
pub enum Resource {
    Rollout(RolloutResource),
    Experiment(ExperimentResource),
    AnalysisRun(AnalysisRunResource),
    AnalysisTemplate(AnalysisTemplate),
    ClusterAnalysisTemplate(AnalysisTemplate),
    Deployment(Deployment),
    Service(Service),
    ConfigMap(ConfigMap),
    Secret(Secret),
}

impl Resource {
    /// Its kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Rollout(_) => Kind::Rollout,
            Self::Experiment(_) => Kind::Experiment,
            Self::AnalysisRun(_) => Kind::AnalysisRun,
            Self::AnalysisTemplate(_) => Kind::AnalysisTemplate,
            Self::ClusterAnalysisTemplate(_) => Kind::ClusterAnalysisTemplate,
            Self::Deployment(_) => Kind::Deployment,
            Self::Service(_) => Kind::Service,
            Self::ConfigMap(_) => Kind::ConfigMap,
            Self::Secret(_) => Kind::Secret,
        }
    }

    /// Where it is found.
    pub const fn key(&self) -> &ObjectKey {
        match self {
            Self::Rollout(rollout) => &rollout.key,
            Self::Experiment(experiment) => &experiment.key,
            Self::AnalysisRun(run) => &run.template.key,
            Self::AnalysisTemplate(template) | Self::ClusterAnalysisTemplate(template) => {
                &template.key
            }
            Self::Deployment(deployment) => &deployment.key,
            Self::Service(service) => &service.key,
            Self::ConfigMap(map) => &map.key,
            Self::Secret(secret) => &secret.key,
        }
    }
}
