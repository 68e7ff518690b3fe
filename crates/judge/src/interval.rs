//! The judge of series with one value an interval, as monitoring exports give them.

mod bar;
mod direction;
mod judge;
mod late;
mod least_squares;
mod line;
mod noise;
mod pairs;
mod persistence;
mod prepare;
mod sentence;
mod several;

pub(crate) use bar::Bar;
pub use direction::Direction;
pub use judge::judge_interval;
pub(crate) use line::{centre_and_spread, count, mean, median, pulled_in};
pub(crate) use prepare::Arm;
pub use prepare::as_levels;
pub(crate) use sentence::{Between, Short, Weighed};
pub use several::{IntervalsEvidence, NamedSeries, judge_intervals};

use serde::{Deserialize, Serialize};

use crate::evidence::Verdict;

/// One value of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Seconds, from any origin. From 1973 on (1e8) they are taken for a wall clock.
    pub at: f64,
    /// The value; NaN or infinite if it is missing.
    pub value: f64,
}

/// What the values of a series are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// A counter if both arms only ever rise but for resets to near zero, else a gauge.
    #[default]
    Detect,
    /// Each value is a level.
    Gauge,
    /// The values only rise; what is compared is how fast, per second.
    Counter,
}

/// Whether both arms ran at the same time, so that what happened to both can cancel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concurrency {
    /// As a wall clock says, or the series themselves do by moving together.
    #[default]
    Detect,
    /// They did, whatever the clock begins with.
    Yes,
    /// They did not, even if their times overlap.
    No,
}

/// How two interval series are compared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntervalSettings {
    /// P(ever a false alarm) for one metric. Default 0.01.
    pub alpha: f64,
    /// The change that is still accepted, as a share of the stable level, where both ran at the
    /// same time. Default 0.10.
    pub margin: f64,
    /// The same where they did not, so that what else has changed since is in the difference too.
    /// Default 0.25.
    pub margin_apart: f64,
    /// A change in the metric's own unit that is accepted too, however small the stable level is.
    /// Default none.
    pub absolute_margin: Option<f64>,
    /// Which change is harmful. Default either.
    pub direction: Direction,
    /// The seconds at the canary's beginning that do not count. Default 0.
    pub warm_up_s: f64,
    /// What the values are. Default: found out.
    pub reading: Reading,
    /// Whether both arms ran at the same time, measured by one clock. Default: found out.
    pub concurrent: Concurrency,
}

impl Default for IntervalSettings {
    fn default() -> Self {
        Self {
            alpha: 0.01,
            margin: 0.10,
            margin_apart: 0.25,
            absolute_margin: None,
            direction: Direction::Either,
            warm_up_s: 0.0,
            reading: Reading::Detect,
            concurrent: Concurrency::Detect,
        }
    }
}

/// How the samples of the two arms were set against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pairing {
    /// Both ran at the same time: the clock says so, or they move together from row to row.
    Concurrent,
    /// Their times overlap, but a clock that begins near zero and series that do not move together
    /// do not show that they ran at the same time.
    SeeminglyConcurrent,
    /// One ran before the other, or at times that do not meet.
    Apart,
}

/// Why the verdict is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalReason {
    /// The canary has no value.
    CanaryEmpty,
    /// The stable revision has no value.
    StableEmpty,
    /// An arm has fewer rows than its fluctuation could be learned from.
    TooFewRows,
    /// The whole confidence sequence lies beyond the margin, on the harmful side.
    BeyondMargin,
    /// The whole confidence sequence lies within the margin, or on the harmless side.
    WithinMargin,
    /// The confidence sequence reaches over the margin; more rows narrow it.
    TooFewYet,
    /// It reaches over the margin because the series drift; more rows of the same hardly narrow it.
    Drift,
}

/// What a comparison of two interval series has come to.
///
/// # How it compares
/// The difference of the means, against the variance that means over *this long* really have. In
/// each arm (or in the paired differences) it is learned what rows keep of the last one, an
/// autoregression with the bias of short series put right; what the Allan variance of longer blocks
/// is beyond that is fitted by flicker, random walk and drift and read off at the length of the arm
/// itself. So autocorrelation, levels that wander and trends widen the interval as much as they
/// do to the series. Of two arms that ran one after the other, the more restless one speaks for
/// both; two that ran side by side and have nothing in common may have wandered apart before. What
/// the few long blocks cannot tell is paid for by Student's t, steadied by what metrics usually do
/// (the moderated variance of Smyth 2004).
///
/// The interval is the confidence sequence of a normal mixture (Robbins 1970; Waudby-Smith et al.,
/// arXiv 2103.06476, for asymptotic validity; Lai 1976 and Wang & Ramdas 2023 for the t form), so
/// it may be looked at after each row.
///
/// What it finds and what it falsely finds on public recordings is in the book, on the page about
/// its statistics.
///
/// # What it cannot tell
/// A canary that breaks late in its own run looks like a level that wanders until it has been
/// broken for a good part of the rows. Where both ran at the same time and have something in common,
/// the last half and the last quarter of the rows are judged on their own too, and share alpha with
/// the whole; elsewhere a level that wanders cannot be told from one that broke. A step exactly where the one arm ends and the other begins
/// is a difference, whatever caused it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntervalEvidence {
    /// What it comes to. `needs` counts rows of the canary.
    pub verdict: Verdict,
    /// Why.
    pub reason: IntervalReason,
    /// How the samples were set against each other.
    pub pairing: Pairing,
    /// Which change counts as harmful.
    pub direction: Direction,
    /// What the values were taken for: [`Reading::Gauge`] or [`Reading::Counter`].
    pub reading: Reading,
    /// The canary's mean, of rates per second if it is a counter; values far outside of the
    /// ordinary are pulled in first. NaN without a value.
    pub canary_mean: f64,
    /// The stable revision's.
    pub stable_mean: f64,
    /// The canary's mean less the stable revision's.
    pub difference: f64,
    /// The lower end of the difference's confidence sequence; it may be infinite.
    pub lo: f64,
    /// The upper end.
    pub hi: f64,
    /// The difference that is accepted, in the metric's unit: the relative margin, the absolute
    /// one, or the metric's ordinary fluctuation, whichever is the largest.
    pub margin: f64,
    /// The rows of the canary that have a value and count.
    pub canary_rows: usize,
    /// The rows of the stable revision.
    pub stable_rows: usize,
    /// How many independent rows of the canary would tell as much as these.
    pub canary_effective: f64,
    /// The same of the stable revision.
    pub stable_effective: f64,
    /// The rows of both arms that have no value.
    pub missing: usize,
    /// `ln` of the evidence against "the difference is within the margin".
    pub log_evidence: f64,
    /// `ln(1 / alpha)`: the evidence that it takes.
    pub log_bar: f64,
    /// Set where the canary is worse in so many rows at its end, and all else here is of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_rows: Option<usize>,
}
