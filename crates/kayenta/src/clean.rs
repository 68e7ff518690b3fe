//! What is left of the values of one side before they are compared.

use crate::{MetricSettings, NanStrategy, Outliers};

/// The values that count.
pub(crate) fn clean(settings: &MetricSettings, values: &[f64]) -> Vec<f64> {
    let there: Vec<f64> = match settings.nan {
        NanStrategy::Remove => values.iter().copied().filter(|value| !value.is_nan()).collect(),
        NanStrategy::Replace => {
            values.iter().map(|value| if value.is_nan() { 0.0 } else { *value }).collect()
        }
    };
    match settings.outliers {
        Outliers::Keep => there,
        Outliers::Remove { factor } => without_outliers(there, factor),
    }
}

/// Leaves out what is beyond Tukey's fences, but never what is between the 1st and the 99th
/// percentile.
fn without_outliers(values: Vec<f64>, factor: f64) -> Vec<f64> {
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    let (q1, q3) = (percentile(&sorted, 0.25), percentile(&sorted, 0.75));
    let reach = factor * (q3 - q1);
    let low = lesser(percentile(&sorted, 0.01), q1 - reach);
    let high = greater(percentile(&sorted, 0.99), q3 + reach);
    let outside = |value: f64| value < low || value > high;
    values.into_iter().filter(|value| !outside(*value)).collect()
}

/// A percentile of sorted values by Hyndman and Fan's definition 7 (*Sample Quantiles in
/// Statistical Packages*, 1996), which is R's own; not a number where there are none.
fn percentile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    #[expect(clippy::cast_precision_loss, reason = "far fewer values than 2^53")]
    let position = p * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the last index"
    )]
    let below = position.floor() as usize;
    let at = |index: usize| sorted.get(index.min(last)).copied().unwrap_or(f64::NAN);
    let (low, high) = (at(below), at(below + 1));
    low + (position - position.floor()) * (high - low)
}

/// The lesser of two, not a number where either is none: a fence that cannot be told removes nothing.
fn lesser(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }
}

/// The greater of two, likewise.
fn greater(a: f64, b: f64) -> f64 {
    -lesser(-a, -b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_the_values_beside_them() {
        let sorted = [1.0, 2.0, 4.0, 8.0, 16.0];
        for (p, expect) in [(0.0, 1.0), (0.25, 2.0), (0.5, 4.0), (0.625, 6.0), (1.0, 16.0)] {
            let found = percentile(&sorted, p);
            assert!((found - expect).abs() < 1e-12, "{p}: {found}");
        }
        assert!(percentile(&[], 0.5).is_nan());
        assert!((percentile(&[7.0], 0.99) - 7.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_far_out_goes_and_what_is_infinite_stays_where_no_fence_can_be_told() {
        let remove = |factor| MetricSettings {
            outliers: Outliers::Remove { factor },
            ..MetricSettings::default()
        };
        let mut values: Vec<f64> = (0..200).map(|i| f64::from(i % 10)).collect();
        values.push(500.0);
        assert_eq!(clean(&remove(3.0), &values).len(), 200);
        assert_eq!(clean(&remove(200.0), &values).len(), 201);
        let wild = [1.0, f64::INFINITY, f64::INFINITY, f64::INFINITY];
        assert_eq!(clean(&remove(3.0), &wild).len(), 4);
    }

    #[test]
    fn a_small_set_keeps_what_lies_within_its_percentiles() {
        let settings = MetricSettings {
            outliers: Outliers::Remove { factor: 1.5 },
            ..MetricSettings::default()
        };
        let values = [1.0, 1.0, 1.0, 1.0, 9.0];
        assert_eq!(clean(&settings, &values), [1.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn values_that_are_not_there_are_left_out_or_zero() {
        let values = [1.0, f64::NAN, 3.0];
        assert_eq!(clean(&MetricSettings::default(), &values), [1.0, 3.0]);
        let replace = MetricSettings { nan: NanStrategy::Replace, ..MetricSettings::default() };
        assert_eq!(clean(&replace, &values), [1.0, 0.0, 3.0]);
    }
}
