//! Questions to the metrics services that people rent, with the fields of Argo Rollouts.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::parse_duration;

/// `provider.datadog`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatadogQuery {
    /// Which of its interfaces.
    pub version: DatadogVersion,
    /// How far back it looks; default 5 minutes.
    pub interval: Option<String>,
    /// A query, where `queries` has none.
    pub query: String,
    /// Queries by name, for a formula.
    pub queries: BTreeMap<String, String>,
    /// What is made of the queries.
    pub formula: String,
    /// What is made of the values in the interval; default: the last one.
    pub aggregator: String,
    /// The Secret with its keys.
    pub secret: String,
    /// Whether that is in the rollout's namespace.
    pub namespaced: bool,
    /// How long to wait for the answer; default 10 s.
    pub timeout: Option<String>,
}

/// The interfaces of Datadog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names that Datadog gives them")]
pub enum DatadogVersion {
    #[default]
    V1,
    V2,
}

/// `provider.newRelic`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRelicQuery {
    /// The Secret with its keys; default `newrelic`.
    pub profile: String,
    /// NRQL.
    pub query: String,
    /// How long New Relic may take, in seconds; default 5.
    pub timeout: Option<u32>,
}

/// `provider.graphite`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphiteQuery {
    /// The server's URL.
    pub address: String,
    /// The parameters of a rendering: `target=...&from=-5min`.
    pub query: String,
}

/// `provider.influxdb`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InfluxdbQuery {
    /// The Secret with its address, organisation and token; default `influxdb`.
    pub profile: String,
    /// Flux.
    pub query: String,
}

/// `provider.wavefront`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WavefrontQuery {
    /// The server's host.
    pub address: String,
    /// A query in Wavefront's language.
    pub query: String,
}

/// `provider.skywalking`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkyWalkingQuery {
    /// The server's URL.
    pub address: String,
    /// GraphQL, with `$duration` in it.
    pub query: String,
    /// How far back `$duration` begins.
    pub interval: String,
}

/// `provider.cloudWatch`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CloudWatchQuery {
    /// How far back it looks; default 5 minutes.
    pub interval: Option<String>,
    /// `MetricDataQueries`, as the service takes them.
    pub queries: Vec<Json>,
}

impl DatadogQuery {
    /// What is wrong with it, in one sentence.
    pub fn problem(&self) -> Option<String> {
        let problem = match (self.query.is_empty(), self.queries.is_empty(), self.version) {
            (true, true, _) => "there is no query: write query, or queries",
            (false, false, _) => "found query and queries together: write one of them",
            (true, _, DatadogVersion::V1) => {
                "queries need apiVersion v2: write apiVersion: v2, or query"
            }
            _ if !self.formula.is_empty() && self.queries.is_empty() => {
                "a formula needs queries: write queries, or leave it out"
            }
            _ if self.formula.is_empty() && self.queries.len() > 1 => {
                "several queries need a formula: write formula"
            }
            (_, _, DatadogVersion::V1) if !self.aggregator.is_empty() => {
                "an aggregator needs apiVersion v2: write apiVersion: v2, or leave it out"
            }
            _ if self.namespaced && self.secret.is_empty() => {
                "secretRef.namespaced needs secretRef.name"
            }
            _ => {
                return duration_problem([
                    ("interval", &self.interval),
                    ("requestTimeout", &self.timeout),
                ]);
            }
        };
        Some(problem.to_owned())
    }

    pub(super) fn timeout(&self) -> Duration {
        let given = self.timeout.as_deref().and_then(|text| parse_duration(text).ok());
        given.unwrap_or(Duration::from_secs(10))
    }
}

impl CloudWatchQuery {
    /// What is wrong with it, in one sentence.
    pub fn problem(&self) -> Option<String> {
        if self.queries.is_empty() {
            return Some("metricDataQueries is empty: write one query at least".to_owned());
        }
        duration_problem([("interval", &self.interval)]).or_else(|| self.sent().err())
    }

    /// The queries as they are sent, a period that an argument gave as a number.
    ///
    /// # Errors
    /// In one sentence, which period is none.
    pub fn sent(&self) -> Result<Vec<Json>, String> {
        let mut queries = self.queries.clone();
        for query in &mut queries {
            for place in ["/Period", "/MetricStat/Period"] {
                let Some(period) = query.pointer_mut(place) else { continue };
                let Some(text) = period.as_str() else { continue };
                let seconds = text.parse::<u32>().ok().filter(|seconds| *seconds > 0);
                *period = seconds
                    .map(Json::from)
                    .ok_or_else(|| format!("period: {text:?} is no number of seconds"))?;
            }
        }
        Ok(queries)
    }
}

impl SkyWalkingQuery {
    /// What is wrong with it, in one sentence.
    pub fn problem(&self) -> Option<String> {
        duration_problem([("interval", &Some(self.interval.clone()))])
    }
}

/// The first of some durations that is none.
fn duration_problem<const N: usize>(fields: [(&str, &Option<String>); N]) -> Option<String> {
    fields.into_iter().find_map(|(field, text)| match parse_duration(text.as_deref()?) {
        Ok(Duration::ZERO) => Some(format!("{field} is no time: write one such as 5m")),
        Ok(_) => None,
        Err(problem) => Some(format!("{field}: {problem}")),
    })
}
