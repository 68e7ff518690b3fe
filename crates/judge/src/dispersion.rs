mod whole;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_units::Timestamp;

use crate::arms::{Arms, Scatter};

/// Blocks of these lengths are compared. A burst of requests or a retrying client lasts about a
/// second, a pause of a garbage collector or a cold cache some seconds, a noisy neighbour longer.
const LENGTHS: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(25)];

/// So many blocks have to be over before their scatter counts.
const FEWEST_BLOCKS: f64 = 3.0;

/// What the revisions differ by in the mean is followed with this half-life, so that a canary that
/// breaks late soon counts as broken rather than as scattered.
const HALF_LIFE: Duration = Duration::from_mins(1);

/// What the stable revision's own seconds showed counts as much as the hits that were in them, but as
/// no more than these.
const PRIOR_HITS: f64 = 50.0;

/// Blocks count half after so long: what scattered once need not do so for ever.
const BLOCKS_HALF_LIFE: Duration = Duration::from_mins(10);

/// So many of the largest steps are left out of what is expected, if the others show no clumps: one
/// bad second makes two of them, and is no habit.
const BLIPS: usize = 2;

/// So many hits have to be left without the worst second, to show that there are no clumps; or none, where
/// that second was the only one.
const SHOWN_BY: f64 = 20.0;

/// From this design effect on the other steps show clumps too.
const A_HABIT: f64 = 1.5;

/// So many hits of each revision are supposed to have been seen at equal rates.
const EQUAL_HITS: f64 = 20.0;

/// How much more the canary's part of the hits scatters from block to block than it would if each
/// request ended independently of the others: the design effect (Kish 1965).
///
/// Of `k` hits among `n_c + n_s = n` requests the canary has `y`. About the difference in the mean,
/// `y - k n_c / n - d n_c n_s / n` has the hypergeometric variance
/// `k (n - k) n_c n_s / (n^2 (n - 1))` if requests are independent. The design effect is the sum of
/// the squares over that of the variances, of blocks of one, five and 25 seconds, the largest; less
/// one standard error, so that chance alone seldom counts. Until there are such blocks it is what the
/// stable revision's hits scattered by from second to second before: [`Dispersion::expect`].
///
/// A canary that fails more often scatters more for that alone: the variance is that of the two rates
/// that were seen, the canary's as low as one standard error allows.
///
/// Where requests come in clumps that end alike, evidence counts as if there were only as many
/// requests as there are clumps: each factor `f` of an e-value is raised to `1 / effect`. As
/// `1 / effect <= 1` is known before the factor is, `E f^(1 / effect) <= (E f)^(1 / effect) <= 1`
/// (Jensen): whatever the estimate is, the promise for independent requests holds as before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dispersion {
    scales: [Scale; LENGTHS.len()],
    /// What was expected before the first batch; none until something was, and no less than 1.
    expected: Option<f64>,
    /// How many hits that rests on.
    #[serde(default = "most_hits")]
    expected_by: f64,
    /// Decaying sums of `(y n_s - (k - y) n_c) / n` and of `n_c n_s / n`.
    difference: f64,
    weight: f64,
    decayed_at: Option<Timestamp>,
    #[serde(default)]
    rates: Rates,
    /// The variance that one hit brings: the canary's share of the requests times the rest.
    of_hit: f64,
    /// What is known of the whole recording, where there is one.
    #[serde(skip)]
    hindsight: Hindsight,
}

/// Where what is judged was recorded to its end, it is gone through twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Hindsight {
    /// It is happening.
    #[default]
    None,
    /// The first time: what each batch scattered by is kept.
    Keeps(Vec<(Timestamp, Scatter)>),
    /// The second time: the effect over all of it.
    Knows(f64),
}

/// Decaying sums of hits, by which the rates of the revisions are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Rates {
    canary: f64,
    stable: f64,
    /// What the canary would have at the stable revision's rate.
    fair: f64,
}

/// Blocks of one length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Scale {
    began_at: Option<Timestamp>,
    /// Of the block that is not over.
    residual: f64,
    variance: f64,
    /// Sums over those that are.
    blocks: f64,
    squares: f64,
    variances: f64,
    /// Of what the squares vary by, if requests are independent: `2 v^2 + v` for each block.
    spread: f64,
}

impl Dispersion {
    /// What the logarithm of a factor is to be multiplied by, 1 or less.
    pub(crate) fn exponent(&self) -> f64 {
        1.0 / self.effect()
    }

    /// By how much requests count for less than independent ones would, 1 or more.
    pub(crate) fn effect(&self) -> f64 {
        if let Hindsight::Knows(effect) = self.hindsight {
            return effect;
        }
        let expected = self.expected.unwrap_or(1.0);
        let by = self.expected.map_or(PRIOR_HITS, |_| self.expected_by);
        let prior = by * self.of_hit;
        self.scales.iter().map(|scale| scale.effect(expected, prior)).fold(1.0, f64::max)
    }

    /// One that is told of a recording.
    pub(crate) fn of_recording(hindsight: Hindsight) -> Self {
        Self { hindsight, ..Self::default() }
    }

    /// The effect over all that was kept; 1 where nothing was.
    pub(crate) fn over_all(&self) -> f64 {
        if let Hindsight::Keeps(batches) = &self.hindsight { whole::effect(batches) } else { 1.0 }
    }

    /// Whether nothing is expected so far.
    pub(crate) fn is_open(&self) -> bool {
        self.expected.is_none()
    }

    /// Expects what the hits of one revision show, from `(hits, requests)` of each of its last
    /// seconds: half the square of what successive ones differ by (von Neumann 1941), so that a slow
    /// change is none, over the binomial variance, less one standard error. One bad second is no habit:
    /// the two largest steps are left out if the others show no clumps, and are enough to show any or none at all.
    pub(crate) fn expect(&mut self, seconds: impl Iterator<Item = (f64, f64)> + Clone) {
        let (hits, requests) =
            seconds.clone().fold((0.0, 0.0), |sum, (y, n)| (sum.0 + y, sum.1 + n));
        let share = if requests > 0.0 { hits / requests } else { 0.0 };
        let mut own = Scale::default();
        let (mut last, mut largest) = (None, [0.0; BLIPS]);
        let mut most = 0.0_f64;
        for (hits, requests) in seconds {
            most = most.max(hits);
            let residual = hits - share * requests;
            let step = residual - last.replace(residual).unwrap_or(residual);
            let step = step / std::f64::consts::SQRT_2;
            own.close(step, share * (1.0 - share) * requests, 1.0);
            keep_largest(&mut largest, step * step);
        }
        let effect = own.effect(1.0, 0.0);
        own.squares = (own.squares - largest.iter().sum::<f64>()).max(0.0);
        let without = own.effect(1.0, 0.0);
        self.expected_by = if requests > 0.0 { hits.min(PRIOR_HITS) } else { PRIOR_HITS };
        let left = hits - most;
        let shown = left >= SHOWN_BY || left <= 0.0;
        self.expected = Some(if shown && without < A_HABIT { without } else { effect });
    }

    /// Takes a batch into account that ended at `at`.
    pub(crate) fn add(&mut self, arms: &Arms, at: Timestamp) {
        let scatter = arms.scatter();
        if scatter.variance == 0.0 && scatter.weight == 0.0 {
            return;
        }
        if let Hindsight::Keeps(batches) = &mut self.hindsight {
            batches.push((at, scatter));
        }
        let stretch = arms.stretch(self.rates.ratio(self.effect()));
        self.decay(at);
        self.rates.add(arms);
        self.of_hit = scatter.of_hit;
        let mean = if self.weight > 0.0 { self.difference / self.weight } else { 0.0 };
        let residual = scatter.difference - mean * scatter.weight;
        for (scale, length) in self.scales.iter_mut().zip(LENGTHS) {
            scale.add(residual, stretch * scatter.variance, at, length);
        }
        self.difference += scatter.difference;
        self.weight += scatter.weight;
    }

    fn decay(&mut self, at: Timestamp) {
        let since = self.decayed_at.map_or(Duration::ZERO, |then| at.since(then));
        let kept = (-since.as_secs_f64() / HALF_LIFE.as_secs_f64()).exp2();
        self.difference *= kept;
        self.weight *= kept;
        self.rates.decay((-since.as_secs_f64() / BLOCKS_HALF_LIFE.as_secs_f64()).exp2());
        self.decayed_at = Some(at);
    }
}

impl Rates {
    /// How many times the stable revision's rate the canary's is, less one standard error where each
    /// hit is one of `effect` that come together, and at least 1.
    fn ratio(&self, effect: f64) -> f64 {
        let [canary, stable, fair] =
            [self.canary, self.stable, self.fair].map(|hits| hits + EQUAL_HITS);
        if canary <= fair {
            return 1.0;
        }
        let error = (effect * (canary.recip() + stable.recip())).sqrt();
        ((canary / fair).ln() - error).max(0.0).exp()
    }

    fn decay(&mut self, kept: f64) {
        self.canary *= kept;
        self.stable *= kept;
        self.fair *= kept;
    }

    fn add(&mut self, arms: &Arms) {
        let [canary, stable, fair] = arms.hits_beside();
        self.canary += canary;
        self.stable += stable;
        self.fair += fair;
    }
}

impl Scale {
    fn add(&mut self, residual: f64, variance: f64, at: Timestamp, length: Duration) {
        let began_at = *self.began_at.get_or_insert(at);
        self.residual += residual;
        self.variance += variance;
        if at.since(began_at) < length {
            return;
        }
        let kept = (-length.as_secs_f64() / BLOCKS_HALF_LIFE.as_secs_f64()).exp2();
        self.close(self.residual, self.variance, kept);
        (self.began_at, self.residual, self.variance) = (Some(at), 0.0, 0.0);
    }

    /// A block is over; of those before, the share `kept` is.
    fn close(&mut self, residual: f64, variance: f64, kept: f64) {
        self.blocks += 1.0;
        self.squares = self.squares * kept + residual * residual;
        self.variances = self.variances * kept + variance;
        self.spread = self.spread * kept + 2.0 * variance * variance + variance;
    }

    fn effect(&self, expected: f64, prior: f64) -> f64 {
        if self.blocks < FEWEST_BLOCKS || self.variances <= 0.0 {
            return expected;
        }
        let effect = (self.squares + expected * prior) / (self.variances + prior);
        let error = self.spread.sqrt() / self.variances;
        (effect / (1.0 + error)).max(1.0)
    }
}

const fn most_hits() -> f64 {
    PRIOR_HITS
}

/// Keeps the largest values, largest first.
fn keep_largest(largest: &mut [f64; BLIPS], value: f64) {
    let mut value = value;
    for kept in largest {
        if value > *kept {
            std::mem::swap(kept, &mut value);
        }
    }
}
