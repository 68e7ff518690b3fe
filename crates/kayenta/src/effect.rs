//! How large a change is.

use crate::{Measure, shift::share_above, summary::mean};

/// The size of the effect; not a number where it cannot be told.
pub(crate) fn effect(measure: Measure, experiment: &[f64], control: &[f64]) -> f64 {
    match measure {
        Measure::MeanRatio => mean_ratio(experiment, control),
        Measure::Cles => share_above(experiment, control),
    }
}

/// The canary's mean over the other's; not a number where either is 0.
pub(crate) fn mean_ratio(experiment: &[f64], control: &[f64]) -> f64 {
    let (ours, theirs) = (mean(experiment), mean(control));
    if ours == 0.0 || theirs == 0.0 { f64::NAN } else { ours / theirs }
}
