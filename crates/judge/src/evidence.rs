use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_traffic::{Histogram, Tally};
use tidegate_units::Timestamp;

use crate::design::Planned;
use crate::dispersion::Dispersion;
use crate::mixture::Mixture;
use crate::pace::Pace;
use crate::series::Series;
use crate::split::SplitEvidence;
use crate::threshold::Threshold;

/// What the judge has gathered of a canary beside the stable revision. Others only show it.
///
/// # What is promised
/// P(ever "worse", for a canary that is no worse than the margins) is at most `alpha`, for the
/// whole run, at any number of looks at any times. Equal parts of `alpha` go to the errors, to the
/// latency quantiles and to other metrics that are compared, as far as there are such; within these,
/// equal parts to each. Each test of errors and latency is an e-value, a product of factors
/// whose expectation is at most 1 for every canary within the margin, and is decided when it
/// reaches `1 / alpha` (Ville's inequality).
///
/// # How it compares
/// The counts since the last look make a *batch*; both revisions served it in the same seconds. A
/// batch is judged by its own composition, so neither a changing weight nor a rate or latency that
/// changes for both is evidence. (Requests count when they end: for 30 seconds after the canary's
/// share fell nothing is judged if many of its requests were open, as slow ones of before would stand
/// beside fast ones of since.) What ends a batch is how many requests it has and how old it is,
/// never how they ended, so small looks are put together without harm.
///
/// - *Errors*: given that a request failed, how likely was it the canary's? At most
///   `rho' = m n_c / (n_s + m n_c)` while its odds of failing are within the margin `m`. The
///   factor of odds that are `theta` times as large is `theta^y / (1 + rho' (theta - 1))^k`, for
///   `y` errors of the canary among `k`, mixed over `theta` from 1.6 to 1000: the likelihood-ratio
///   mixture that Lindon & Malek (2022, "Anytime-valid inference for multinomial count data",
///   `NeurIPS`) give for a constant share, with the share of each batch.
///   From 5 % of errors on, rates are compared in place of shares: the 2x2 e-value of Turner &
///   Grünwald (2023) for an odds ratio within the margin, which gains more there.
/// - *Latency*: an answer of the stable revision is slow from its own recent quantile `x` on, one
///   of the canary from `x` and the accepted rise on. A canary within the margin has no larger
///   share of slow answers. The factor is the 2x2 e-value of Turner, Ly & Grünwald (2024). `x` is
///   drawn from the seconds before, and bucket bounds are rounded in the canary's favour.
/// - *Clumps*: a session that fails as a whole is one event, not thirty. How much more the hits
///   scatter than those of independent requests would is followed, and evidence counts for so much
///   less ([`TestEvidence::design_effect`]).
/// - *Shown to be no worse* is the same with the null and the alternative exchanged.
///
/// The per-arm quantile e-values of Howard & Ramdas (2022, "Sequential estimation of quantiles",
/// Bernoulli 28) could be multiplied instead. They suppose that latency does not change in time:
/// with latency that drifts for both and one change of the weight, that product called the same
/// revision worse in 12 of 40 simulated runs at `alpha` 0.01, this one in none (in 1 of 5000 with
/// errors and weights of all sizes besides), and it found slow ones no sooner. Their intervals are
/// there to be shown: [`crate::quantile_interval()`].
///
/// A canary that breaks late is found too: new bets are opened every 10 seconds, each with a smaller
/// share of the whole. It takes longer than from the start, for a break looks like scatter at first:
/// one that fails half its requests is found in seconds, one that fails 5 % takes three times as long.
///
/// # How soon
/// Seconds from the first request, median and 99th percentile of 60 simulated runs, log-normal
/// latency with a median of 20 ms and a sigma of 0.5, looks every 200 ms, default settings:
///
/// | canary | 10 canary requests a second (5 % of 200) | 50 a second (25 % of 200) |
/// |---|---|---|
/// | fails all | 0.4, 0.8 | |
/// | fails half | 0.6, 1.4 (3 errors in the median) | |
/// | fails 5 % | 4.6, 13 | 2.2, 4.6 |
/// | all answers take 2.0 times as long | 4.4, 6.6 | |
/// | all answers take 1.4 times as long | 12, 22 | 4.8, 8.4 |
/// | p90 is 1.4 times as long, p50 the same | 23, 57 | 7.8, 16 |
///
/// The latency of the canary's first two seconds does not count: connections are opened and
/// caches filled.
///
/// # What it cannot tell
/// With all of the traffic on one revision there is nothing to compare. A difference that comes
/// from where the replicas run, not from the revision, is a difference all the same. Requests are
/// supposed to fall to the revisions independently of how they will end; with sticky sessions that
/// is so for sessions only, which the clumps above make up for as far as they are seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
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
    /// Whether the canary gets the share of the requests that it should.
    #[serde(default)]
    pub split: SplitEvidence,
    /// Values of the other metrics that are compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Value)]
    pub(crate) series: Vec<Series>,
    #[schema(value_type = Value)]
    pub(crate) progress: Progress,
    #[serde(skip)]
    #[schema(value_type = Value)]
    pub(crate) rehearsal: Rehearsal,
}

/// What a recording that is there to its end is gone through for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Rehearsal {
    /// It is happening.
    #[default]
    None,
    /// To learn how much it scatters. Nothing is decided.
    Learns,
    /// To judge it, with the design effect of each test.
    Knows(Vec<f64>),
}

impl JudgeEvidence {
    /// Evidence that decides nothing, and learns how much each test's hits scatter over all that it
    /// looks at, for [`Self::after`].
    pub fn rehearsal() -> Self {
        Self { rehearsal: Rehearsal::Learns, ..Self::default() }
    }

    /// Evidence that knows from the start how much each test's hits scatter over all of a recording,
    /// which a rehearsal went through before with the same settings.
    pub fn after(rehearsal: &Self) -> Self {
        let effects = rehearsal.tests.iter().map(|test| test.dispersion.over_all());
        Self { rehearsal: Rehearsal::Knows(effects.collect()), ..Self::default() }
    }

    /// About how long it takes until the canary is shown to be no worse, if it is as good as the
    /// stable revision, at the pace of its requests of late; none where that is not known.
    pub fn wait(&self) -> Option<Duration> {
        let Verdict::Inconclusive { needs } = self.verdict else { return None };
        self.progress.pace.time_for(needs?)
    }

    /// Forgets what only further looks would need, which is most of what it holds.
    pub fn close(&mut self) {
        self.progress = Progress::default();
        self.series = Vec::new();
    }
}

/// What one test has come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
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
    #[serde(default)]
    #[schema(value_type = Value)]
    pub(crate) dispersion: Dispersion,
    /// The largest evidence so far that it is worse.
    #[serde(skip)]
    #[schema(value_type = Value)]
    pub(crate) peak: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value)]
    pub(crate) planned: Option<Box<Planned>>,
    #[schema(value_type = Value)]
    pub(crate) worse: Mixture,
    #[schema(value_type = Value)]
    pub(crate) no_worse: Mixture,
}

impl TestEvidence {
    /// The design effect: so many requests that come in clumps and end alike tell as much as one that
    /// does not; 1 or more.
    pub fn design_effect(&self) -> f64 {
        self.dispersion.effect()
    }
}

/// The unit of a test's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum TestUnit {
    /// A share of all requests, 0 to 1.
    Share,
    /// Milliseconds.
    Milliseconds,
    /// Whatever the metric is measured in.
    Value,
}

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = JudgeVerdict)]
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ArmSum {
    /// Its requests, the cancelled left out.
    pub requests: u64,
    /// Those of them that failed.
    pub errors: u64,
    /// The latencies that count for the latency tests, also of requests that were given up.
    #[schema(value_type = Value)]
    pub latency: Histogram,
}

/// So many requests have to be seen before their share of errors is one to go by.
const FEWEST_REQUESTS: u64 = 50;

impl ArmSum {
    /// Counts errors and requests.
    pub(crate) fn count(&mut self, (errors, requests): (u64, u64)) {
        self.requests += requests;
        self.errors += errors;
    }

    /// The share of errors, never 0 or 1; none while it is of too few requests.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub(crate) fn error_share(&self) -> Option<f64> {
        let share = (self.errors as f64 + 0.5) / (self.requests as f64 + 1.0);
        (self.requests >= FEWEST_REQUESTS).then_some(share)
    }
}

/// Where the judge stands in the router's counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// The router's epoch at the last look.
    pub(crate) epoch: u64,
    /// The counts at the end of the last batch.
    pub(crate) canary: Tally,
    pub(crate) stable: Tally,
    /// When that was.
    pub(crate) scored_at: Timestamp,
    /// Starts of the mixtures after the first, and when the last was.
    pub(crate) starts: u32,
    pub(crate) started_at: Timestamp,
    /// When the canary's first request was seen; its latency counts from a while after.
    pub(crate) canary_since: Option<Timestamp>,
    /// How fast the canary's requests come.
    #[serde(default)]
    pub(crate) pace: Pace,
    /// The share of the requests that the split gave the canary at the last look.
    #[serde(default)]
    pub(crate) share: Option<f64>,
    /// Until when nothing is judged, because that fell.
    #[serde(default)]
    pub(crate) held_until: Option<Timestamp>,
    /// The stable revision's latencies of late, in two halves so that they can age.
    pub(crate) recent: Histogram,
    pub(crate) older: Histogram,
    /// Room for both together; empty.
    #[serde(skip)]
    pub(crate) late: Histogram,
    pub(crate) aged_at: Timestamp,
    /// Where slow begins, for each quantile, and when that was last drawn.
    pub(crate) thresholds: Vec<Option<Threshold>>,
    pub(crate) aimed_at: Option<Timestamp>,
}
