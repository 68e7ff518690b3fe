use serde::Serialize;
use tidegate_judge::{JudgeEvidence, TestEvidence, TestUnit, quantile_interval};
use tidegate_traffic::Histogram;

use crate::{
    rate_interval::rate_interval,
    report::{Moment, Word, finite},
};

/// What was known at one moment of a recording that is judged as if it were happening.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Look {
    /// When.
    pub at: Moment,
    /// Over all metrics.
    pub verdict: Word,
    /// Each metric.
    pub metrics: Vec<MetricLook>,
}

/// What was known of one metric.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricLook {
    /// Its name.
    pub name: String,
    /// What it came to.
    pub verdict: Word,
    /// The canary's value so far.
    pub canary: Option<f64>,
    /// Where it lies, with confidence `1 - alpha` of this metric at every look.
    pub canary_interval: Option<[Option<f64>; 2]>,
    /// The stable revision's value so far.
    pub stable: Option<f64>,
    /// Where that lies.
    pub stable_interval: Option<[Option<f64>; 2]>,
    /// Where the difference of the two lies, where that is what was judged.
    pub difference_interval: Option<[Option<f64>; 2]>,
    /// The difference of the two.
    pub difference: Option<f64>,
    /// `ln` of the evidence that it is worse.
    pub log_evidence: f64,
    /// `ln` of the evidence that it is not.
    pub log_no_worse: Option<f64>,
    /// `ln` of what either takes.
    pub log_bar: f64,
}

/// Looks of a recording, oldest first. There are at most [`MOST_LOOKS`]: when there would be more,
/// each second one is let go, but for the one that decided.
#[derive(Clone, Debug, Default)]
pub(crate) struct Looks {
    kept: Vec<Look>,
    seen: u64,
    every: u64,
}

/// More than a plot has points across.
const MOST_LOOKS: usize = 2_000;

impl Looks {
    pub(crate) fn take(&mut self, at_micros: i64, evidence: &JudgeEvidence) {
        let decided = Word::of(evidence.verdict);
        let news = self.kept.last().is_none_or(|last| last.verdict != decided);
        if news || self.seen.is_multiple_of(self.every.max(1)) {
            self.push(look(at_micros, evidence));
        }
        self.seen += 1;
    }

    pub(crate) fn push(&mut self, look: Look) {
        self.kept.push(look);
        if self.kept.len() <= MOST_LOOKS {
            return;
        }
        self.every = self.every.max(1) * 2;
        let mut before = None;
        let mut nth = 0_u64;
        self.kept.retain(|look| {
            nth += 1;
            let news = before.replace(look.verdict) != Some(look.verdict);
            news || nth.is_multiple_of(2)
        });
    }

    pub(crate) fn into_vec(self) -> Vec<Look> {
        self.kept
    }
}

fn look(at_micros: i64, evidence: &JudgeEvidence) -> Look {
    Look {
        at: Moment(at_micros),
        verdict: Word::of(evidence.verdict),
        metrics: evidence.tests.iter().map(|test| metric(test, evidence)).collect(),
    }
}

fn metric(test: &TestEvidence, evidence: &JudgeEvidence) -> MetricLook {
    let sums = [&evidence.canary, &evidence.stable];
    let sums = sums.map(|arm| (arm.requests, arm.errors, &arm.latency));
    let [canary_interval, stable_interval] = intervals(test, sums)
        .map(|interval| interval.map(|(low, high)| [finite(low), finite(high)]));
    MetricLook {
        name: test.name.clone(),
        verdict: Word::of(test.verdict),
        canary: test.canary,
        canary_interval,
        stable: test.stable,
        stable_interval,
        difference: test.canary.zip(test.stable).map(|(canary, stable)| canary - stable),
        difference_interval: None,
        log_evidence: test.log_evidence,
        log_no_worse: Some(test.log_no_worse),
        log_bar: test.log_bar,
    }
}

/// Requests, errors and latencies of one revision.
pub(crate) type Sum<'a> = (u64, u64, &'a Histogram);

/// Confidence sequences of the canary's and of the stable revision's value, in the test's unit. What
/// comes in clumps counts for as many requests as would tell the same one by one.
pub(crate) fn intervals(test: &TestEvidence, sums: [Sum<'_>; 2]) -> [Option<(f64, f64)>; 2] {
    let alpha = (-test.log_bar).exp();
    let effect = test.design_effect().max(1.0);
    sums.map(|(requests, errors, latency)| match test.unit {
        TestUnit::Share => {
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
            let (hits, trials) = (errors as f64 / effect, requests as f64 / effect);
            rate_interval(hits, trials, alpha)
        }
        TestUnit::Milliseconds => {
            quantile_interval(latency, quantile_of(&test.name)?, alpha, effect)
        }
        TestUnit::Value => None,
    })
}

/// The quantile that a test such as `p90` is about.
pub(crate) fn quantile_of(name: &str) -> Option<f64> {
    Some(name.strip_prefix('p')?.parse::<f64>().ok()? / 100.0)
}
