//! What is told of the values of one side.

/// What is told of the values of one side; all 0 where there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The sample's standard deviation, with n - 1; 0 for one value.
    pub std: f64,
    /// How many.
    pub count: usize,
}

impl Summary {
    /// Of some values.
    pub fn of(values: &[f64]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        Self {
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            mean: mean(values),
            std: deviation(values),
            count: values.len(),
        }
    }
}

/// The mean in two passes, the second for what the first lost; not a number where there are none.
pub(crate) fn mean(values: &[f64]) -> f64 {
    let count = count(values);
    let rough = values.iter().sum::<f64>() / count;
    rough + values.iter().map(|value| value - rough).sum::<f64>() / count
}

/// The standard deviation in two passes, with the second one's correction (Chan, Golub and `LeVeque`,
/// *Algorithms for Computing the Sample Variance*, 1983, equation 1.7).
fn deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let (mean, count) = (mean(values), count(values));
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let left: f64 = values.iter().map(|value| value - mean).sum();
    ((squares - left * left / count) / (count - 1.0)).sqrt()
}

#[expect(clippy::cast_precision_loss, reason = "far fewer values than 2^53")]
fn count(values: &[f64]) -> f64 {
    values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_values_are_summed_up() {
        let found = Summary::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert_eq!((found.min, found.max, found.mean, found.count), (2.0, 9.0, 5.0, 8));
        assert!((found.std - (32.0_f64 / 7.0).sqrt()).abs() < 1e-12);
        assert_eq!(Summary::of(&[]), Summary::default());
        assert_eq!(Summary::of(&[3.0]).std.to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn a_large_mean_hides_no_small_deviation() {
        let found = Summary::of(&[1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0]);
        assert!((found.std - 1.0).abs() < 1e-9, "{}", found.std);
    }
}
