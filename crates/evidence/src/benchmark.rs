use serde::Serialize;

/// How fast what was built runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Benchmarks {
    /// Each of them, in the order of the report.
    pub benchmarks: Vec<Benchmark>,
    /// Those that could not be measured, with what the tool says.
    pub failed: Vec<String>,
}

/// A quantity that was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Benchmark {
    /// Which one it is; with the quantity where a benchmark measures several.
    pub name: String,
    /// The unit, as the tool writes it.
    pub unit: String,
    /// Which way is good.
    pub better: Better,
    /// What was measured.
    pub measured: Measured,
}

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Better {
    /// Times, sizes.
    Smaller,
    /// Rates.
    Bigger,
}

/// What was measured of a quantity.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Measured {
    /// Each value.
    Samples(Vec<f64>),
    /// A value and how far it may be off.
    Summary {
        /// The mean, or another value in the middle.
        estimate: f64,
        /// Its standard error.
        standard_error: f64,
        /// The degrees of freedom of that error.
        degrees: f64,
    },
    /// A value, of whose noise nothing is known.
    Single(f64),
}

impl Measured {
    /// The one value that stands for it: of samples the median.
    pub fn estimate(&self) -> f64 {
        match self {
            Self::Samples(samples) => median(samples),
            Self::Summary { estimate, .. } | Self::Single(estimate) => *estimate,
        }
    }
}

/// The middle of `values`; of none it is not a number.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |at: usize| sorted.get(at).copied().unwrap_or(f64::NAN);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => at(middle),
        _ => f64::midpoint(at(middle - 1), at(middle)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_found() {
        let check = |values: &[f64], expect: f64| {
            assert!((Measured::Samples(values.to_vec()).estimate() - expect).abs() < 1e-12);
        };
        check(&[3.0], 3.0);
        check(&[3.0, 1.0, 2.0], 2.0);
        check(&[4.0, 1.0, 2.0, 3.0], 2.5);
        assert!(Measured::Samples(Vec::new()).estimate().is_nan());
    }
}
