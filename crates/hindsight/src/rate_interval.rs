/// Where a rate lies of which `hits` of `trials` were seen, with confidence `1 - alpha` at every look
/// at once: all `p` with `B(h + 1/2, n - h + 1/2) / B(1/2, 1/2) < p^h (1 - p)^(n - h) / alpha`, the
/// prior-posterior ratio of Waudby-Smith & Ramdas (2020, "Confidence sequences for sampling without
/// replacement", section 2.1) with Jeffreys' prior. It supposes that the rate does not change in time.
/// None without a trial.
pub(crate) fn rate_interval(hits: f64, trials: f64, alpha: f64) -> Option<(f64, f64)> {
    if trials <= 0.0 {
        return None;
    }
    let hits = hits.clamp(0.0, trials);
    let misses = trials - hits;
    let posterior = ln_beta(hits + 0.5, misses + 0.5) - ln_beta(0.5, 0.5);
    let times = |count: f64, log: f64| if count > 0.0 { count * log } else { 0.0 };
    let inside =
        |p: f64| posterior - times(hits, p.ln()) - times(misses, (-p).ln_1p()) < -alpha.ln();
    let seen = hits / trials;
    let edge = |mut within: f64, mut beyond: f64| {
        if inside(beyond) {
            return beyond;
        }
        // Halving 60 times leaves nothing that a float could tell.
        for _ in 0..60 {
            let middle = f64::midpoint(within, beyond);
            if inside(middle) { within = middle } else { beyond = middle }
        }
        beyond
    };
    Some((edge(seen, 0.0), edge(seen, 1.0)))
}

fn ln_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_interval_holds_the_rate_and_narrows() {
        let (low, high) = rate_interval(5.0, 1_000.0, 0.01).unwrap();
        assert!(low > 0.000_3 && low < 0.002 && high > 0.01 && high < 0.025, "{low} {high}");
        let (low, high) = rate_interval(5_000.0, 1_000_000.0, 0.01).unwrap();
        assert!(low > 0.0046 && high < 0.0054, "{low} {high}");
        let (low, high) = rate_interval(0.0, 100.0, 0.01).unwrap();
        assert!(low == 0.0 && high > 0.03 && high < 0.2, "{high}");
        assert_eq!(rate_interval(0.0, 0.0, 0.01), None);
    }

    proptest! {
        #[test]
        fn its_ends_are_rates_in_order(hits in 0.0_f64..1e9, more in 0.1_f64..1e9, alpha in 1e-6_f64..0.5) {
            let trials = hits + more;
            let (low, high) = rate_interval(hits, trials, alpha).unwrap();
            prop_assert!(0.0 <= low && low <= hits / trials && hits / trials <= high && high <= 1.0);
        }
    }
}
