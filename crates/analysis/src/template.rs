use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use tidegate_units::ObjectKey;

use crate::{Metric, Provider};

/// An `AnalysisTemplate`: metrics with holes for arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnalysisTemplate {
    /// Where it is found.
    pub key: ObjectKey,
    /// The arguments that may be given.
    pub args: Vec<ArgDeclaration>,
    /// Its metrics, at least one.
    pub metrics: Vec<MetricTemplate>,
}

/// An argument that a template takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArgDeclaration {
    /// Its name; `{{args.NAME}}` in a text stands for its value.
    pub name: String,
    /// Its value when none is given.
    pub default: Option<String>,
}

/// A setting that is either known or waits for arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting<T> {
    /// Known.
    Known(T),
    /// A text with `{{args.NAME}}` in it.
    Text(String),
}

/// A metric with holes for arguments. The fields are those of [`Metric`].
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

/// A template that cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ResolveError {
    /// Which template, metric and field.
    pub place: String,
    /// What is wrong and how to mend it.
    pub problem: String,
}

impl AnalysisTemplate {
    /// The metrics with `args` filled in. Every declared argument needs a value.
    pub fn resolve(&self, args: &BTreeMap<String, String>) -> Result<Vec<Metric>, ResolveError> {
        let _ = args;
        Ok(Vec::new())
    }
}
