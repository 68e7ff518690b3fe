//! Harm that begins in the middle of the canary's rows.

use super::judge::Comparison;
use super::{Arm, IntervalEvidence, IntervalSettings};
use crate::evidence::Verdict;

/// The parts of the rows, from the end, that are judged on their own where the comparison is steady:
/// harm that begins midway looks like a level that wanders, until it has stood for long.
const LATE: [usize; 2] = [2, 4];

/// The rows that such a part has to have.
const FEWEST_LATE_ROWS: usize = 24;

/// Alpha is shared between all rows, which have half of it, and the late ones: `ln` of the shares'
/// inverses.
pub(super) const SHARE_OF_ALL: f64 = std::f64::consts::LN_2;
const SHARE_OF_LATE: f64 = 2.0 * std::f64::consts::LN_2;

/// The last of so many parts of the canary's rows, and what the stable revision did meanwhile.
fn late(canary: &Arm, stable: &Arm, parts: usize) -> Option<(Arm, Arm)> {
    let rows = canary.samples.len() / parts;
    let canary = canary.last(rows);
    let from = canary.samples.first()?.at - canary.spacing() / 2.0;
    let begin = stable.samples.partition_point(|sample| sample.at < from);
    let stable = stable.last(stable.samples.len() - begin);
    let enough = rows.min(stable.samples.len()) >= FEWEST_LATE_ROWS;
    enough.then_some((canary, stable))
}

/// The evidence of late rows that show the canary to be worse, where all rows do not.
pub(super) fn worse(
    whole: &IntervalEvidence,
    (canary, stable): (&Arm, &Arm),
    comparison: &Comparison,
    settings: &IntervalSettings,
    unit: f64,
) -> Option<IntervalEvidence> {
    if !comparison.steady || whole.verdict == Verdict::Worse {
        return None;
    }
    let parts = LATE.into_iter().filter_map(|part| late(canary, stable, part));
    let mut seen = parts.map(|(canary, stable)| whole.of_late(&canary, &stable, settings, unit));
    seen.find(|late| late.verdict == Verdict::Worse)
}

impl Arm {
    /// The last rows alone.
    fn last(&self, rows: usize) -> Self {
        let before = self.samples.len().saturating_sub(rows);
        Self { samples: self.samples.iter().skip(before).copied().collect(), missing: 0 }
    }
}

impl IntervalEvidence {
    /// The same of late rows alone.
    fn of_late(&self, canary: &Arm, stable: &Arm, settings: &IntervalSettings, unit: f64) -> Self {
        let comparison = Comparison::of(canary, stable, settings.concurrent);
        let rows = (canary.samples.len(), stable.samples.len());
        let mut late = Self {
            canary_rows: rows.0,
            stable_rows: rows.1,
            last_rows: Some(rows.0),
            ..self.clone()
        };
        late.weigh(&comparison, settings, unit, SHARE_OF_LATE);
        late
    }
}
