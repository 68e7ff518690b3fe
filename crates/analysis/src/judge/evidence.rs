use serde::{Deserialize, Serialize};
use tidegate_traffic::{Histogram, Tally};
use tidegate_units::Timestamp;

use super::mixture::Mixture;
use super::threshold::Threshold;

/// What the judge has gathered. The analysis crate's own; others only show it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JudgeEvidence {
    /// When the router's counts were last looked at.
    pub looked_at: Option<Timestamp>,
    /// What all tests come to.
    pub verdict: Verdict,
    /// Each test: `errors` first, then the quantiles (`p50`, `p90`, ..).
    pub tests: Vec<TestEvidence>,
    /// What was judged of the canary.
    pub canary: ArmSum,
    /// What it was compared with.
    pub stable: ArmSum,
    pub(super) progress: Progress,
}

/// What one test has come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestEvidence {
    /// `errors`, or a quantile such as `p90`.
    pub name: String,
    /// What [`Self::canary`] and [`Self::stable`] are.
    pub unit: TestUnit,
    /// The canary's value over all that was judged; none before its first request.
    pub canary: Option<f64>,
    /// The stable revision's value over the same seconds.
    pub stable: Option<f64>,
    /// How many of the canary's requests were judged.
    pub canary_count: u64,
    /// How many of the stable revision's.
    pub stable_count: u64,
    /// `ln` of the e-value against "the canary is no worse than the margin".
    pub log_evidence: f64,
    /// `ln` of the e-value against "the canary is worse than the margin".
    pub log_no_worse: f64,
    /// `ln(1 / alpha)` of this test: either is decided when its evidence reaches this.
    pub log_bar: f64,
    /// What it comes to.
    pub verdict: Verdict,
    pub(super) worse: Mixture,
    pub(super) no_worse: Mixture,
}

/// The unit of a test's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TestUnit {
    /// A share of all requests, 0 to 1.
    Share,
    /// Milliseconds.
    Milliseconds,
}

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Shown to be worse than the margin. It stays so.
    Worse,
    /// Shown to be no worse than the margin.
    NoWorse,
    /// Neither is shown.
    Inconclusive {
        /// About how many more requests of the canary would show it to be no worse, if it is as
        /// good as the stable revision; none while there is nothing to tell it from.
        needs: Option<u64>,
    },
}

impl Default for Verdict {
    fn default() -> Self {
        Self::Inconclusive { needs: None }
    }
}

/// What was judged of one revision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ArmSum {
    /// Its requests, the cancelled left out.
    pub requests: u64,
    /// Those of them that failed.
    pub errors: u64,
    /// The latencies of those that were answered and count for the latency tests.
    pub latency: Histogram,
}

/// Where the judge stands in the router's counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The router's epoch at the last look.
    pub(super) epoch: u64,
    /// The counts at the end of the last batch.
    pub(super) canary: Tally,
    pub(super) stable: Tally,
    /// When that was.
    pub(super) scored_at: Timestamp,
    /// Starts of the mixtures after the first, and when the last was.
    pub(super) starts: u32,
    pub(super) started_at: Timestamp,
    /// When the canary's first request was seen; its latency counts from a while after.
    pub(super) canary_since: Option<Timestamp>,
    /// The stable revision's latencies of late, in two halves so that they can age.
    pub(super) recent: Histogram,
    pub(super) older: Histogram,
    pub(super) aged_at: Timestamp,
    /// Where slow begins, for each quantile, and when that was last drawn.
    pub(super) thresholds: Vec<Option<Threshold>>,
    pub(super) aimed_at: Option<Timestamp>,
}
