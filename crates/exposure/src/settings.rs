use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_units::Weight;

/// The smallest share that is given is one in so many: of 1,000 requests a second one in 100 seconds.
/// Where the budget allows less, it is spent.
pub const FINEST: u64 = 100_000;

/// What a step that exposes by budget is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposureSettings {
    /// How many requests may be hurt in expectation. At least 1. Default 50.
    pub budget: u32,
    /// The first share, unless the budget allows less. Default 1 %.
    pub start: Weight,
    /// The share at which the step ends. Default everything.
    pub max: Weight,
    /// The harm that is accepted, in millionths of all requests. None: what makes the odds of a failure
    /// 1.25 times as large, or, if that is more, the stable revision's rate times 25 over the
    /// budget; and [`Self::LEAST_HARM`] at least.
    pub tolerate: Option<u32>,
    /// How likely a revision whose harm is not accepted may pass, in millionths. Default 10,000.
    pub alpha: u32,
    /// An order to give less takes effect after this long at most, failures that are seen late
    /// included. Default 2 s.
    pub reaction: Duration,
    /// An answer that takes longer than this hurts as one that failed does. Default: only failures
    /// hurt.
    pub slow: Option<Duration>,
    /// A share is held for this long at least before it rises. Default 10 s.
    pub dwell: Duration,
    /// The largest factor by which a share rises at a time, in hundredths. Default 500.
    pub growth: u32,
    /// After this long a step that cannot tell asks a person. Default: never.
    pub deadline: Option<Duration>,
}

impl ExposureSettings {
    /// The harm that is accepted at least where nothing is said, in millionths: one request in a
    /// thousand, the rate that the tests of errors accept of any revision.
    pub const LEAST_HARM: u32 = 1_000;
}

impl Default for ExposureSettings {
    fn default() -> Self {
        Self {
            budget: 50,
            start: Weight::at_most(1, 100),
            max: Weight::FULL,
            tolerate: None,
            alpha: 10_000,
            reaction: Duration::from_secs(2),
            slow: None,
            dwell: Duration::from_secs(10),
            growth: 500,
            deadline: None,
        }
    }
}
