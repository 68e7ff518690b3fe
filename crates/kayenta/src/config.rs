//! A canary configuration.

use std::collections::BTreeMap;

use crate::{MetricSettings, Thresholds};

/// A canary configuration: what is asked for, how it is judged, and what it counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CanaryConfig {
    /// What it is looked up by, where it is kept; may be empty.
    pub id: String,
    /// Its name; may be empty.
    pub name: String,
    /// The applications that it is for.
    pub applications: Vec<String>,
    /// The metrics, each name once.
    pub metrics: Vec<Metric>,
    /// Texts that queries refer to by name.
    pub templates: BTreeMap<String, String>,
    /// What each group counts, of 100; groups without share what is left.
    pub group_weights: BTreeMap<String, f64>,
    /// The score to pass, where whoever asks gives none.
    pub thresholds: Option<Thresholds>,
}

/// A metric of a configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// The groups that it counts in.
    pub groups: Vec<String>,
    /// How it is judged.
    pub settings: MetricSettings,
    /// Which of the scopes of a question it is asked for.
    pub scope: String,
    /// Where its values come from; none is needed where values are given.
    pub query: Option<MetricQuery>,
}

/// Where the values of a metric come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricQuery {
    /// A Prometheus.
    Prometheus(PrometheusQuery),
    /// Another service, by the `type` that the configuration gives it.
    Other(String),
}

/// What a Prometheus is asked. Texts may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrometheusQuery {
    /// The name of the series.
    pub metric_name: String,
    /// `gce_instance` or `aws_ec2_instance`: labels are added for the scope.
    pub resource_type: String,
    /// Matchers of labels, such as `job="shop"`.
    pub label_bindings: Vec<String>,
    /// The labels by which there is one series each.
    pub group_by: Vec<String>,
    /// Matchers with `${...}` in them, or a whole query after `PromQL:`.
    pub inline_template: String,
    /// The name of such a text among the configuration's templates.
    pub filter_template: String,
}
