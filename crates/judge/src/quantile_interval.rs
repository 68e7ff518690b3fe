use tidegate_traffic::Histogram;

use crate::mixture::log_sum_exp;

/// The interval is narrow at about so many requests (`t_opt` in the paper). One of them alone is
/// wide far from there; mixed, with these weights, they cost at most 1.2 nats beside the best.
const NARROW_AT: [(f64, f64); 3] = [(100.0, 0.3), (3_000.0, 0.4), (100_000.0, 0.3)];

/// Where the true `p` quantile of a revision's latency lies, in milliseconds, with confidence
/// `1 - alpha` at every look at once; outward to the bounds of the histogram's buckets. None
/// without a request, or with numbers that are no probabilities. Requests that come in clumps count
/// for one in `effect`, 1 or more, the design effect.
///
/// This is the confidence sequence of Howard & Ramdas (2022, "Sequential estimation of quantiles
/// with applications to A/B testing and best-arm identification", Bernoulli 28), by its
/// beta-binomial mixture: with `K` of `n` values below `x`,
///
/// `ln M(x) = ln B(a + K, b + n - K) - ln B(a, b) - K ln p - (n - K) ln(1 - p)`,
///
/// and it holds every `x` with a mean of `M(x)` below `1 / alpha`, over three concentrations `a + b`:
/// a mean of martingales is one. It supposes that the latency does not change in
/// time. It is there to be shown; the verdict does not rest on it.
pub fn quantile_interval(
    latency: &Histogram,
    p: f64,
    alpha: f64,
    effect: f64,
) -> Option<(f64, f64)> {
    let count = latency.count();
    let valid = |share: f64| share > 0.0 && share < 1.0;
    if count == 0 || !valid(p) || !valid(alpha) || effect.is_nan() || effect < 1.0 {
        return None;
    }
    let mixtures = NARROW_AT.map(|(at, weight)| (BetaBinomial::new(p, alpha, at), weight.ln()));
    let log_mean = |below: f64, above: f64| {
        log_sum_exp(&mixtures.each_ref().map(|(one, weight)| one.log(below, above) + weight))
    };
    let bar = -alpha.ln();
    let middle = p * as_float(count);
    let (mut low, mut high) = (0, None);
    let mut below = 0;
    for (bucket, more) in latency.buckets() {
        let upto = below + more;
        let rejects = |k: u64| log_mean(as_float(k) / effect, as_float(count - k) / effect) >= bar;
        if as_float(below) < middle && rejects(below) {
            low = bucket;
        }
        if as_float(upto) > middle && high.is_none() && rejects(upto) {
            high = Some(bucket + 1);
        }
        below = upto;
    }
    let ms = |bucket| as_float(Histogram::lower_bound(bucket)) / 1e3;
    Some((ms(low), high.map_or(f64::INFINITY, ms)))
}

#[expect(clippy::cast_precision_loss, reason = "counts and bounds are far below 2^53")]
fn as_float(count: u64) -> f64 {
    count as f64
}

/// The mixture over the alternatives to the rate `p`.
struct BetaBinomial {
    p: f64,
    a: f64,
    b: f64,
}

impl BetaBinomial {
    fn new(p: f64, alpha: f64, narrow_at: f64) -> Self {
        let spread = p * (1.0 - p);
        let bar = 2.0 * (1.0 / alpha).ln();
        let rho = narrow_at * spread / (bar + bar.ln_1p());
        let r = (rho - spread).max(1e-3 * spread);
        Self { p, a: r / (1.0 - p), b: r / p }
    }

    /// `ln M` with so many values below and so many not.
    fn log(&self, below: f64, above: f64) -> f64 {
        ln_beta(self.a + below, self.b + above)
            - ln_beta(self.a, self.b)
            - below * self.p.ln()
            - above * (-self.p).ln_1p()
    }
}

/// `ln B(a, b)`.
fn ln_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn uniform(count: u64) -> Histogram {
        let mut histogram = Histogram::default();
        (1..=count).for_each(|nth| histogram.record(nth * 100_000 / count));
        histogram
    }

    #[test]
    fn the_beta_binomial_is_a_martingale_that_begins_at_one() {
        let mixture = BetaBinomial::new(0.9, 0.05, 1_000.0);
        assert!(mixture.log(0.0, 0.0).abs() < 1e-12);
        for (below, above) in [(0.0, 0.0), (3.0, 1.0), (500.0, 40.0)] {
            let next = 0.9 * mixture.log(below + 1.0, above).exp()
                + 0.1 * mixture.log(below, above + 1.0).exp();
            let now = mixture.log(below, above).exp();
            assert!((next / now - 1.0).abs() < 1e-9, "{below} {above}");
        }
    }

    #[test]
    fn the_interval_narrows_around_the_quantile() {
        let check = |count, p, low: f64, high: f64| {
            let (from, to) = quantile_interval(&uniform(count), p, 0.05, 1.0).unwrap();
            assert!(from >= low && to <= high, "{from} to {to}");
            assert!(from < p * 100.0 && p * 100.0 < to, "{from} to {to}");
        };
        check(10, 0.5, 0.0, f64::INFINITY);
        check(1_000, 0.5, 42.0, 58.0);
        check(1_000, 0.9, 86.0, 96.0);
        check(100_000, 0.9, 88.0, 93.0);
    }

    #[test]
    fn clumps_count_for_one_request_each() {
        let width = |count, effect| {
            let (from, to) = quantile_interval(&uniform(count), 0.5, 0.05, effect).unwrap();
            to - from
        };
        let [many, clumps, few] = [width(40_000, 1.0), width(40_000, 40.0), width(1_000, 1.0)];
        assert!(clumps > 2.0 * many && (clumps - few).abs() < 2.1, "{many} {clumps} {few}");
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        assert_eq!(quantile_interval(&Histogram::default(), 0.5, 0.05, 1.0), None);
        assert_eq!(quantile_interval(&uniform(9), 1.0, 0.05, 1.0), None);
        assert_eq!(quantile_interval(&uniform(9), 0.5, 0.0, 1.0), None);
        let (low, high) = quantile_interval(&uniform(1), 0.5, 0.05, 1.0).unwrap();
        assert_eq!((low, high), (0.0, f64::INFINITY));
    }

    proptest! {
        #[test]
        fn it_holds_the_observed_quantile_for_any_counts(
            parts in prop::collection::vec((0_usize..1_024, 1_u64..1_000_000_000_000), 1..20),
            p in 0.01_f64..0.999,
        ) {
            let mut histogram = Histogram::default();
            for (bucket, count) in parts {
                histogram.record_bucket(bucket, count);
            }
            let (low, high) = quantile_interval(&histogram, p, 0.01, 1.0).unwrap();
            let observed = histogram.quantile(p).unwrap() / 1e3;
            prop_assert!(low <= observed && observed <= high, "{low} {observed} {high}");
        }
    }
}
