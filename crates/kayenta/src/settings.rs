//! How one metric is judged: `analysisConfigurations.canary` of a configuration.

/// How one metric is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MetricSettings {
    /// Which change is a failure.
    pub direction: Direction,
    /// What becomes of values that are not there.
    pub nan: NanStrategy,
    /// What becomes of values far from the others.
    pub outliers: Outliers,
    /// Whether a failure of this metric alone brings the whole score to 0.
    pub critical: bool,
    /// Whether having no value fails the metric.
    pub must_have_data: bool,
    /// Whether the metric is judged and told, but does not count.
    pub muted: bool,
    /// How large a change has to be.
    pub effect: EffectSize,
}

/// Which change is a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Values that are higher.
    Increase,
    /// Values that are lower.
    Decrease,
    /// Both.
    #[default]
    Either,
}

/// What becomes of values that are not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NanStrategy {
    /// They are left out; a side with none left has no data.
    #[default]
    Remove,
    /// Each is 0; a side with none at all passes.
    Replace,
}

/// What becomes of values far from the others.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Outliers {
    /// They stay.
    #[default]
    Keep,
    /// They are left out.
    Remove {
        /// How many interquartile ranges beyond the quartiles; above 0.
        factor: f64,
    },
}

impl Outliers {
    /// What `factor` is where it is not given.
    pub const FACTOR: f64 = 3.0;
}

/// How large a change has to be, for a failure and for one that brings the whole score to 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EffectSize {
    /// What the four limits are limits of.
    pub measure: Measure,
    /// From here on an increase is a failure.
    pub allowed_increase: f64,
    /// From here down a decrease is a failure.
    pub allowed_decrease: f64,
    /// From here on an increase of a critical metric is critical.
    pub critical_increase: f64,
    /// From here down a decrease of a critical metric is critical.
    pub critical_decrease: f64,
}

impl EffectSize {
    /// Every change that the test shows is large enough.
    pub fn any(measure: Measure) -> Self {
        let none = measure.no_effect();
        Self {
            measure,
            allowed_increase: none,
            allowed_decrease: none,
            critical_increase: none,
            critical_decrease: none,
        }
    }
}

impl Default for EffectSize {
    fn default() -> Self {
        Self::any(Measure::MeanRatio)
    }
}

/// What the size of an effect is measured by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// The canary's mean over the other's; not a number where either is 0.
    #[default]
    MeanRatio,
    /// The share of all pairs in which the canary's value is the higher one, ties counted half: the
    /// common language effect size.
    Cles,
}

impl Measure {
    /// Its value where there is no effect.
    pub fn no_effect(self) -> f64 {
        match self {
            Self::MeanRatio => 1.0,
            Self::Cles => 0.5,
        }
    }
}
