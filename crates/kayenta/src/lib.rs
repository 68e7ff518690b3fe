//! The canary judge of Kayenta, `NetflixACAJudge-v1.0`, by its published behaviour.
//!
//! A canary's values (the *experiment*) are compared with those of what it would replace (the
//! *control*), metric by metric ([`classify`]); the verdicts make a score from 0 to 100 ([`judge`]).
//! Words are Kayenta's, so that its users find what they know.
//!
//! A metric fails when three things hold: a Mann-Whitney test says at 98 % that the canary's values
//! are shifted, the whole interval of the shift is beyond a quarter of its estimate, and the effect
//! is as large as the configuration wants it.
//!
//! Two things are to be known of it. It is valid for one look: who looks again and again, and
//! stops at the first failure, is wrong more often than 2 % of the time. And its root finder works to
//! an absolute 1e-4, so that it sees little in values of that size; scale such a metric up.
//!
//! Invariant: the same input gives the same verdict on every machine. Where the original draws random
//! noise, for two sides of which each has one value throughout, noise of the same size is made
//! from a fixed seed ([`classify`] says more).

mod brent;
mod classify;
mod clean;
mod config;
mod effect;
mod mix;
mod noise;
mod query;
mod score;
mod settings;
mod shift;
mod summary;
mod template;
mod verdict;
mod wording;

pub use classify::{classify, classify_with};
pub use config::{CanaryConfig, Metric, MetricQuery, PrometheusQuery};
pub use mix::{Side, TaggedValues, pairs};
pub use query::{Scope, prometheus_query};
pub use score::{
    GroupScore, Judgement, MetricResult, Pair, Score, ScoreClass, Thresholds, UnknownMetric, judge,
};
pub use settings::{Direction, EffectSize, Measure, MetricSettings, NanStrategy, Outliers};
pub use shift::{AllTied, Shift, shift};
pub use summary::Summary;
pub use verdict::{Class, Verdict};

/// The name that configurations call this judge by.
pub const JUDGE: &str = "NetflixACAJudge-v1.0";
