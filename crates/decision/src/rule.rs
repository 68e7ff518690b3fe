use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Condition;

/// What the judge shows is overridden under this name.
pub const JUDGE: &str = "judge";

/// What a model predicts is overridden under this name.
pub const PREDICTION: &str = "prediction";

/// Something that a revision must not do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Unique among the rules of a decision.
    pub name: String,
    /// How bad it is.
    pub severity: Severity,
    /// When it is violated.
    pub condition: Condition,
    /// What is said when it is violated, before the values: `{errorRate}` stands for a value of the
    /// condition, without its sign.
    #[serde(default)]
    pub message: Option<String>,
    /// Whether the revision is taken back without asking anyone: at once by a critical rule, after
    /// [`Self::rollback_after`] by a major one that has it. A major one without it asks a person.
    pub auto_rollback: bool,
    /// How long a major rule may be violated before the revision is taken back.
    pub rollback_after: Option<Duration>,
    /// Who may say that it does not count, by name; `*`: anybody.
    pub overriders: Vec<String>,
}

/// How bad it is that a rule is violated.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a closer look.
    Minor,
    /// A person has to look at it.
    Major,
    /// The revision has to go.
    Critical,
}

impl Rule {
    /// Whether that person may override it.
    pub fn may_be_overridden_by(&self, name: &str) -> bool {
        is_among(&self.overriders, name)
    }
}

/// Whether a list of people holds a name.
pub(crate) fn is_among(list: &[String], name: &str) -> bool {
    list.iter().any(|one| one == name || one == "*")
}

/// The rules that hold where none are written, which nobody may override:
///
/// - `error-rate-threshold`, critical: more than 5 % of the answers are errors.
/// - `response-time-degradation`, major: p95 is more than 50 % above the stable revision's.
/// - `conversion-rate-impact`, major: conversion is more than 10 % below.
/// - `memory-leak-detection`, critical: more than 85 % of the memory is used, and it leaks.
pub fn default_rules() -> Vec<Rule> {
    let rule = |name: &str, severity, condition: &str, auto_rollback, message: &str| {
        Some(Rule {
            name: name.to_owned(),
            severity,
            condition: Condition::parse(condition).ok()?,
            message: Some(message.to_owned()),
            auto_rollback,
            rollback_after: None,
            overriders: Vec::new(),
        })
    };
    let rules = [
        rule(
            "error-rate-threshold",
            Severity::Critical,
            "errorRate > 5",
            true,
            "Error rate {errorRate}% exceeds critical threshold of 5%",
        ),
        rule(
            "response-time-degradation",
            Severity::Major,
            "responseTimeChange.p95 > 50",
            true,
            "P95 response time increased by {responseTimeChange.p95}%",
        ),
        rule(
            "conversion-rate-impact",
            Severity::Major,
            "conversionRateChange < -10",
            false,
            "Conversion rate decreased by {conversionRateChange}%",
        ),
        rule(
            "memory-leak-detection",
            Severity::Critical,
            "memoryUsage > 85 && memoryLeak",
            true,
            "Potential memory leak detected",
        ),
    ];
    rules.into_iter().flatten().collect()
}
