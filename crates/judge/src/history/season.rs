use serde::{Deserialize, Serialize};

use crate::interval::{Arm, count, median};

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;
const WEEK: f64 = 7.0 * DAY;

/// A last day that is not quite over counts.
const NEARLY: f64 = 0.98;

/// What of a metric returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Season {
    /// Each hour of the week has its level; two weeks or more were seen.
    HourOfWeek,
    /// Each hour of the day has its level; three days or more were seen.
    HourOfDay,
    /// Less was seen, or hours are missing: one level.
    None,
}

impl Season {
    fn period(self) -> f64 {
        match self {
            Self::HourOfWeek => WEEK,
            Self::HourOfDay => DAY,
            Self::None => f64::INFINITY,
        }
    }

    fn hours(self) -> usize {
        match self {
            Self::HourOfWeek => 168,
            Self::HourOfDay => 24,
            Self::None => 1,
        }
    }

    /// Which hour of the season a moment is in.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to the hours of a week"
    )]
    fn hour(self, at: f64) -> usize {
        match self {
            Self::None => 0,
            _ => ((at.rem_euclid(self.period()) / HOUR) as usize).min(self.hours() - 1),
        }
    }
}

/// The level of each hour of a season.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Baseline {
    season: Season,
    levels: Vec<f64>,
    /// How often the season was seen.
    cycles: f64,
}

impl Baseline {
    /// The longest season that was seen often enough, in each of its hours.
    pub(super) fn of(arm: &Arm) -> Self {
        let span = arm.span().map_or(0.0, |(start, end)| end - start + arm.spacing());
        let tries = [(Season::HourOfWeek, 2.0), (Season::HourOfDay, 3.0)];
        let enough =
            tries.into_iter().filter(|(season, cycles)| span >= NEARLY * cycles * season.period());
        enough
            .into_iter()
            .find_map(|(season, fewest)| Self::try_of(arm, season, span / season.period(), fewest))
            .unwrap_or_else(|| Self::level(arm))
    }

    fn try_of(arm: &Arm, season: Season, cycles: f64, fewest: f64) -> Option<Self> {
        let mut hours = vec![Vec::new(); season.hours()];
        for row in &arm.samples {
            hours.get_mut(season.hour(row.at))?.push(row.value);
        }
        let level =
            |hour: &mut Vec<f64>| (count(hour.len()) >= fewest).then(|| middle(hour)).flatten();
        let levels = hours.iter_mut().map(level).collect::<Option<Vec<_>>>()?;
        Some(Self { season, levels, cycles })
    }

    fn level(arm: &Arm) -> Self {
        let level = median(&mut arm.values()).unwrap_or(0.0);
        Self { season: Season::None, levels: vec![level], cycles: f64::INFINITY }
    }

    pub(super) fn season(&self) -> Season {
        self.season
    }

    pub(super) fn at(&self, moment: f64) -> f64 {
        self.levels.get(self.season.hour(moment)).copied().unwrap_or(0.0)
    }

    /// How much more variance a row has about a level that it is not part of than about one that it
    /// is: `(1 + 1/k) / (1 - 1/k)` for a mean of `k`.
    pub(super) fn out_of_sample(&self) -> f64 {
        let part = 1.0 / self.cycles.max(1.5);
        (1.0 + part) / (1.0 - part)
    }
}

/// The median, of an even number the mean of the middle two, so that of two neither is preferred.
fn middle(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    let upper = values.get(half).copied()?;
    let lower = if values.len().is_multiple_of(2) { values.get(half - 1).copied()? } else { upper };
    Some(lower.midpoint(upper))
}
