use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_judge::JudgeSettings;
use tidegate_workload::JobSpec;

use crate::{DecisionSettings, PluginQuery, PluginTask, Query};

/// How soon a program that has not yet done its step, or could not be asked, is asked again where it
/// says nothing else (Argo's `defaultRequeuDuration` and `defaultErrorBackoff`).
pub(crate) const STEP_AGAIN: Duration = Duration::from_secs(30);

/// A metric of an analysis run, with all arguments filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Metric {
    /// Unique in the run.
    pub name: String,
    /// From the end of one measurement to the start of the next.
    #[schema(value_type = Option<tidegate_units::DurationParts>)]
    pub interval: Option<Duration>,
    /// From the start of the run to the first measurement.
    #[schema(value_type = Option<tidegate_units::DurationParts>)]
    pub initial_delay: Option<Duration>,
    /// How many measurements; see `EffectiveCount` in Argo Rollouts for when it is absent.
    pub count: Option<u32>,
    /// A measurement for which this holds succeeded.
    pub success_condition: Option<String>,
    /// A measurement for which this holds failed.
    pub failure_condition: Option<String>,
    /// More failed measurements than this fail the metric; default 0, negative: never.
    pub failure_limit: Option<i64>,
    /// More inconclusive measurements than this make it inconclusive; default 0.
    pub inconclusive_limit: Option<i64>,
    /// More errors in a row than this make it an error; default 4.
    pub consecutive_error_limit: Option<i64>,
    /// So many successes in a row and the metric is done.
    pub consecutive_success_limit: Option<i64>,
    /// Where its values come from.
    #[schema(value_type = Value)]
    pub provider: Provider,
    /// Whether it is measured and does not count.
    #[serde(default)]
    pub dry_run: bool,
    /// How many of its measurements are kept; default 10, and at most 1,000.
    #[serde(default)]
    pub kept: Option<u32>,
}

impl Metric {
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
            dry_run: false,
            kept: None,
        }
    }

    /// What takes a step by a program: it is asked until it has done it or failed, whatever goes wrong
    /// in between, as Argo Rollouts does. To stop or undo a step it is called once.
    pub fn of_step(query: PluginQuery) -> Self {
        if query.task != PluginTask::Step {
            let metric = Self::new(&query.name.clone(), Provider::Query(Query::Plugin(query)));
            return Self { count: Some(1), consecutive_error_limit: Some(0), ..metric };
        }
        Self {
            interval: Some(STEP_AGAIN),
            inconclusive_limit: Some(i64::from(u32::MAX)),
            consecutive_error_limit: Some(i64::from(u32::MAX)),
            consecutive_success_limit: Some(1),
            ..Self::new(&query.name.clone(), Provider::Query(Query::Plugin(query)))
        }
    }

    /// How many measurements end it, by Argo's `EffectiveCount`: one when neither count nor interval
    /// is given, no end (`None`) with an interval alone or with a count of 0, else the count. The
    /// judge and the decision look all the time, so without a count they have no end either.
    pub fn effective_count(&self) -> Option<u32> {
        match (self.count.filter(|count| *count > 0), self.interval) {
            (Some(count), _) => Some(count),
            (None, None) if !self.is_judge() && !self.is_decision() => Some(1),
            (None, _) => None,
        }
    }

    /// Whether a program takes a step for it.
    pub(crate) fn is_step(&self) -> bool {
        let query = self.provider.query();
        matches!(query, Some(Query::Plugin(query)) if query.task == PluginTask::Step)
    }

    /// Whether its provider is the judge.
    pub fn is_judge(&self) -> bool {
        matches!(self.provider, Provider::Judge(_))
    }

    /// Whether its provider decides on the revision.
    pub fn is_decision(&self) -> bool {
        matches!(self.provider, Provider::Decision(_))
    }

    /// How it compares the revision with another, if it does.
    pub(crate) fn judge_settings(&self) -> Option<&JudgeSettings> {
        match &self.provider {
            Provider::Judge(settings) => Some(settings),
            Provider::Decision(settings) => settings.judge.as_ref(),
            _ => None,
        }
    }

    /// How it decides on the revision, if it does.
    pub fn decision(&self) -> Option<&DecisionSettings> {
        match &self.provider {
            Provider::Decision(settings) => Some(settings),
            _ => None,
        }
    }

    /// Whether it is looked at all the time, so that what it shows is told at once.
    pub(crate) fn is_watched(&self) -> bool {
        matches!(self.provider, Provider::Judge(_) | Provider::Shadow(_) | Provider::Decision(_))
    }

    /// Whether its provider is a job.
    pub fn is_job(&self) -> bool {
        matches!(self.provider, Provider::Job(_))
    }

    pub(crate) fn place(&self) -> String {
        format!("metric {:?}", self.name)
    }
}

/// Where the values of a metric come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Provider {
    /// `plugin: tidegate/router`: a number that the router measured of one revision.
    Router(RouterMeasure),
    /// `plugin: tidegate/judge`: the canary against the stable revision, by sequential tests.
    Judge(JudgeSettings),
    /// `plugin: tidegate/shadow`: what the answers of a shadowed revision differ in.
    Shadow(ShadowSettings),
    /// `plugin: tidegate/decision`: what is to be done with the revision, from rules and evidence.
    Decision(Box<DecisionSettings>),
    /// What a server answers.
    Query(Query),
    /// `job`: how processes end that are run for each measurement.
    Job(JobSpec),
}

impl Provider {
    /// Whether its measurements may be numbers.
    pub(crate) const fn measures_numbers(&self) -> bool {
        matches!(self, Self::Router(_) | Self::Query(_))
    }
}

/// A number that the router measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouterMeasure {
    /// What is measured.
    pub measure: ArmMeasure,
    /// Of which revision.
    pub of: RevisionRole,
    /// Over the last so many seconds; at most 120 s.
    pub window: Duration,
}

/// What is measured of one revision.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum ArmMeasure {
    /// Errors per request, 0 to 1. With no request there is no value.
    ErrorRate,
    /// Requests per second.
    RequestRate,
    /// A latency quantile in milliseconds. With no request there is no value.
    LatencyMs {
        /// The quantile, 0 to 1.
        quantile: f64,
    },
}

/// Which revision is meant, and which of its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RevisionRole {
    /// The one that is judged.
    Canary,
    /// The one it is compared with.
    Stable,
    /// The one that is judged, by the copies of requests that it is sent.
    Copies,
}

/// How the comparison of answers is judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShadowSettings {
    /// P(ever a false alarm) for the whole comparison, shared over its fields. Default 0.01.
    pub alpha: f64,
    /// So many requests have to be compared before no difference says anything. Default 100.
    pub least: u64,
    /// How long a measurement that is due waits for them. Default 5 min.
    pub wait: Duration,
}

impl Default for ShadowSettings {
    fn default() -> Self {
        Self { alpha: 0.01, least: 100, wait: Duration::from_mins(5) }
    }
}
