use serde::{Deserialize, Serialize};

use super::line::count;
use super::{Direction, IntervalEvidence, IntervalSettings, Sample, judge_interval};
use crate::evidence::Verdict;

/// A metric's name, the canary's series of it, the stable revision's.
pub type NamedSeries<'a> = (&'a str, &'a [Sample], &'a [Sample]);

/// What the comparison of several metrics has come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IntervalsEvidence {
    /// Worse if a metric is, no worse if all are, else inconclusive with the longest wait.
    pub verdict: Verdict,
    /// By name, in the order given.
    pub metrics: Vec<(String, IntervalEvidence)>,
}

/// Compares several metrics of one run so that the false alarms of all of them together stay
/// within `settings.alpha`: each gets an equal share of it (Bonferroni). A metric that never
/// changes in either arm cannot be called worse and takes no share.
///
/// With [`Direction::Either`] in the settings, each metric's direction is guessed from its name.
pub fn judge_intervals(series: &[NamedSeries], settings: &IntervalSettings) -> IntervalsEvidence {
    let varied = series.iter().filter(|(_, canary, stable)| varies(canary, stable)).count();
    let alpha = settings.alpha / count(varied.max(1));
    let metrics = series.iter().map(|(name, canary, stable)| {
        let direction = match settings.direction {
            Direction::Either => Direction::of_metric(name),
            told => told,
        };
        let settings = IntervalSettings { alpha, direction, ..*settings };
        ((*name).to_owned(), judge_interval(canary, stable, &settings))
    });
    let metrics: Vec<_> = metrics.collect();
    let verdict = Verdict::of_all(metrics.iter().map(|(_, evidence)| evidence.verdict));
    IntervalsEvidence { verdict, metrics }
}

fn varies(canary: &[Sample], stable: &[Sample]) -> bool {
    let mut values = canary.iter().chain(stable).map(|row| row.value).filter(|v| v.is_finite());
    let first = values.next();
    values.any(|value| first.is_some_and(|first| first.to_bits() != value.to_bits()))
}
