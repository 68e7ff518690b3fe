//! What comes of one metric.

use crate::{Shift, Summary};

/// What comes of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What it is.
    pub class: Class,
    /// Why, where there is more to say than the class does.
    pub reason: Option<String>,
    /// Whether it brings the whole score to 0.
    pub critical: bool,
    /// The canary's mean over the other's: 1 where nothing was compared, not a number where either is
    /// 0, none where the comparison failed.
    pub ratio: Option<f64>,
    /// By how much the canary's values are higher, where that was looked for.
    pub shift: Option<Shift>,
    /// The size of the effect by the measure of the settings, likewise; may be not a number.
    pub effect: Option<f64>,
    /// The canary's values, cleaned.
    pub experiment: Summary,
    /// The values that they are compared with, cleaned.
    pub control: Summary,
}

/// What a metric's comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// No failure.
    Pass,
    /// The canary's values are higher than they may be.
    High,
    /// The canary's values are lower than they may be.
    Low,
    /// A side has no values: it does not count.
    Nodata,
    /// A side has no values, and the configuration wants them: it counts as a failure.
    NodataFailMetric,
    /// The values cannot be compared: it does not count.
    Error,
}

impl Class {
    /// Kayenta's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "Pass",
            Self::High => "High",
            Self::Low => "Low",
            Self::Nodata => "Nodata",
            Self::NodataFailMetric => "NodataFailMetric",
            Self::Error => "Error",
        }
    }
}
