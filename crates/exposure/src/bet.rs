//! The bets against harm.

use crate::{Arm, Nats};

/// The most of what is won so far that one request may cost: so much is lost by a failure of a
/// revision of which none is expected.
const MOST: f64 = 0.9;

/// Of the stakes that win most, this part: it wins five sixths as much, and a streak of bad luck costs
/// far less (`1 - (1 - c)^2` of the growth; `MacLean`, Thorp & Ziemba 2010).
const CAUTION: f64 = 0.6;

/// What is supposed of a stable revision before anything is seen of it: a failure in a thousand
/// requests, which counts like 500 of them.
const PRIOR: (f64, f64) = (0.5, 500.0);

/// `ln` of the factor of a block of requests that both revisions answered over the same seconds,
/// for the null hypothesis that the canary's failure rate is the stable one's plus `harm` or more.
/// `known` is what was seen of the stable revision before.
///
/// With `a` a guess at the stable rate, `b <= a + harm`, and stakes `u` and `v` for which
/// `n_c u = n_s v`, the factor is
///
/// `prod_canary (1 - u (y - b)) prod_stable (1 + v (y - a))`.
///
/// For any rates `p_c` and `p_s`, that also may change within the block, its expectation is at most
/// `exp(-n_c u (p_c - b) + n_s v (p_s - a)) = exp(n_c u (p_s - a - p_c + b))`, because
/// `1 + x <= e^x`; and that is at most 1 where `p_c >= p_s + harm`. Guess and stakes say how much is
/// won, not whether it holds. The guess is what was seen before. The stakes are those that win most
/// where the canary is as good as stable (Kelly 1956): exactly where the stable rate is known, to the
/// second order where it has to be learnt beside; and of those a part, [`CAUTION`].
pub(crate) fn factor(harm: f64, canary: Arm, stable: Arm, known: Arm) -> f64 {
    let (n_c, n_s) = (number(canary.requests), number(stable.requests));
    if n_c == 0.0 || n_s == 0.0 {
        return 0.0;
    }
    let (k_c, k_s) = (number(canary.errors), number(stable.errors));
    let Stakes { a, b, u, v } = stakes(harm, n_c, n_s, rate(known));
    k_c * (-u * (1.0 - b)).ln_1p()
        + (n_c - k_c) * (u * b).ln_1p()
        + k_s * (v * (1.0 - a)).ln_1p()
        + (n_s - k_s) * (-v * a).ln_1p()
}

/// What requests are charged by where the evidence is `log` and was `best` at most: half of it, and
/// a quarter of the root of the most that it was, `ln(E / 2 + sqrt(E*) / 4)`.
///
/// `sqrt(E*) / 2` is at most the capital of a strategy that bets a part of its stake anew whenever
/// `E` is at a new height (Dawid, de Rooij, Shafer, Shen, Vereshchagin & Vovk 2011, "Insuring against
/// loss of evidence in game-theoretic probability", with the adjuster `x -> sqrt(x) / 2`), so that the
/// sum is at most a supermartingale that starts at 1 or less. A revision that is good pays
/// four times the price at most when chance is against it, where `E` alone knows no bound.
pub(crate) fn insured(log: Nats, best: Nats) -> Nats {
    let (now, ever) = (log.get() - 2.0_f64.ln(), best.get() / 2.0 - 4.0_f64.ln());
    let top = now.max(ever);
    Nats::new(top + (-(now - ever).abs()).exp().ln_1p())
}

/// What a request of the canary is expected to add, in nats, if the canary is as good as stable and
/// has `share` of the requests.
pub(crate) fn gain(harm: f64, share: f64, known: Arm) -> f64 {
    if share <= 0.0 || share >= 1.0 {
        return 0.0;
    }
    let rest = (1.0 - share) / share;
    let Stakes { a, b, u, v } = stakes(harm, 1.0, rest, rate(known));
    a * (-u * (1.0 - b)).ln_1p()
        + (1.0 - a) * (u * b).ln_1p()
        + rest * (a * (v * (1.0 - a)).ln_1p() + (1.0 - a) * (-v * a).ln_1p())
}

/// The guess at the rate of failures of a revision of which `known` was seen.
pub(crate) fn rate(known: Arm) -> f64 {
    (number(known.errors) + PRIOR.0) / (number(known.requests) + PRIOR.1)
}

struct Stakes {
    a: f64,
    b: f64,
    u: f64,
    v: f64,
}

fn stakes(harm: f64, n_c: f64, n_s: f64, guess: f64) -> Stakes {
    let a = guess.clamp(1e-9, 1.0 - 1e-9);
    let b = (a + harm).min(1.0 - 1e-9);
    let ratio = n_c / n_s;
    let best = CAUTION * harm / (b * (1.0 - b) + ratio * a * (1.0 - a));
    let u = best.min(MOST / (1.0 - b)).min(MOST / (a * ratio));
    Stakes { a, b, u, v: u * ratio }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(crate) fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The probabilities of 0 to `trials` failures at the rate `p`.
    fn binomial(trials: u64, p: f64) -> Vec<f64> {
        let mut all = vec![1.0];
        for _ in 0..trials {
            let less = |count: usize| all.get(count).copied().unwrap_or(0.0);
            let one = |count: usize| count.checked_sub(1).map_or(0.0, less);
            all = (0..=all.len()).map(|k| less(k) * (1.0 - p) + one(k) * p).collect();
        }
        all
    }

    proptest! {
        #[test]
        fn no_factor_is_expected_to_exceed_one_where_there_is_the_harm(
            n_c in 1_u64..15, n_s in 1_u64..30, harm in 0.001_f64..0.9, more in 0.0_f64..0.1,
            rate in 0.0_f64..0.5, seen in 0_u64..2000, failed in 0_u64..2000,
        ) {
            let worse = (rate + harm + more).min(1.0);
            let stable = worse - harm - more.min(worse - harm);
            let known = Arm { requests: seen, errors: failed.min(seen) };
            let mut mean = 0.0;
            for (k_c, p_c) in (0..).zip(binomial(n_c, worse)) {
                for (k_s, p_s) in (0..).zip(binomial(n_s, stable.max(0.0))) {
                    let canary = Arm { requests: n_c, errors: k_c };
                    let beside = Arm { requests: n_s, errors: k_s };
                    mean += p_c * p_s * factor(harm, canary, beside, known).exp();
                }
            }
            prop_assert!(mean <= 1.0 + 1e-9, "{mean}");
        }

        #[test]
        fn factors_are_numbers_for_counts_up_to_a_million_million(
            n_c in 0_u64..1_000_000_000_000, n_s in 0_u64..1_000_000_000_000,
            k_c in 0_u64..1_000_000, k_s in 0_u64..1_000_000, harm in 1e-6_f64..0.99,
        ) {
            let arm = |requests: u64, errors: u64| Arm { requests, errors: errors.min(requests) };
            let known = arm(n_s, k_s);
            prop_assert!(factor(harm, arm(n_c, k_c), known, known).is_finite());
            prop_assert!(gain(harm, 0.3, known) > 0.0);
        }
    }

    #[test]
    fn what_is_insured_loses_three_quarters_at_most() {
        let at = |log, best| insured(Nats::new(log), Nats::new(best)).get().exp();
        assert!((at(0.0, 0.0) - 0.75).abs() < 1e-5);
        assert!((at(-50.0, 0.0) - 0.25).abs() < 1e-5);
        assert!((at(-50.0, 2.0) - 0.25 * 1.0_f64.exp()).abs() < 1e-5);
        assert!(at(6.0, 6.0) > 200.0);
    }
}
