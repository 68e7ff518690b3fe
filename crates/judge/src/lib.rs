//! Whether a revision is worse: tests that hold at every look.
//!
//! [`JudgeEvidence`] compares a canary with the stable revision by what a router counted of both;
//! how, and how soon it finds what, is told there. [`weigh`] compares answers to copies of requests.
//! [`judge_interval`] compares recorded series with one value an interval.
//!
//! Invariant: nothing here reads a clock, waits, or touches the world, and nothing is left to
//! chance.

mod arms;
mod constant;
mod design;
mod dispersion;
mod errors;
mod evidence;
mod fields;
mod history;
mod interval;
mod latency;
mod look;
mod mixture;
mod needs;
mod pace;
mod quantile_interval;
mod rates;
mod series;
mod settings;
mod spending;
mod split;
mod threshold;
mod traffic;
mod trend;
mod verdict;

pub use design::{Design, Spending};
pub use evidence::{ArmSum, JudgeEvidence, TestEvidence, TestUnit, Verdict};
pub use fields::{FieldEvidence, weigh};
pub use history::{History, HistoryEvidence, Season};
pub use interval::{
    Concurrency, Direction, IntervalEvidence, IntervalReason, IntervalSettings, IntervalsEvidence,
    NamedSeries, Pairing, Reading, Sample, as_levels, judge_interval, judge_intervals,
};
pub use quantile_interval::quantile_interval;
pub use rates::{EventCounts, RateEvidence, RateSettings};
pub use series::{Arm, SeriesSettings};
pub use settings::JudgeSettings;
pub use split::SplitEvidence;
pub use traffic::RunTraffic;
pub use trend::{Trend, trend};
