use serde::{Deserialize, Serialize};

/// What the sequential tests have shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DecisionEvidence)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// In one word.
    pub shows: Showing,
    /// `ln` of the e-value against "the revision is no worse than the margins", of all tests
    /// together. Whatever is looked at and how often, a revision that is no worse ever comes to `e`
    /// with a probability of at most `1 / e`.
    pub log_e: f64,
    /// In one sentence.
    pub summary: String,
}

/// What a comparison has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Showing {
    /// The revision is worse.
    Worse,
    /// It is no worse than the margins.
    NoWorse,
    /// Neither is shown.
    Neither,
    /// Nothing was compared yet.
    Nothing,
}

impl Evidence {
    /// `1 - 1 / e`: as much as one may rely on the revision being worse. 0 where nothing speaks for it.
    pub fn confidence(&self) -> f64 {
        (-(-self.log_e.max(0.0)).exp_m1()).clamp(0.0, 1.0)
    }
}

/// What a model predicts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Prediction {
    /// Whether it would take the revision back.
    pub should_rollback: bool,
    /// How sure it is that it has to be, 0 to 1.
    pub confidence: f64,
    /// Why, in its words.
    pub reasoning: String,
}

impl Prediction {
    /// From the probability that a revision has to be taken back: above one half it should be. None
    /// where that is no probability.
    pub fn of_probability(probability: f64, reasoning: impl Into<String>) -> Option<Self> {
        Self::new(probability > 0.5, probability, reasoning)
    }

    /// From a model's word and how sure it is, 0 to 1; none outside of that. One that is surer than
    /// one half that a revision may stay gives the rest to that it has to go.
    pub fn new(should_rollback: bool, sure: f64, reasoning: impl Into<String>) -> Option<Self> {
        let confidence = if !should_rollback && sure > 0.5 { 1.0 - sure } else { sure };
        let reasoning = reasoning.into();
        (0.0..=1.0).contains(&sure).then_some(Self { should_rollback, confidence, reasoning })
    }
}
