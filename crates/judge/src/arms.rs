use crate::constant::ln;
use crate::mixture::Bet;

/// Newton's method for [`Arms::nearest_null`] ends after three or four of these.
const NEWTON_STEPS: u32 = 40;

/// How far the canary's hits are from its share of them; see [`crate::dispersion`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Scatter {
    /// `n_c n_s / n` times the difference of the two rates.
    pub(crate) difference: f64,
    /// `n_c n_s / n`.
    pub(crate) weight: f64,
    /// `n_c n_s / n^2`: what one hit varies by.
    pub(crate) of_hit: f64,
    /// The hypergeometric variance of `difference` if both rates are one.
    pub(crate) variance: f64,
}

/// What was counted in each arm over the same seconds: trials, and those of them that were hits
/// (errors, or slow answers). Hits never exceed trials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Arms {
    canary_trials: f64,
    canary_hits: f64,
    stable_trials: f64,
    stable_hits: f64,
}

impl Arms {
    /// From `(hits, trials)` of the canary and of the stable revision.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub(crate) fn new(canary: (u64, u64), stable: (u64, u64)) -> Self {
        Self {
            canary_trials: canary.1 as f64,
            canary_hits: canary.0.min(canary.1) as f64,
            stable_trials: stable.1 as f64,
            stable_hits: stable.0.min(stable.1) as f64,
        }
    }

    /// The largest share of the hits that the canary has, in expectation, when its odds of a hit
    /// are at most `margin` times the stable revision's: `rho' = m n_c / (n_s + m n_c)`.
    ///
    /// Given the number of hits `k`, the canary's part is Fisher's noncentral hypergeometric, a
    /// sum of independent Bernoullis, so by Hoeffding (1956) `E theta^Y` is at most that of a
    /// binomial with the same mean `mu = k q`. Its moment identity
    /// `E[Y (n_s - k + Y)] = w E[(n_c - Y)(k - Y)]` is, with `D = E[Y (k - Y)] >= 0`,
    /// `n_s mu = w n_c (k - mu) - (w - 1) D`, hence `q / (1 - q) <= w n_c / n_s` for odds `w >= 1`.
    pub(crate) fn largest_share(&self, margin: f64) -> f64 {
        let canary = margin * self.canary_trials;
        canary / (self.stable_trials + canary)
    }

    /// The smallest such share when its odds are at least `margin` (1 or more) times the stable
    /// revision's. From the identity above with `D <= mu (k - mu)` (Jensen), `q` is at least the
    /// root of `a q^2 - (n_s + a + m n_c) q + m n_c = 0`, `a = (m - 1) k`.
    pub(crate) fn smallest_share(&self, margin: f64) -> f64 {
        let canary = margin * self.canary_trials;
        let a = (margin - 1.0) * self.hits();
        let b = self.stable_trials + a + canary;
        2.0 * canary / (b + (b * b - 4.0 * a * canary).max(0.0).sqrt())
    }

    /// `ln( theta^y / (1 + q (theta - 1))^k )`: the factor for odds that are `theta` times as
    /// large as those at which the canary has the share `q` of the hits. With `q` from
    /// [`Self::largest_share`] and `theta > 1`, or from [`Self::smallest_share`] and `theta < 1`,
    /// its expectation is at most 1 under the null, whatever the rates are in each batch.
    pub(crate) fn odds_factor(&self, share: f64, bet: &Bet) -> f64 {
        let hits = self.hits();
        if self.is_one_sided() || hits == 0.0 {
            return 0.0;
        }
        self.canary_hits * bet.log_odds - hits * bet.at(share)
    }

    /// `ln` of the 2x2 e-value of Turner, Ly & Grünwald (2024, "Generic E-variables for exact
    /// sequential k-sample tests"): the likelihood of both arms with the hit rate `stable` of the
    /// stable revision and `p`, whose odds are `r` times as large (those of `bet`), of the canary, over
    /// that with their mean, weighted by trials, for both.
    ///
    /// Its expectation is at most 1 whenever both arms share one rate, and, as each factor is
    /// linear in a trial's own rate, also when rates differ within the batch but not between the
    /// arms. With `r > 1` it stays so for every lower rate of the canary; with `r < 1` for every
    /// higher one.
    ///
    /// With `x = (r - 1) stable`, so that `p = r stable / (1 + x)`, and the canary's share `w` of the
    /// trials, the mean is `stable (1 + (r - 1)(w + (1 - w) stable)) / (1 + x)` and one less it
    /// `(1 - stable)(1 + (1 - w) x) / (1 + x)`. All else cancels but, for `k` hits of `n` and `y` of
    /// the canary's,
    ///
    /// `y ln r + n_s ln(1 + x) - k ln(1 + (r - 1)(w + (1 - w) stable)) - (n - k) ln(1 + (1 - w) x)`.
    ///
    /// `term` is `ln(1 + x)`, which is the same for all batches: [`Bet::at`]. (`ln`, which takes half
    /// the time of `ln_1p`, errs by 1e-16 near 1: 1e-4 nats at 10^12 trials.)
    pub(crate) fn rates_factor(&self, stable: f64, bet: &Bet, term: f64) -> f64 {
        if self.is_one_sided() {
            return 0.0;
        }
        let (all, hits) = (self.canary_trials + self.stable_trials, self.hits());
        let (w, of_stable) = (self.canary_trials / all, self.stable_trials / all);
        self.canary_hits * bet.log_odds + self.stable_trials * term
            - hits * bet.at(w + of_stable * stable)
            - (all - hits) * bet.at(of_stable * stable)
    }

    /// `ln` of the 2x2 e-value of Turner & Grünwald (2023, "Exact anytime-valid confidence intervals
    /// for contingency tables and beyond", Statistics & Probability Letters 198) against "the
    /// canary's odds of a hit are at most `margin` (1 or more) times the stable revision's": the
    /// likelihood of both arms with the hit rates `canary` and `stable`, over that with the rates of
    /// the null that are nearest to them (in Kullback-Leibler divergence, arms weighted by trials).
    ///
    /// The pairs of rates of the null, `p_c <= m p_s / (1 + (m - 1) p_s)`, are a convex set, so that
    /// the expectation is at most 1 for each of them, whatever the two rates were chosen by, as long
    /// as that came before these trials. Where hits are frequent it gains more than
    /// [`Self::odds_factor`], whose bound takes the hits as drawn with replacement.
    pub(crate) fn odds_rates_factor(&self, canary: f64, stable: f64, margin: f64) -> f64 {
        let (x, beyond) = (logit(stable), logit(canary) - margin.ln());
        if self.is_one_sided() || beyond <= x {
            return 0.0;
        }
        let null = self.nearest_null((canary, stable), (x, beyond), margin.ln());
        let gain = |hits: f64, trials: f64, rate: f64, null: f64| {
            hits * (rate / null).ln() + (trials - hits) * ((-rate).ln_1p() - (-null).ln_1p())
        };
        gain(self.canary_hits, self.canary_trials, canary, logistic(null + margin.ln()))
            + gain(self.stable_hits, self.stable_trials, stable, logistic(null))
    }

    /// The stable revision's log odds `x` of the null that is nearest to the given rates: the root of
    /// `n_c (s(x + ln m) - p_c) + n_s (s(x) - p_s)`, by Newton's method within `bounds`.
    fn nearest_null(&self, rates: (f64, f64), bounds: (f64, f64), log_margin: f64) -> f64 {
        let (mut low, mut high) = bounds;
        let mut x =
            low + (high - low) * self.canary_trials / (self.canary_trials + self.stable_trials);
        for _ in 0..NEWTON_STEPS {
            let (of_canary, of_stable) = (logistic(x + log_margin), logistic(x));
            let value = self.canary_trials * (of_canary - rates.0)
                + self.stable_trials * (of_stable - rates.1);
            let slope = self.canary_trials * of_canary * (1.0 - of_canary)
                + self.stable_trials * of_stable * (1.0 - of_stable);
            if value > 0.0 {
                high = x;
            } else {
                low = x;
            }
            let next = x - value / slope;
            let next = if next > low && next < high { next } else { f64::midpoint(low, high) };
            if (next - x).abs() < 1e-10 {
                return next;
            }
            x = next;
        }
        x
    }

    /// How many requests the canary had.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it was made of a count"
    )]
    pub(crate) fn canary_requests(&self) -> u64 {
        self.canary_trials as u64
    }

    /// The canary's hits beyond the share `share` of all of them, and the variance of that.
    pub(crate) fn score(&self, share: f64) -> (f64, f64) {
        let (all, hits) = (self.canary_trials + self.stable_trials, self.hits());
        if self.is_one_sided() || all < 2.0 {
            return (0.0, 0.0);
        }
        let left = (all - hits) / (all - 1.0);
        (self.canary_hits - hits * share, hits * share * (1.0 - share) * left)
    }

    /// How far the canary's part of the hits is from its share, and what chance makes that vary by.
    pub(crate) fn scatter(&self) -> Scatter {
        let all = self.canary_trials + self.stable_trials;
        if self.is_one_sided() || all < 2.0 {
            return Scatter::default();
        }
        let weight = self.canary_trials * self.stable_trials / all;
        let (share_c, share_s) =
            (self.canary_hits / self.canary_trials, self.stable_hits / self.stable_trials);
        let hit = self.hits() / all;
        Scatter {
            difference: weight * (share_c - share_s),
            weight,
            of_hit: weight / all,
            variance: hit * (1.0 - hit) * weight * all / (all - 1.0),
        }
    }

    /// Hits of the canary, of the stable revision, and what the canary would have at the rate of the
    /// stable revision; none where one of them had no trial.
    pub(crate) fn hits_beside(&self) -> [f64; 3] {
        if self.is_one_sided() {
            return [0.0; 3];
        }
        let fair = self.stable_hits * self.canary_trials / self.stable_trials;
        [self.canary_hits, self.stable_hits, fair]
    }

    /// By how much the variance of [`Scatter::difference`] is larger than that of one common rate, if
    /// the canary's rate is `ratio` times the stable revision's: `(r n_s + n_c) / (r n_c + n_s)`, for
    /// rates that are small.
    pub(crate) fn stretch(&self, ratio: f64) -> f64 {
        let (canary, stable) = (self.canary_trials, self.stable_trials);
        (ratio * stable + canary) / (ratio * canary + stable)
    }

    /// `ln` of the likelihood ratio of the canary's hits at the rate that is bet on to those at its
    /// bound: an e-value for every rate from the bound up.
    pub(crate) fn canary_rate_factor(&self, bet: &RateBet) -> f64 {
        self.canary_hits * bet.of_hit + (self.canary_trials - self.canary_hits) * bet.of_miss
    }

    fn hits(&self) -> f64 {
        self.canary_hits + self.stable_hits
    }

    fn is_one_sided(&self) -> bool {
        self.canary_trials == 0.0 || self.stable_trials == 0.0
    }
}

/// A bet that the canary's hit rate is `rate`, against its being `bound` or more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateBet {
    /// What a hit and what another answer bring, in nats.
    of_hit: f64,
    of_miss: f64,
    pub(crate) weight: f64,
}

impl RateBet {
    /// A bet with the share `weight` of the whole; `rate` is below `bound`.
    pub(crate) const fn on(rate: f64, bound: f64, weight: f64) -> Self {
        let of_miss = ln((1.0 - rate) / (1.0 - bound));
        Self { of_hit: ln(rate / bound), of_miss, weight }
    }
}

/// The share whose odds are `ratio` times those of `share`.
pub(crate) fn with_odds(share: f64, ratio: f64) -> f64 {
    share * ratio / (1.0 - share + share * ratio)
}

fn logit(share: f64) -> f64 {
    share.ln() - (-share).ln_1p()
}

fn logistic(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn compared(arms: &Arms, stable: f64, ratio: f64) -> f64 {
        let bet = Bet::on(ratio, 1.0);
        arms.rates_factor(stable, &bet, bet.at(stable))
    }

    /// The probabilities of 0 to `trials` hits at the rate `p`.
    fn binomial(trials: u32, p: f64) -> Vec<f64> {
        let ln_choose = |k: u32| {
            let gamma = |n: u32| libm::lgamma(f64::from(n) + 1.0);
            gamma(trials) - gamma(k) - gamma(trials - k)
        };
        (0..=trials)
            .map(|k| {
                (ln_choose(k) + f64::from(k) * p.ln() + f64::from(trials - k) * (1.0 - p).ln())
                    .exp()
            })
            .collect()
    }

    /// The exact expectation of a factor over both arms' hits.
    fn expectation(canary: (u32, f64), stable: (u32, f64), factor: impl Fn(&Arms) -> f64) -> f64 {
        let (hits_c, hits_s) = (binomial(canary.0, canary.1), binomial(stable.0, stable.1));
        let mut sum = 0.0;
        for (y_c, p_c) in (0_u64..).zip(&hits_c) {
            for (y_s, p_s) in (0_u64..).zip(&hits_s) {
                let arms = Arms::new((y_c, canary.0.into()), (y_s, stable.0.into()));
                sum += p_c * p_s * factor(&arms).exp();
            }
        }
        sum
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn no_factor_is_expected_to_exceed_one_under_its_null(
            n_c in 1_u32..12, n_s in 1_u32..25, rate in 0.001_f64..0.95, margin in 1.0_f64..2.5,
            beyond in 0.02_f64..1.0, theta in 1.05_f64..2_000.0,
        ) {
            let stable = (n_s, rate);
            let up = expectation((n_c, with_odds(rate, margin * beyond)), stable,
                |arms| arms.odds_factor(arms.largest_share(margin), &Bet::on(theta, 1.0)));
            prop_assert!(up <= 1.0 + 1e-9, "worse: {up}");
            let (alternative, guess) =
                (with_odds(rate, margin * theta.min(1e4)).min(1.0 - 1e-6), with_odds(rate, beyond));
            for assumed in [rate, guess] {
                let two_by_two = expectation((n_c, with_odds(rate, margin * beyond)), stable,
                    |arms| arms.odds_rates_factor(alternative, assumed, margin));
                prop_assert!(two_by_two <= 1.0 + 1e-9, "2x2: {two_by_two}");
            }
            let down = expectation((n_c, with_odds(rate, margin / beyond)), stable,
                |arms| arms.odds_factor(arms.smallest_share(margin), &Bet::on(1.0 / theta, 1.0)));
            prop_assert!(down <= 1.0 + 1e-9, "no worse: {down}");
            let low = with_odds(rate, 1.0 / theta);
            let slower = expectation((n_c, rate * beyond), stable,
                |arms| compared(arms, rate, theta));
            prop_assert!(slower <= 1.0 + 1e-9, "slower: {slower}");
            let no_slower = expectation((n_c, with_odds(rate, 1.0 / beyond)), stable,
                |arms| compared(arms, rate, 1.0 / theta));
            prop_assert!(no_slower <= 1.0 + 1e-9, "no slower: {no_slower}");
            let rare = expectation((n_c, with_odds(rate, 1.0 / beyond)), stable,
                |arms| arms.canary_rate_factor(&RateBet::on(low, rate, 1.0)));
            prop_assert!(rare <= 1.0 + 1e-9, "rare: {rare}");
        }

        #[test]
        fn factors_are_numbers_for_counts_up_to_a_million_million(
            n_c in 0_u64..1_000_000_000_000, n_s in 0_u64..1_000_000_000_000,
            hits in 0.0_f64..=1.0, theta in 1.01_f64..1_000.0,
        ) {
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
            let part = |n: u64| (n as f64 * hits) as u64;
            let arms = Arms::new((part(n_c), n_c), (n_s - part(n_s), n_s));
            for factor in [
                arms.odds_factor(arms.largest_share(1.25), &Bet::on(theta, 1.0)),
                arms.odds_factor(arms.smallest_share(1.25), &Bet::on(1.0 / theta, 1.0)),
                compared(&arms, 0.1, theta),
                arms.canary_rate_factor(&RateBet::on(1e-4, 1e-3, 1.0)),
            ] {
                prop_assert!(factor.is_finite(), "{factor}");
            }
        }
    }

    #[test]
    fn a_hit_of_the_canary_counts_by_how_unlikely_its_share_made_it() {
        let arms = Arms::new((1, 5), (0, 95));
        assert!((arms.largest_share(1.25) - 6.25 / 101.25).abs() < 1e-12);
        let factor = arms.odds_factor(arms.largest_share(1.0), &Bet::on(3.0, 1.0));
        assert!((factor - (3.0_f64 / 1.1).ln()).abs() < 1e-12);
        assert!((arms.smallest_share(1.0) - 0.05).abs() < 1e-12);
    }

    #[test]
    fn rates_are_compared_by_their_likelihoods() {
        let (canary, stable) = ((3_u32, 7_u32), (11_u32, 90_u32));
        for (rate, ratio) in [(0.1, 1.8), (0.01, 5.0), (0.5, 0.25)] {
            let p = with_odds(rate, ratio);
            let mean: f64 = (7.0 * p + 90.0 * rate) / 97.0;
            let likelihood = |p: f64, (y, n): (u32, u32)| {
                f64::from(y) * p.ln() + f64::from(n - y) * (1.0 - p).ln()
            };
            let expected = likelihood(p, canary) + likelihood(rate, stable)
                - likelihood(mean, canary)
                - likelihood(mean, stable);
            let arms =
                Arms::new((canary.0.into(), canary.1.into()), (stable.0.into(), stable.1.into()));
            let found = compared(&arms, rate, ratio);
            assert!((found - expected).abs() < 1e-12, "{found} instead of {expected}");
        }
    }

    #[test]
    fn an_arm_without_trials_is_no_evidence() {
        for arms in [Arms::new((3, 3), (0, 0)), Arms::new((0, 0), (9, 20))] {
            let bet = Bet::on(10.0, 1.0);
            assert!(arms.odds_factor(arms.largest_share(1.25), &bet).abs() < f64::EPSILON);
            assert!(compared(&arms, 0.1, 10.0).abs() < f64::EPSILON);
        }
    }
}
