use serde::{Deserialize, Serialize};

use crate::{
    Concurrency, Direction, IntervalSettings, JudgeEvidence, JudgeSettings, Sample, TestUnit,
    Verdict, judge_interval,
};

/// So many values of each revision are kept. Beyond them those of twice as long a time are put
/// together, of both revisions, so that the whole history counts at one grain.
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
    canary: Column,
    stable: Column,
    /// The seconds that one value stands for; 0 while each stands for itself.
    grain: f64,
}

/// What was measured of one revision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Column {
    values: Vec<Sample>,
    /// The values of the cell of time that is not over.
    open: Vec<Sample>,
    /// When the last value was measured.
    latest: Option<f64>,
}

impl Series {
    /// Takes a value; one that is no later than the last is known already.
    fn take(&mut self, arm: Arm, value: Sample) -> bool {
        let grain = self.grain;
        let column = match arm {
            Arm::Canary => &mut self.canary,
            Arm::Stable => &mut self.stable,
        };
        if column.latest.is_some_and(|last| last >= value.at) {
            return false;
        }
        column.latest = Some(value.at);
        column.take(value, grain);
        if column.values.len() > MOST_VALUES {
            self.grain = 2.0 * if grain > 0.0 { grain } else { column.spacing() };
            self.canary.coarsen(self.grain);
            self.stable.coarsen(self.grain);
        }
        true
    }
}

impl Column {
    /// The seconds from one value to the next, in the mean.
    #[expect(clippy::cast_precision_loss, reason = "a few hundred values")]
    fn spacing(&self) -> f64 {
        let (first, last) = (self.values.first(), self.values.last());
        let time = first.zip(last).map_or(0.0, |(first, last)| last.at - first.at);
        time / self.values.len() as f64
    }

    fn take(&mut self, value: Sample, grain: f64) {
        if grain <= 0.0 {
            self.values.push(value);
            return;
        }
        if self.open.last().is_some_and(|last| cell(last, grain) < cell(&value, grain)) {
            self.values.extend(middle(&self.open));
            self.open.clear();
        }
        self.open.push(value);
    }

    fn coarsen(&mut self, grain: f64) {
        let cells = self.values.chunk_by(|one, next| cell(one, grain) >= cell(next, grain));
        self.values = cells.filter_map(middle).collect();
    }
}

fn cell(sample: &Sample, grain: f64) -> f64 {
    (sample.at / grain).floor()
}

impl JudgeEvidence {
    /// Takes a value into account that was measured `at` so many seconds, of the series with this
    /// place in the settings; one that is no later than the last is known already.
    pub fn take(&mut self, settings: &JudgeSettings, series: usize, arm: Arm, value: Sample) {
        self.series.resize_with(settings.series.len(), Series::default);
        let Some(one) = self.series.get_mut(series).filter(|_| value.value.is_finite()) else {
            return;
        };
        if !one.take(arm, value) {
            return;
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
                concurrent: Concurrency::Yes,
                ..IntervalSettings::default()
            };
            let found = judge_interval(&seen.canary.values, &seen.stable.values, &how);
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

/// Values as one.
#[expect(clippy::cast_precision_loss, reason = "a few hundred values")]
fn middle(values: &[Sample]) -> Option<Sample> {
    let mean = |of: fn(&Sample) -> f64| values.iter().map(of).sum::<f64>() / values.len() as f64;
    (!values.is_empty()).then(|| Sample { at: mean(|one| one.at), value: mean(|one| one.value) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After weeks every part of the history counts as much as any other, and both revisions stand
    /// on one grid though one of them missed a value.
    #[test]
    fn the_whole_history_counts_at_one_grain() {
        let mut series = Series::default();
        for row in 0..50_000_u32 {
            let value = Sample { at: 1.7e9 + 10.0 * f64::from(row), value: f64::from(row) };
            assert!(series.take(Arm::Canary, value));
            assert!(!series.take(Arm::Canary, value), "it is known");
            if row != 77 {
                series.take(Arm::Stable, value);
            }
        }
        for column in [&series.canary, &series.stable] {
            assert!((100..=MOST_VALUES).contains(&column.values.len()));
            let steps: Vec<_> = column.values.windows(2).map(|two| two[1].at - two[0].at).collect();
            let inner = &steps[1..steps.len() - 1];
            assert!(inner.iter().all(|step| (step / series.grain - 1.0).abs() < 0.51), "{steps:?}");
            assert!(column.open.len() < 600);
        }
    }
}
