use serde::{Deserialize, Serialize};

use crate::{
    Direction, IntervalSettings, JudgeEvidence, JudgeSettings, Sample, TestUnit, Verdict,
    judge_interval,
};

/// So many values of each revision are kept. Beyond them neighbours are put together, so that the
/// whole history counts at half the grain.
const MOST_VALUES: usize = 256;

/// Two metrics, measured of each revision, that are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesSettings {
    /// Its name among the tests.
    pub name: String,
    /// The metric of the run whose values are the canary's.
    pub canary: String,
    /// The metric of the run whose values are the stable revision's.
    pub stable: String,
    /// Which change is harmful.
    pub harm: Direction,
    /// The change that is still accepted, as a share of the stable revision's level.
    pub margin: f64,
}

/// Whose value it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arm {
    /// The revision that is judged.
    Canary,
    /// What it is compared with.
    Stable,
}

/// What was measured of both revisions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Series {
    canary: Vec<Sample>,
    stable: Vec<Sample>,
}

impl JudgeEvidence {
    /// Takes a value into account that was measured `at` so many seconds, of the series with this
    /// place in the settings; one that is no later than the last is known already.
    pub fn take(&mut self, settings: &JudgeSettings, series: usize, arm: Arm, value: Sample) {
        self.series.resize_with(settings.series.len(), Series::default);
        let Some(one) = self.series.get_mut(series).filter(|_| value.value.is_finite()) else {
            return;
        };
        let values = match arm {
            Arm::Canary => &mut one.canary,
            Arm::Stable => &mut one.stable,
        };
        if values.last().is_some_and(|last| last.at >= value.at) {
            return;
        }
        values.push(value);
        if values.len() > MOST_VALUES {
            *values = values.chunks(2).map(middle).collect();
        }
        self.weigh(settings, series);
    }

    /// Weighs a series anew, and with it the whole.
    fn weigh(&mut self, settings: &JudgeSettings, series: usize) {
        if self.verdict == Verdict::Worse {
            return;
        }
        self.open_tests(settings);
        let place = 1 + settings.quantiles.len() + series;
        let (Some(wanted), Some(seen)) = (settings.series.get(series), self.series.get(series))
        else {
            return;
        };
        if let Some(test) = self.tests.get_mut(place) {
            let how = IntervalSettings {
                alpha: (-test.log_bar).exp(),
                margin: wanted.margin,
                direction: wanted.harm,
                concurrent: true,
                ..IntervalSettings::default()
            };
            let found = judge_interval(&seen.canary, &seen.stable, &how);
            (test.canary, test.stable) = (known(found.canary_mean), known(found.stable_mean));
            test.canary_count = found.canary_rows as u64;
            test.stable_count = found.stable_rows as u64;
            test.log_evidence = known(found.log_evidence).unwrap_or(0.0);
            test.verdict = match found.verdict {
                Verdict::Inconclusive { .. } => Verdict::default(),
                shown => shown,
            };
            test.unit = TestUnit::Value;
        }
        self.verdict = Verdict::of_all(self.tests.iter().map(|test| test.verdict));
    }
}

fn known(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// Neighbours as one.
fn middle(values: &[Sample]) -> Sample {
    match values {
        [one, other] => Sample {
            at: f64::midpoint(one.at, other.at),
            value: f64::midpoint(one.value, other.value),
        },
        [last, ..] => *last,
        [] => Sample { at: 0.0, value: f64::NAN },
    }
}
