use serde::{Deserialize, Serialize};

use crate::constant::ln;

/// So many alternatives a mixture has at most.
const MOST: usize = 8;

/// An alternative that is bet on: odds of a hit that are so many times as large as what they are
/// compared with, with a share of the bet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bet {
    pub(crate) odds: f64,
    pub(crate) log_odds: f64,
    pub(crate) weight: f64,
}

impl Bet {
    /// A bet on `odds` with the share `weight` of the whole.
    pub(crate) const fn on(odds: f64, weight: f64) -> Self {
        Self { odds, log_odds: ln(odds), weight }
    }

    /// `ln(1 + (odds - 1) rate)`: what a trial of `rate` with these odds has as its denominator.
    pub(crate) fn at(&self, rate: f64) -> f64 {
        (1.0 + (self.odds - 1.0) * rate).ln()
    }
}

/// An e-value mixed over alternatives and over the moments at which the harm may have begun.
///
/// For each alternative `k` it holds `ln sum_j w_k pi_j prod_{i >= j} f_{k,i}`, where `f_{k,i}` is
/// the factor of batch `i` under the alternative and `pi_j` the share of the bet that is placed at
/// start `j`. Each inner product is a non-negative supermartingale that starts at 1, so the sum of
/// all of them is one whose bets add up to `sum_j pi_j <= 1`, and Ville's inequality gives
/// `P(ever >= 1/alpha) <= alpha` under the null, however often and whenever it is looked at.
///
/// The later starts are what keeps a revision judged that was healthy for an hour: what its health
/// costs is paid by the early bets only. A start `j` costs `ln 1/pi_j`: 9.6 nats for the 60th.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f64>", into = "Vec<f64>")]
pub(crate) struct Mixture {
    /// Held in place: ten of them belong to what a look reads, and each would be a piece of memory
    /// of its own.
    logs: [f64; MOST],
    count: usize,
}

/// A written mixture that has more alternatives than there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany(usize);

impl std::fmt::Display for TooMany {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} alternatives, at most {MOST} are allowed", self.0)
    }
}

impl TryFrom<Vec<f64>> for Mixture {
    type Error = TooMany;

    fn try_from(written: Vec<f64>) -> Result<Self, TooMany> {
        let mut mixture = Self { count: written.len(), ..Self::default() };
        if written.len() > MOST {
            return Err(TooMany(written.len()));
        }
        for (log, written) in mixture.logs.iter_mut().zip(written) {
            *log = written;
        }
        Ok(mixture)
    }
}

impl From<Mixture> for Vec<f64> {
    fn from(mixture: Mixture) -> Self {
        mixture.logs().to_vec()
    }
}

/// The share of the bet that is placed at the first start. Harm that comes with the revision is
/// the common case, so it has most of it.
const AT_ONCE: f64 = 0.75;

/// The share of the bet at start `start`: 3/4 at the first (0), `1 / (4 j (j + 1))` at each later
/// one, which add up to 1.
pub(crate) fn start_share(start: u32) -> f64 {
    let j = f64::from(start);
    if start == 0 { AT_ONCE } else { (1.0 - AT_ONCE) / (j * (j + 1.0)) }
}

impl Mixture {
    /// Bets `share` of the whole from now on, spread over the alternatives by `weights`: at most
    /// [`MOST`] of them, and as many each time.
    pub(crate) fn bet(&mut self, share: f64, weights: impl ExactSizeIterator<Item = f64>) {
        let is_first = self.count != weights.len();
        self.count = weights.len().min(MOST);
        for (log, weight) in self.logs.iter_mut().zip(weights) {
            let bet = (weight * share).ln();
            *log = if is_first { bet } else { log_sum_exp(&[*log, bet]) };
        }
    }

    /// Multiplies each alternative by its factor, given as a natural logarithm.
    pub(crate) fn multiply(&mut self, log_factors: impl Iterator<Item = f64>) {
        for (log, factor) in self.logs.iter_mut().zip(log_factors) {
            *log += factor;
        }
    }

    /// `ln E`; 0, no evidence, before the first bet.
    pub(crate) fn log_evidence(&self) -> f64 {
        if self.count == 0 { 0.0 } else { log_sum_exp(self.logs()) }
    }

    fn logs(&self) -> &[f64] {
        self.logs.get(..self.count).unwrap_or(&self.logs)
    }
}

/// What is smaller by more than this adds nothing to a sum: `exp(-40)` is below half of a double's
/// last digit.
const NEGLIGIBLE: f64 = 40.0;

/// `ln sum exp(logs)`, with the largest taken out so that nothing overflows.
pub(crate) fn log_sum_exp(logs: &[f64]) -> f64 {
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let part = |log: &f64| match top - log {
        0.0 => 1.0,
        below if below > NEGLIGIBLE => 0.0,
        below => (-below).exp(),
    };
    top + logs.iter().map(part).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_all_starts_add_up_to_one() {
        let all: f64 = (0..1_000_000).map(start_share).sum();
        assert!(all <= 1.0 && all > 0.999_999, "{all}");
    }

    #[test]
    fn a_mixture_is_the_weighted_sum_of_its_products() {
        let mut mixture = Mixture::default();
        assert!(mixture.log_evidence().abs() < f64::EPSILON);
        mixture.bet(0.75, [0.4, 0.6].into_iter());
        mixture.multiply([2.0_f64.ln(), 3.0_f64.ln()].into_iter());
        mixture.bet(0.125, [0.4, 0.6].into_iter());
        mixture.multiply([5.0_f64.ln(), 7.0_f64.ln()].into_iter());
        let expected: f64 = 0.75 * (0.4 * 10.0 + 0.6 * 21.0) + 0.125 * (0.4 * 5.0 + 0.6 * 7.0);
        assert!((mixture.log_evidence() - expected.ln()).abs() < 1e-12);
    }

    #[test]
    fn a_mixture_is_written_as_a_list() {
        let mut mixture = Mixture::default();
        mixture.bet(1.0, [1.0, 1.0].into_iter());
        let text = serde_json::to_string(&mixture).unwrap();
        assert_eq!(text, "[0.0,0.0]");
        assert_eq!(serde_json::from_str::<Mixture>(&text).unwrap(), mixture);
        assert_eq!(serde_json::from_str::<Mixture>("[]").unwrap(), Mixture::default());
        let many = serde_json::from_str::<Mixture>("[1,2,3,4,5,6,7,8,9]").unwrap_err();
        assert!(many.to_string().contains("9 alternatives, at most 8 are allowed"), "{many}");
    }

    #[test]
    fn sums_of_very_large_and_very_small_values_neither_overflow_nor_vanish() {
        assert!((log_sum_exp(&[1e9, 0.0]) - 1e9).abs() < 1e-6);
        assert!((log_sum_exp(&[-1e9, -1e9]) - (-1e9 + 2.0_f64.ln())).abs() < 1e-6);
    }
}
