use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tidegate_decision::{JUDGE, PREDICTION, Rule, Unit, default_rules};
use tidegate_judge::JudgeSettings;

use crate::{Metric, Provider};

/// How a revision is decided on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionSettings {
    /// What it must not do. Default: [`default_rules`].
    pub rules: Vec<Rule>,
    /// Further values that the rules speak of, by name.
    pub values: BTreeMap<String, ValueFrom>,
    /// The last so many seconds of the router's counts. Default 60 s, at most 120 s.
    pub window: Duration,
    /// A share or a quantile of fewer requests in that time is not known. Default 100.
    pub least: u64,
    /// How the judge compares it with the stable revision; none: it does not.
    pub judge: Option<JudgeSettings>,
    /// Who may say that what the judge shows does not count.
    pub judge_overriders: Vec<String>,
    /// Where a prediction comes from.
    pub prediction: Option<PredictionFrom>,
    /// How long after a prediction of rollback it happens. Default 5 min.
    pub scheduled_after: Duration,
    /// How long a revision is watched more closely. Default 30 min.
    pub monitoring: Duration,
    /// The memory of a replica is not looked at for so long after it became ready. Default 60 s.
    pub warm_up: Duration,
}

/// A value that other metrics of the run measure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueFrom {
    /// The metric whose last value it is.
    pub metric: String,
    /// The metric whose last value it is compared with.
    pub baseline: Option<String>,
    /// What it is.
    pub unit: Unit,
}

/// A metric that asks a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PredictionFrom {
    /// The metric whose last value is the probability that the revision has to be taken back, or an
    /// object with `probability` and `explanation`, or with `shouldRollback`, `confidence` and
    /// `reasoning`.
    pub metric: String,
    /// Who may say that it does not count.
    pub overriders: Vec<String>,
}

/// What is measured without a word: names and units. Of each but `memoryLeak` and `memoryTrend`
/// there is a change from the stable revision, too.
pub const KNOWN_VALUES: [(&str, Unit); 10] = [
    ("errorRate", Unit::Percent),
    ("requestRate", Unit::PerSecond),
    ("responseTime.p50", Unit::Milliseconds),
    ("responseTime.p95", Unit::Milliseconds),
    ("responseTime.p99", Unit::Milliseconds),
    ("cpuUsage", Unit::Percent),
    ("memoryUsage", Unit::Percent),
    ("memoryTrend", Unit::Percent),
    ("memoryLeak", Unit::Flag),
    ("restarts", Unit::Number),
];

impl Default for DecisionSettings {
    fn default() -> Self {
        Self {
            rules: default_rules(),
            values: BTreeMap::new(),
            window: Duration::from_mins(1),
            least: 100,
            judge: Some(JudgeSettings::default()),
            judge_overriders: Vec::new(),
            prediction: None,
            scheduled_after: Duration::from_mins(5),
            monitoring: Duration::from_mins(30),
            warm_up: Duration::from_mins(1),
        }
    }
}

impl DecisionSettings {
    /// Whether that person may override a rule; none where there is no such rule.
    pub fn may_override(&self, rule: &str, name: &str) -> Option<bool> {
        let among = |list: &[String]| list.iter().any(|one| one == name || one == "*");
        match rule {
            JUDGE => self.judge.as_ref().map(|_| among(&self.judge_overriders)),
            PREDICTION => self.prediction.as_ref().map(|from| among(&from.overriders)),
            _ => {
                let found = self.rules.iter().find(|one| one.name == rule);
                found.map(|found| found.may_be_overridden_by(name))
            }
        }
    }

    /// What can be overridden.
    pub fn overridable(&self) -> Vec<&str> {
        let judge = self.judge.as_ref().map(|_| JUDGE);
        let prediction = self.prediction.as_ref().map(|_| PREDICTION);
        self.rules.iter().map(|rule| rule.name.as_str()).chain(judge).chain(prediction).collect()
    }

    /// The metrics whose values it needs.
    pub(crate) fn sources(&self) -> BTreeSet<&str> {
        let values = self
            .values
            .values()
            .flat_map(|from| std::iter::once(from.metric.as_str()).chain(from.baseline.as_deref()));
        values.chain(self.prediction.as_ref().map(|from| from.metric.as_str())).collect()
    }

    /// What is wrong with it beside the other metrics of its run.
    pub(crate) fn problem(&self, metrics: &[Metric]) -> Option<String> {
        let measures = |name: &str| {
            let metric = metrics.iter().find(|metric| metric.name == name);
            metric.is_some_and(|metric| !matches!(metric.provider, Provider::Decision(_)))
        };
        let lost = self.sources().into_iter().find(|name| !measures(name))?;
        Some(format!(
            "no metric of this run that measures anything is called {lost:?}: add it, or correct the name"
        ))
    }
}
