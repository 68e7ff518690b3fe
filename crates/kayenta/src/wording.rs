//! The reasons in Kayenta's own words, which programs that read its results look for.

use crate::{
    Class, Judgement, MetricResult,
    score::{MOST_WITHOUT_DATA, critical_failure},
};

impl MetricResult {
    /// Why the metric is what it is, as Kayenta says it (`MannWhitneyClassifier`, `NetflixACAJudge`).
    pub fn kayenta_reason(&self) -> Option<String> {
        let Self { name, verdict, .. } = self;
        let class = verdict.class.as_str();
        match verdict.class {
            // What passes has a reason only where there was nothing to compare.
            Class::Pass if verdict.reason.is_none() => None,
            Class::Pass => Some("The Canary and Baseline data are identical".to_owned()),
            Class::High | Class::Low if verdict.critical => {
                Some(format!("The metric {name} was classified as {class} (Critical)"))
            }
            Class::High | Class::Low => Some(format!("{name} was classified as {class}")),
            Class::Nodata | Class::NodataFailMetric => Some(format!("Missing data for {name}")),
            Class::Error => Some("Metric Classification Failed".to_owned()),
        }
    }
}

impl Judgement {
    /// Why the score is 0 whatever the groups say, where it is, as Kayenta says it
    /// (`WeightedSumScorer`).
    pub fn kayenta_reason(&self) -> Option<String> {
        self.score.reason.as_ref()?;
        let counted = self.results.iter().filter(|result| !result.muted);
        let why = critical_failure(counted).map_or_else(
            || format!("{MOST_WITHOUT_DATA}% or more metrics returned NODATA"),
            |result| result.kayenta_reason().unwrap_or_default(),
        );
        Some(format!("Canary Failed: {why}"))
    }
}
