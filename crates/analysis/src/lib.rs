//! Measurements and limits: the plan of an analysis run.
//!
//! [`plan_run`] follows the counts, limits and times of Argo Rollouts' analysis runs.
//! [`JudgeEvidence`], of the crate `judge`, compares a canary with the stable revision.
//!
//! Invariant: nothing here reads a clock, waits, or touches the world.

mod arguments;
mod assess;
mod check;
mod decision;
mod errand;
mod holes;
mod job;
mod json_path;
mod measure;
mod metric;
mod own_run;
mod plan;
mod query;
mod redaction;
mod resolve;
mod run;
mod series;
mod setting;
mod shadow;
mod template;
mod time_expression;
mod watch;

pub use check::check_metrics;
pub use decision::{DecisionSettings, DecisionView, KNOWN_VALUES, PredictionFrom, ValueFrom};
pub use job::{Errand, JobEnd, open_jobs};
pub use json_path::{JsonPath, JsonPathError};
pub use metric::{ArmMeasure, Metric, Provider, RevisionRole, RouterMeasure, ShadowSettings};
pub use own_run::{AnalysisRunResource, Ttl};
pub use plan::plan_run;
pub use query::{
    Answer, Asked, BasicAuth, CloudWatchQuery, DatadogQuery, DatadogVersion, GraphiteQuery, Header,
    InfluxdbQuery, KayentaQuery, KayentaScope, KayentaScopeDetail, NewRelicQuery, OAuth2,
    PluginAsker, PluginQuery, PluginTask, PrometheusQuery, Query, RangeQuery, SecretUse, SigV4,
    SkyWalkingQuery, WavefrontQuery, WebBody, WebMethod, WebQuery,
};
pub use redaction::Redaction;
pub use resolve::{Resolved, RunRequest, Surroundings, name_pattern, resolve_run};
pub use run::{
    Ask, MeasurementView, MetricView, Override, ReplicaUse, RunEvent, RunObservation, RunPlan,
    RunSpec, RunStatus, RunSummary, STEP_STATUS,
};
pub use setting::{DurationError, parse_duration};
pub use shadow::{ShadowFinding, ShadowVerdict, example_finding};
pub use template::{
    AnalysisTemplate, ArgDeclaration, ArgSource, MetricTemplate, ResolveError, Retention,
    SecretKey, Setting, TemplateRef,
};
pub use tidegate_decision::{
    Action, Condition as RuleCondition, Decision, Outcome, Rule, Severity, Unit, change_name,
};
pub use tidegate_judge::{
    ArmSum, Design, Direction, FieldEvidence, JudgeEvidence, JudgeSettings, RunTraffic,
    SeriesSettings, Spending, TestEvidence, TestUnit, Verdict, quantile_interval, weigh,
};
pub use tidegate_units::RunPhase;
pub use time_expression::TimeExpression;
pub use watch::{default_watch_metrics, shadow_metrics};
