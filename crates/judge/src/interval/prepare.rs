use super::line::median;
use super::{IntervalSettings, Reading, Sample};

/// From here on a reading of the clock is one of a wall clock, in seconds: the year 1973.
pub(crate) const WALL_CLOCK: f64 = 1e8;

/// A counter that falls has begun anew: it is then below this share of where it was.
const RESET: f64 = 0.5;

/// How many rows it takes to call a series a counter by its values.
const COUNTER_ROWS: usize = 8;

/// An arm made ready: ordered, without holes and doubles.
#[derive(Clone, Debug)]
pub(crate) struct Arm {
    pub(crate) samples: Vec<Sample>,
    /// The rows that had no value.
    pub(crate) missing: usize,
}

impl Arm {
    /// Orders by time, puts rows of one moment together into their mean, drops what has no value or
    /// no time.
    pub(crate) fn new(rows: &[Sample]) -> Self {
        let whole = |row: &&Sample| row.at.is_finite() && row.value.is_finite();
        let mut samples: Vec<Sample> = rows.iter().filter(whole).copied().collect();
        let missing = rows.len() - samples.len();
        if !samples.is_sorted_by(|one, other| one.at < other.at) {
            samples.sort_by(|one, other| one.at.total_cmp(&other.at));
            samples = samples.chunk_by(|one, other| one.at >= other.at).map(together).collect();
        }
        Self { samples, missing }
    }

    /// Drops the first seconds.
    pub(crate) fn without_first(mut self, seconds: f64) -> Self {
        if let Some(first) = self.samples.first().map(|sample| sample.at)
            && seconds > 0.0
        {
            self.samples.retain(|sample| sample.at >= first + seconds);
        }
        self
    }

    pub(crate) fn values(&self) -> Vec<f64> {
        self.samples.iter().map(|sample| sample.value).collect()
    }

    /// First and last moment.
    pub(crate) fn span(&self) -> Option<(f64, f64)> {
        Some((self.samples.first()?.at, self.samples.last()?.at))
    }

    /// The usual time between two rows.
    pub(crate) fn spacing(&self) -> f64 {
        let pairs = self.samples.iter().zip(self.samples.iter().skip(1));
        median(&mut pairs.map(|(one, next)| next.at - one.at).collect::<Vec<_>>()).unwrap_or(0.0)
    }

    fn rises_only(&self) -> bool {
        let pairs = || self.samples.iter().zip(self.samples.iter().skip(1));
        let lawful = pairs().all(|(one, next)| {
            one.value >= 0.0 && (next.value >= one.value || next.value < RESET * one.value)
        });
        let rises = pairs().filter(|(one, next)| next.value > one.value).count();
        let resets = pairs().filter(|(one, next)| next.value < one.value).count();
        self.samples.len() >= COUNTER_ROWS
            && lawful
            && 2 * rises >= self.samples.len()
            && 20 * resets <= self.samples.len()
    }

    /// The rates between the readings of a counter; after a reset it counts from zero.
    fn rates(self) -> Self {
        let pairs = self.samples.iter().zip(self.samples.iter().skip(1));
        let rate = |(one, next): (&Sample, &Sample)| {
            let from = if next.value < one.value { 0.0 } else { one.value };
            Sample { at: next.at, value: (next.value - from) / (next.at - one.at) }
        };
        Self { samples: pairs.map(rate).collect(), missing: self.missing }
    }
}

/// The mean of rows of one moment.
#[expect(clippy::cast_precision_loss, reason = "rows are far fewer than 2^53")]
fn together(rows: &[Sample]) -> Sample {
    let sum: f64 = rows.iter().map(|row| row.value / rows.len() as f64).sum();
    Sample { at: rows.first().map_or(0.0, |row| row.at), value: sum }
}

/// Both arms made ready, and what their values were taken for.
pub(crate) fn prepare(
    canary: &[Sample],
    stable: &[Sample],
    settings: &IntervalSettings,
) -> (Arm, Arm, Reading) {
    let (canary, stable) = (Arm::new(canary), Arm::new(stable));
    let counter = match settings.reading {
        Reading::Gauge => false,
        Reading::Counter => true,
        Reading::Detect => canary.rises_only() && stable.rises_only(),
    };
    if counter {
        let canary = canary.rates().without_first(settings.warm_up_s);
        (canary, stable.rates(), Reading::Counter)
    } else {
        (canary.without_first(settings.warm_up_s), stable, Reading::Gauge)
    }
}

/// A canary's series and its past as levels, ordered and without holes: of counters, which `reading`
/// says or both show, the rates per second between their rows. With it what they were taken for.
pub fn as_levels(
    canary: &[Sample],
    past: &[Sample],
    reading: Reading,
) -> ([Vec<Sample>; 2], Reading) {
    let settings = IntervalSettings { reading, ..IntervalSettings::default() };
    let (canary, past, reading) = prepare(canary, past, &settings);
    ([canary.samples, past.samples], reading)
}
