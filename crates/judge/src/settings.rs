use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Design, SeriesSettings};

/// How the canary is compared with the stable revision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JudgeSettings {
    /// P(ever a false alarm) for the whole run, shared over its tests. Default 0.01.
    pub alpha: f64,
    /// The odds ratio of errors that is still accepted. Default 1.25.
    pub error_odds_margin: f64,
    /// The latency quantiles that are compared. Default 0.5, 0.9 and 0.99.
    pub quantiles: Vec<f64>,
    /// The rise of a quantile that is still accepted, as a share. Default 0.10.
    pub latency_margin: f64,
    /// The canary's latency does not count for so long after its first request: connections are
    /// opened and caches filled. Errors count at once. Default 2 s.
    pub warm_up: Duration,
    /// For who knows beforehand how many requests there will be. Default none.
    pub design: Option<Design>,
    /// Other metrics of the run that are compared too. Default none.
    pub series: Vec<SeriesSettings>,
}

impl Default for JudgeSettings {
    fn default() -> Self {
        Self {
            alpha: 0.01,
            error_odds_margin: 1.25,
            quantiles: vec![0.5, 0.9, 0.99],
            latency_margin: 0.10,
            warm_up: Duration::from_secs(2),
            design: None,
            series: Vec::new(),
        }
    }
}
