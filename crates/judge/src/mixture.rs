use serde::{Deserialize, Serialize};

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
#[serde(transparent)]
pub(crate) struct Mixture {
    logs: Vec<f64>,
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
    /// Bets `share` of the whole from now on, spread over the alternatives by `weights`.
    pub(crate) fn bet(&mut self, share: f64, weights: &[f64]) {
        if self.logs.len() != weights.len() {
            self.logs = weights.iter().map(|weight| (weight * share).ln()).collect();
            return;
        }
        for (log, weight) in self.logs.iter_mut().zip(weights) {
            *log = log_sum_exp(&[*log, (weight * share).ln()]);
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
        if self.logs.is_empty() { 0.0 } else { log_sum_exp(&self.logs) }
    }
}

/// `ln sum exp(logs)`, with the largest taken out so that nothing overflows.
pub(crate) fn log_sum_exp(logs: &[f64]) -> f64 {
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let rest: f64 = logs.iter().map(|log| (log - top).exp()).sum();
    top + rest.ln()
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
        mixture.bet(0.75, &[0.4, 0.6]);
        mixture.multiply([2.0_f64.ln(), 3.0_f64.ln()].into_iter());
        mixture.bet(0.125, &[0.4, 0.6]);
        mixture.multiply([5.0_f64.ln(), 7.0_f64.ln()].into_iter());
        let expected: f64 = 0.75 * (0.4 * 10.0 + 0.6 * 21.0) + 0.125 * (0.4 * 5.0 + 0.6 * 7.0);
        assert!((mixture.log_evidence() - expected.ln()).abs() < 1e-12);
    }

    #[test]
    fn sums_of_very_large_and_very_small_values_neither_overflow_nor_vanish() {
        assert!((log_sum_exp(&[1e9, 0.0]) - 1e9).abs() < 1e-6);
        assert!((log_sum_exp(&[-1e9, -1e9]) - (-1e9 + 2.0_f64.ln())).abs() < 1e-6);
    }
}
