use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_units::ObjectKey;

use crate::Provider;

/// An `AnalysisTemplate` or a `ClusterAnalysisTemplate`: metrics with holes for arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnalysisTemplate {
    /// Where it is found.
    pub key: ObjectKey,
    /// The arguments that may be given.
    pub args: Vec<ArgDeclaration>,
    /// Its metrics; where it has none, it names templates that do.
    pub metrics: Vec<MetricTemplate>,
    /// Templates whose metrics are measured with its own.
    #[serde(default)]
    pub templates: Vec<TemplateRef>,
    /// Patterns of names: metrics with such a name are measured and do not count.
    #[serde(default)]
    pub dry_run: Vec<String>,
    /// How many measurements are kept of which metrics.
    #[serde(default)]
    pub retention: Vec<Retention>,
}

/// A template by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TemplateRef {
    /// Its name.
    pub name: String,
    /// Whether it is a `ClusterAnalysisTemplate`.
    pub cluster: bool,
}

/// How many measurements are kept of some metrics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// A pattern of their names.
    pub metric: String,
    /// So many; 0 is the default of 10.
    pub limit: u32,
}

/// An argument that a template takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArgDeclaration {
    /// Its name; `{{args.NAME}}` in a text stands for its value.
    pub name: String,
    /// Its value when none is given.
    pub default: Option<String>,
    /// Where its value comes from.
    #[serde(default)]
    pub from: Option<ArgSource>,
}

/// Where the value of a template's argument comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArgSource {
    /// `secretKeyRef`: as in Argo Rollouts, it is taken whatever else is given.
    Secret(SecretKey),
    /// `fieldRef`: a field of the rollout, where nothing else is given.
    Field(String),
}

/// An entry of a Secret in the rollout's namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SecretKey {
    /// The name of the Secret.
    pub secret: String,
    /// The name of the entry.
    pub key: String,
}

/// A setting that is either known or waits for arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting<T> {
    /// Known.
    Known(T),
    /// A text with `{{args.NAME}}` in it.
    Text(String),
}

/// A metric with holes for arguments. The fields are those of [`crate::Metric`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are documented at Metric")]
pub struct MetricTemplate {
    pub name: String,
    pub interval: Option<Setting<Duration>>,
    pub initial_delay: Option<Setting<Duration>>,
    pub count: Option<Setting<u32>>,
    pub success_condition: Option<String>,
    pub failure_condition: Option<String>,
    pub failure_limit: Option<Setting<i64>>,
    pub inconclusive_limit: Option<Setting<i64>>,
    pub consecutive_error_limit: Option<Setting<i64>>,
    pub consecutive_success_limit: Option<Setting<i64>>,
    pub provider: Provider,
}

impl AnalysisTemplate {
    /// A template with nothing in it.
    pub const fn new(key: ObjectKey) -> Self {
        Self {
            key,
            args: Vec::new(),
            metrics: Vec::new(),
            templates: Vec::new(),
            dry_run: Vec::new(),
            retention: Vec::new(),
        }
    }
}

impl MetricTemplate {
    /// A metric with nothing set but where its values come from.
    pub fn new(name: &str, provider: Provider) -> Self {
        Self {
            name: name.to_owned(),
            interval: None,
            initial_delay: None,
            count: None,
            success_condition: None,
            failure_condition: None,
            failure_limit: None,
            inconclusive_limit: None,
            consecutive_error_limit: None,
            consecutive_success_limit: None,
            provider,
        }
    }
}

/// A template that cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ResolveError {
    /// Which template, metric and field.
    pub place: String,
    /// What is wrong and how to mend it.
    pub problem: String,
}

impl ResolveError {
    pub(crate) fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }
}
