//! Requests made into metrics with a value in each interval.

use std::collections::BTreeMap;

use tidegate_judge::{
    Direction, IntervalEvidence, IntervalSettings, JudgeSettings, Reading, Sample, TestUnit,
    Verdict, judge_interval,
};
use tidegate_traffic::Tally;

use crate::{
    series::Metric,
    traffic::{Side, Traffic},
};

/// Lengths of an interval, in microseconds.
const WIDTHS: [i64; 15] = [
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    15_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
    300_000_000,
    600_000_000,
    900_000_000,
    1_800_000_000,
    3_600_000_000,
    7_200_000_000,
    14_400_000_000,
];

/// An interval should have so many requests of either revision, so that its quantiles say something.
const WANTED_REQUESTS: u64 = 50;

/// But there should be so many intervals, for their scatter is what a difference is weighed against.
const WANTED_INTERVALS: i64 = 16;

/// An interval with fewer requests than this has no value.
const FEWEST_REQUESTS: u64 = 5;

/// One metric of requests, by interval.
pub(crate) struct Derived {
    pub(crate) unit: TestUnit,
    pub(crate) metric: Metric,
    pub(crate) settings: IntervalSettings,
}

/// What a metric of requests came to, judged by interval.
pub(crate) struct Weighed {
    pub(crate) name: String,
    pub(crate) unit: TestUnit,
    pub(crate) evidence: IntervalEvidence,
}

/// Judges each metric by interval.
pub(crate) fn weigh(derived: &[Derived]) -> Vec<Weighed> {
    let weighed = |one: &Derived| Weighed {
        name: one.metric.name.clone(),
        unit: one.unit,
        evidence: judge_interval(&one.metric.canary, &one.metric.stable, &one.settings),
    };
    derived.iter().map(weighed).collect()
}

/// A rise that is accepted however small the stable revision's value is: one more error in a thousand
/// requests, a millisecond.
const fn accepted(unit: TestUnit) -> f64 {
    match unit {
        TestUnit::Share => 0.001,
        TestUnit::Milliseconds | TestUnit::Value => 1.0,
    }
}

/// The length of an interval, in microseconds: as short as the traffic allows.
pub(crate) fn width(traffic: &Traffic) -> i64 {
    let shortest = [Side::Canary, Side::Stable].into_iter().filter_map(|side| {
        let (first, last) = traffic.span(side)?;
        let span = (last - first).saturating_add(traffic.slot_micros());
        let requests = i64::try_from(traffic.requests(side)).unwrap_or(i64::MAX).max(1);
        Some((span, span / requests))
    });
    let (spans, gaps): (Vec<_>, Vec<_>) = shortest.unzip();
    let wanted_requests = i64::try_from(WANTED_REQUESTS).unwrap_or(i64::MAX);
    let enough = gaps.into_iter().max().unwrap_or(1).saturating_mul(wanted_requests);
    let at_most = spans.into_iter().min().unwrap_or(1) / WANTED_INTERVALS;
    let wide = WIDTHS.into_iter().find(|width| *width >= enough).unwrap_or(i64::MAX);
    let fitting = WIDTHS.into_iter().rev().find(|width| *width <= at_most);
    wide.min(fitting.unwrap_or(WIDTHS[0])).max(traffic.slot_micros())
}

/// The error rate and the quantiles of both in each interval. Half of alpha is for errors, the rest
/// for the quantiles in equal parts.
pub(crate) fn derive(
    traffic: &Traffic,
    judge: &JudgeSettings,
    interval: &IntervalSettings,
) -> Vec<Derived> {
    let wide = traffic.wide_slots(width(traffic));
    let quantiles = if traffic.has_latency() { judge.quantiles.as_slice() } else { &[] };
    let metric = |name: String, unit, value: &dyn Fn(&Tally) -> Option<f64>| {
        let parts = parts(unit, traffic.has_status, quantiles.len());
        let settings = IntervalSettings {
            alpha: judge.alpha / parts,
            direction: Direction::Increase,
            absolute_margin: Some(accepted(unit)),
            reading: Reading::Gauge,
            ..*interval
        };
        let canary = samples(&wide, |[canary, _]| value(canary));
        let stable = samples(&wide, |[_, stable]| value(stable));
        Derived { unit, metric: Metric { name, canary, stable }, settings }
    };
    let mut all = Vec::new();
    if traffic.has_status {
        all.push(metric("errors".to_owned(), TestUnit::Share, &error_rate));
    }
    for p in quantiles {
        let name = format!("p{}", (p * 1e8).round() / 1e6);
        all.push(metric(name, TestUnit::Milliseconds, &|tally| quantile(tally, *p)));
    }
    all
}

/// Which part of alpha a metric has.
#[expect(clippy::cast_precision_loss, reason = "a handful of metrics")]
fn parts(unit: TestUnit, errors: bool, quantiles: usize) -> f64 {
    match unit {
        TestUnit::Share if quantiles == 0 => 1.0,
        TestUnit::Share => 2.0,
        _ if errors => 2.0 * quantiles as f64,
        _ => quantiles as f64,
    }
}

fn samples(
    wide: &BTreeMap<i64, [Tally; 2]>,
    value: impl Fn(&[Tally; 2]) -> Option<f64>,
) -> Vec<Sample> {
    let sample = |(at, slots): (&i64, &[Tally; 2])| {
        #[expect(clippy::cast_precision_loss, reason = "microseconds are plenty")]
        let at = *at as f64 / 1e6;
        Some(Sample { at, value: value(slots)? })
    };
    wide.iter().filter_map(sample).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn error_rate(tally: &Tally) -> Option<f64> {
    let judged = tally.judged();
    (judged >= FEWEST_REQUESTS).then(|| tally.errors() as f64 / judged as f64)
}

fn quantile(tally: &Tally, p: f64) -> Option<f64> {
    let enough = tally.latency.count() >= FEWEST_REQUESTS;
    tally.latency.quantile(p).filter(|_| enough).map(|micros| micros / 1e3)
}

/// So many intervals of either revision have to be there before they speak against anything.
const FEWEST_INTERVALS: usize = 8;

/// Whether the intervals leave it open that a rise which was seen second by second is what differs
/// between any two stretches of one run.
pub(crate) fn is_doubted(evidence: &IntervalEvidence) -> bool {
    let rows = evidence.canary_rows.min(evidence.stable_rows);
    rows >= FEWEST_INTERVALS && evidence.verdict != Verdict::Worse
}
