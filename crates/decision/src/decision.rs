use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Evidence, Part, Prediction, Severity, Truth, span};

/// What is to be done with a revision, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// What is to be done.
    pub action: Action,
    /// How sure that is, 0 to 1.
    pub confidence: f64,
    /// In one sentence.
    pub reason: String,
    /// The rules that decided.
    pub violations: Vec<Violation>,
    /// How soon the revision is taken back, where it is.
    #[serde(with = "span")]
    #[schema(value_type = Option<String>, example = "30s")]
    pub time_to_rollback: Option<Duration>,
    /// How long it is watched more closely, where it is.
    #[serde(with = "span", default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "30s")]
    pub monitoring_duration: Option<Duration>,
    /// What every rule came to.
    pub rules: Vec<Finding>,
    /// What the judge had shown.
    pub evidence: Option<Evidence>,
    /// What was predicted.
    pub prediction: Option<Prediction>,
    /// Why nothing was, where a model is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_prediction: Option<String>,
    /// Whether enough is known for all to be well: how the revision answers, or what is predicted.
    #[serde(default)]
    pub known: bool,
    /// What it would have taken to come out otherwise, in sentences.
    pub otherwise: Vec<String>,
}

/// What is to be done with a revision, the mildest first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[schema(as = DecisionAction)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Go on.
    Continue,
    /// Go on and look more often.
    MonitorClosely,
    /// Wait for a person.
    AlertHuman,
    /// Take it back in a while, if that is still so then.
    ScheduledRollback,
    /// Take it back now.
    ImmediateRollback,
}

impl Action {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::MonitorClosely => "monitor_closely",
            Self::AlertHuman => "alert_human",
            Self::ScheduledRollback => "scheduled_rollback",
            Self::ImmediateRollback => "immediate_rollback",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A rule that is violated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DecisionViolation)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// How bad that is.
    #[serde(rename = "type")]
    pub severity: Severity,
    /// The rule.
    pub rule: String,
    /// By which values.
    pub message: String,
    /// Whether the revision is taken back without asking.
    pub auto_rollback: bool,
}

/// What a rule came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DecisionFinding)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The rule.
    pub rule: String,
    /// How bad it would be.
    pub severity: Severity,
    /// In one word.
    pub outcome: Outcome,
    /// In one sentence: by which values, or which are missing.
    pub message: String,
    /// Each comparison of its condition.
    pub parts: Vec<Part>,
}

/// What a rule came to, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DecisionOutcome)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its condition holds.
    Violated,
    /// It does not.
    Kept,
    /// What it needs is not known: it neither passes nor fails.
    Unknown,
    /// Somebody who may has said that it does not count.
    Overridden,
}

impl Outcome {
    pub(crate) const fn of(holds: Truth) -> Self {
        match holds {
            Some(true) => Self::Violated,
            Some(false) => Self::Kept,
            None => Self::Unknown,
        }
    }
}
