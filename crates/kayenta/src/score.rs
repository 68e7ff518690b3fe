//! From verdicts on metrics to a score.

use std::collections::BTreeMap;

use crate::{CanaryConfig, Class, Metric, Verdict, classify};

/// From this share of metrics without data on, in percent, the score is 0.
pub(crate) const MOST_WITHOUT_DATA: usize = 50;

/// The values of one metric on both sides; not a number where one is not there. A metric may have
/// several pairs, told apart by their tags.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pair {
    /// The metric's name.
    pub name: String,
    /// What tells it from other pairs of the same metric.
    pub tags: BTreeMap<String, String>,
    /// The canary's values.
    pub experiment: Vec<f64>,
    /// What they are compared with.
    pub control: Vec<f64>,
}

/// The scores that a canary is judged by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// From here on it passes.
    pub pass: f64,
    /// From here on it does not fail.
    pub marginal: f64,
}

impl Thresholds {
    /// What a score comes to.
    pub fn class(&self, score: f64) -> ScoreClass {
        if score >= self.pass {
            ScoreClass::Pass
        } else if score >= self.marginal {
            ScoreClass::Marginal
        } else {
            ScoreClass::Fail
        }
    }
}

/// What a score comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoreClass {
    /// It passes.
    Pass,
    /// It does neither.
    Marginal,
    /// It fails.
    Fail,
}

impl ScoreClass {
    /// Kayenta's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "Pass",
            Self::Marginal => "Marginal",
            Self::Fail => "Fail",
        }
    }
}

/// What comes of a canary.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The verdict on each pair, in their order.
    pub results: Vec<MetricResult>,
    /// The score of each group, in the order in which they first occur.
    pub groups: Vec<GroupScore>,
    /// The score over all.
    pub score: Score,
}

/// The verdict on one pair.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricResult {
    /// The metric's name.
    pub name: String,
    /// The tags of the pair.
    pub tags: BTreeMap<String, String>,
    /// The groups that the metric counts in.
    pub groups: Vec<String>,
    /// Whether it does not count at all.
    pub muted: bool,
    /// The verdict.
    pub verdict: Verdict,
}

/// The score of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupScore {
    /// Its name.
    pub name: String,
    /// From 0 to 100: the share of its metrics that pass, of those that have a verdict. 0 where none
    /// has, though such a group counts as one of 100.
    pub score: f64,
    /// Whether none has.
    pub without_data: bool,
}

/// The score over all.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// From 0 to 100, to two decimals, where the weights come to 100.
    pub score: f64,
    /// What it comes to; none where there are no thresholds.
    pub class: Option<ScoreClass>,
    /// Why it is 0 whatever the groups say, where it is.
    pub reason: Option<String>,
}

/// A pair of a metric that the configuration does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownMetric(
    /// Its name.
    pub String,
);

/// Judges all pairs by a configuration; by the thresholds given, else by the configuration's own.
pub fn judge(
    config: &CanaryConfig,
    thresholds: Option<Thresholds>,
    pairs: &[Pair],
) -> Result<Judgement, UnknownMetric> {
    let metric = |pair: &Pair| config.metrics.iter().find(|metric| metric.name == pair.name);
    let result = |pair: &Pair| {
        let metric = metric(pair).ok_or_else(|| UnknownMetric(pair.name.clone()))?;
        Ok(MetricResult::of(metric, pair))
    };
    let results = pairs.iter().map(result).collect::<Result<Vec<_>, _>>()?;
    let counted: Vec<_> = results.iter().filter(|result| !result.muted).collect();
    let groups = group_scores(&counted);
    let reason = refusal(&counted);
    let score = match reason {
        Some(_) => 0.0,
        None => rounded(weighted(&groups, &config.group_weights)),
    };
    let thresholds = thresholds.or(config.thresholds);
    let class = thresholds.map(|thresholds| thresholds.class(score));
    Ok(Judgement { results, groups, score: Score { score, class, reason } })
}

impl MetricResult {
    fn of(metric: &Metric, pair: &Pair) -> Self {
        Self {
            name: pair.name.clone(),
            tags: pair.tags.clone(),
            groups: metric.groups.clone(),
            muted: metric.settings.muted,
            verdict: classify(&metric.settings, &pair.experiment, &pair.control),
        }
    }
}

/// The first metric that fails the whole.
pub(crate) fn critical_failure<'a>(
    mut counted: impl Iterator<Item = &'a MetricResult>,
) -> Option<&'a MetricResult> {
    counted.find(|result| result.verdict.critical && result.verdict.class != Class::Pass)
}

/// Why the score is 0, whatever the groups say.
fn refusal(counted: &[&MetricResult]) -> Option<String> {
    if let Some(MetricResult { name, verdict, .. }) = critical_failure(counted.iter().copied()) {
        let reason = verdict.reason.as_deref().unwrap_or_default();
        return Some(format!("the critical metric {name} is {}: {reason}", verdict.class.as_str()));
    }
    let without = counted.iter().filter(|result| result.verdict.class == Class::Nodata).count();
    let most = !counted.is_empty() && without * 100 >= MOST_WITHOUT_DATA * counted.len();
    most.then(|| format!("{without} of {} metrics have no data", counted.len()))
}

fn group_scores(counted: &[&MetricResult]) -> Vec<GroupScore> {
    let mut groups: Vec<(&str, Vec<Class>)> = Vec::new();
    for result in counted {
        for name in &result.groups {
            let class = result.verdict.class;
            match groups.iter_mut().find(|(known, _)| known == name) {
                Some((_, classes)) => classes.push(class),
                None => groups.push((name, vec![class])),
            }
        }
    }
    groups.into_iter().map(|(name, classes)| group_score(name, &classes)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "few metrics")]
fn group_score(name: &str, classes: &[Class]) -> GroupScore {
    let counts = |class: &&Class| !matches!(class, Class::Nodata | Class::Error);
    let total = classes.iter().filter(counts).count();
    let pass = classes.iter().filter(|class| **class == Class::Pass).count();
    let score = if total == 0 { 0.0 } else { pass as f64 / total as f64 * 100.0 };
    GroupScore { name: name.to_owned(), score, without_data: total == 0 }
}

/// The sum over all groups, each by its weight; those without one share what is left of 100.
#[expect(clippy::cast_precision_loss, reason = "few groups")]
fn weighted(groups: &[GroupScore], weights: &BTreeMap<String, f64>) -> f64 {
    let without = groups.iter().filter(|group| !weights.contains_key(&group.name)).count();
    let left = 100.0 - weights.values().sum::<f64>();
    let share = if without == 0 { 0.0 } else { left / without as f64 };
    let part = |group: &GroupScore| {
        let score = if group.without_data { 100.0 } else { group.score };
        score * (weights.get(&group.name).copied().unwrap_or(share) / 100.0)
    };
    // The sum of nothing is -0.
    0.0 + groups.iter().map(part).sum::<f64>()
}

/// To two decimals, a half away from 0, by the number as it is written.
fn rounded(value: f64) -> f64 {
    let text = value.abs().to_string();
    let Some((whole, fraction)) = text.split_once('.') else { return value };
    let (Some(kept), Some(next)) = (fraction.get(..2), fraction.as_bytes().get(2)) else {
        return value;
    };
    let hundredths: f64 = format!("{whole}{kept}").parse().unwrap_or(f64::NAN);
    let up = if *next >= b'5' { 1.0 } else { 0.0 };
    ((hundredths + up) / 100.0).copysign(value)
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn scores_are_rounded_as_they_are_written() {
        for (value, expect) in [
            (100.0 / 3.0, 33.33),
            (200.0 / 3.0, 66.67),
            (1.005, 1.01),
            (2.675, 2.68),
            (99.995, 100.0),
            (-1.005, -1.01),
            (12.5, 12.5),
            (0.0, 0.0),
        ] {
            assert!((rounded(value) - expect).abs() < 1e-12, "{value}: {}", rounded(value));
        }
    }
}
