use serde::{Deserialize, Serialize};
use tidegate_traffic::{Growth, Histogram, Summed};

use crate::arms::Arms;
use crate::latency::Terms;
use crate::needs;

/// Fewer answers of the stable revision than this say too little of where its quantiles are.
const FEWEST_ANSWERS: u64 = 20;

/// A rise of less than this many microseconds is not worth taking a release back, however large
/// it is as a share: it is within what another machine, or a colder cache, makes of a fast answer.
const SMALLEST_RISE_MICROS: u64 = 1_000;

/// From where on an answer counts as slow: for the stable revision from its own recent quantile
/// `x`, for the canary from `x` and the accepted rise.
///
/// It is drawn from answers that came before the batch that it judges, so it may be anything at
/// all without harm to the validity of the test; that it is near the quantile gives it power.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Aim", into = "Aim")]
pub(crate) struct Threshold {
    pub(crate) aim: Aim,
    /// What of the factors of its bets does not change with the batch.
    pub(crate) terms: Terms,
    /// What an answer of the canary brings to the proof that it is no slower, if it is as fast as
    /// the stable revision, in nats and for nearly all of the traffic beside it.
    pub(crate) gain: f64,
}

/// Where slow begins, and for how many.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Aim {
    /// The stable revision's answers in this bucket and above are slow: those from `x` on.
    pub(crate) stable_from: usize,
    /// The canary's answers here and above are slower than the accepted rise of `x`: the first
    /// bucket that begins there or later, so a bucket's width never makes it look worse.
    pub(crate) worse_from: usize,
    /// All of the canary's answers that are that slow are here and above, and some that are not:
    /// a bucket's width never makes it look better.
    pub(crate) fair_from: usize,
    /// The share of slow answers to expect of the stable revision.
    pub(crate) slow_share: f64,
    /// The share of its answers beyond the accepted rise of `x`.
    pub(crate) beyond_share: f64,
}

impl Threshold {
    /// From the stable revision's recent answers; none when they are too few.
    pub(crate) fn aim(recent: &Summed<'_>, p: f64, margin: f64) -> Option<Self> {
        let count = recent.count();
        if count < FEWEST_ANSWERS {
            return None;
        }
        let micros = recent.quantile(p)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a bucket's middle is between 0 and 2^37"
        )]
        let stable_from = Histogram::bucket(micros as u64) + 1;
        let accepted = accepted_micros(Histogram::lower_bound(stable_from), margin);
        let fair_from = Histogram::bucket(accepted);
        let begins_there = Histogram::lower_bound(fair_from) >= accepted;
        Some(Self::from(Aim {
            stable_from,
            worse_from: if begins_there { fair_from } else { fair_from + 1 },
            fair_from,
            slow_share: smoothed(recent.count_from(stable_from), count),
            beyond_share: smoothed(recent.count_from(fair_from), count),
        }))
    }

    /// Slow and all answers of a batch, with the canary's slow ones counted low, then high.
    /// `answers` are the canary's and the stable revision's.
    pub(crate) fn arms(&self, [canary, stable]: &[Answers<'_>; 2]) -> [Arms; 2] {
        let Aim { stable_from, worse_from, fair_from, .. } = self.aim;
        let of_stable = (stable.came.count_from(stable_from), stable.count);
        let worse = canary.came.count_from(worse_from);
        let fair = if fair_from == worse_from { worse } else { canary.came.count_from(fair_from) };
        [worse, fair].map(|slow| Arms::new((slow, canary.count), of_stable))
    }
}

impl From<Aim> for Threshold {
    fn from(aim: Aim) -> Self {
        let gain = needs::divergence(aim.beyond_share, aim.slow_share);
        Self { aim, terms: Terms::of(aim.slow_share), gain }
    }
}

impl From<Threshold> for Aim {
    fn from(threshold: Threshold) -> Self {
        threshold.aim
    }
}

/// The answers of one revision in a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answers<'a> {
    came: Growth<'a>,
    count: u64,
}

impl<'a> Answers<'a> {
    pub(crate) fn of(came: Growth<'a>) -> Self {
        Self { came, count: came.count() }
    }
}

/// `micros` and the rise that is accepted.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a bucket's bound is below 2^37 and the margin at most 100"
)]
fn accepted_micros(micros: u64, margin: f64) -> u64 {
    let risen = (micros as f64 * (1.0 + margin)).ceil() as u64;
    risen.max(micros + SMALLEST_RISE_MICROS)
}

/// `hits` of `trials` as a share that is never 0 or 1.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn smoothed(hits: u64, trials: u64) -> f64 {
    ((hits as f64 + 0.5) / (trials as f64 + 1.0)).clamp(1e-6, 0.99)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn uniform(top: u64) -> Histogram {
        let mut histogram = Histogram::default();
        (1..=top).for_each(|micros| histogram.record(micros));
        histogram
    }

    #[test]
    fn the_stable_revision_is_slow_from_its_quantile_on() {
        let threshold = Threshold::aim(&uniform(100_000).summed(), 0.9, 0.1).unwrap();
        let from = Histogram::lower_bound(threshold.aim.stable_from);
        assert!((90_000..94_000).contains(&from), "{from}");
        assert!((threshold.aim.slow_share - 0.09).abs() < 0.031);
        assert!(threshold.aim.beyond_share < 0.03);
    }

    #[test]
    fn one_that_is_read_back_is_the_same() {
        let threshold = Threshold::aim(&uniform(100_000).summed(), 0.9, 0.1).unwrap();
        let text = serde_json::to_string(&threshold).unwrap();
        assert_eq!(serde_json::from_str::<Threshold>(&text).unwrap(), threshold);
    }

    #[test]
    fn too_few_answers_aim_at_nothing() {
        assert_eq!(Threshold::aim(&uniform(19).summed(), 0.5, 0.1), None);
        assert!(Threshold::aim(&uniform(20).summed(), 0.5, 0.1).is_some());
    }

    #[test]
    fn a_rise_under_a_millisecond_is_accepted() {
        let threshold = Threshold::aim(&uniform(100).summed(), 0.5, 0.1).unwrap();
        assert!(Histogram::lower_bound(threshold.aim.worse_from) >= 1_050);
    }

    proptest! {
        #[test]
        fn a_bucket_errs_to_the_safe_side(
            micros in 1_u64..20_000_000_000, p in 0.01_f64..0.999, margin in 0.0_f64..3.0,
        ) {
            let mut histogram = Histogram::default();
            histogram.record_bucket(Histogram::bucket(micros), 1_000);
            let threshold = Threshold::aim(&histogram.summed(), p, margin).unwrap();
            let accepted = accepted_micros(Histogram::lower_bound(threshold.aim.stable_from), margin);
            prop_assert!(Histogram::lower_bound(threshold.aim.fair_from) <= accepted);
            if accepted < 1 << 36 {
                prop_assert!(Histogram::lower_bound(threshold.aim.worse_from) >= accepted);
            }
            prop_assert!(threshold.aim.slow_share > 0.0 && threshold.aim.slow_share < 1.0);
        }
    }
}
