/// The quantile `p` of values that are sorted: definition 7 of Hyndman & Fan (1996). None of no values.
pub(crate) fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "counts of deployments are far below 2^53")]
    let place = last as f64 * p;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place is within the values"
    )]
    let below = place.floor() as usize;
    let (low, high) = (*sorted.get(below)?, *sorted.get((below + 1).min(last))?);
    Some(low + (high - low) * (place - place.floor()))
}

/// Wilson's interval for `k` of `n` at 95 %.
pub(crate) fn wilson(k: usize, n: usize) -> Option<(f64, f64)> {
    /// The normal distribution's quantile of 0.975.
    const Z: f64 = 1.959_963_984_540_054;
    if n == 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of deployments are far below 2^53")]
    let (k, n) = (k as f64, n as f64);
    let (rate, z2) = (k / n, Z * Z);
    let middle = (rate + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z * (rate * (1.0 - rate) / n + z2 / (4.0 * n * n)).sqrt() / (1.0 + z2 / n);
    Some(((middle - half).max(0.0), (middle + half).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of `numpy.quantile`.
    #[test]
    fn a_quantile_is_that_of_numpy() {
        let check = |values: &[f64], p: f64, expect: Option<f64>| {
            let found = quantile(values, p);
            let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
            assert!(
                found.zip(expect).map_or(found == expect, |(a, b)| near(a, b)),
                "{values:?} {p}: {found:?}"
            );
        };
        check(&[], 0.5, None);
        check(&[7.0], 0.9, Some(7.0));
        check(&[1.0, 2.0], 0.5, Some(1.5));
        check(&[1.0, 2.0, 4.0, 8.0, 16.0], 0.5, Some(4.0));
        check(&[1.0, 2.0, 4.0, 8.0, 16.0], 0.9, Some(12.8));
        check(&[1.0, 2.0, 4.0, 8.0, 16.0], 1.0, Some(16.0));
    }

    /// Those of R's `prop.test(k, n, correct = FALSE)`.
    #[test]
    fn an_interval_is_that_of_wilson() {
        let check = |k, n, low: f64, high: f64| {
            let (a, b) = wilson(k, n).unwrap();
            assert!((a - low).abs() < 1e-6 && (b - high).abs() < 1e-6, "{k}/{n}: {a} {b}");
        };
        assert_eq!(wilson(0, 0), None);
        check(0, 20, 0.0, 0.161_125);
        check(1, 20, 0.008_881, 0.236_131);
        check(10, 20, 0.299_298, 0.700_702);
        check(20, 20, 0.838_875, 1.0);
    }
}
