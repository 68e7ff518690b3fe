use tidegate_judge::RunTraffic;
use tidegate_traffic::Histogram;

use super::{Counted, Watcher};

/// A metric of an Argo Rollouts `AnalysisTemplate`, as its documentation's examples have it: the
/// canary's success rate, or a quantile of its latency, over the last interval beside a fixed number.
///
/// With `failureLimit: 3` the fourth measurement that fails, of all so far, fails the run. An
/// interval without requests is neither good nor bad (no number comes of it).
pub struct Threshold {
    limit: Limit,
    interval: u32,
    failure_limit: u32,
    failures: u32,
    then: Counted,
    latency_then: Histogram,
}

/// What is good.
enum Limit {
    SuccessRate(f64),
    P90Ms(f64),
}

impl Threshold {
    /// `successCondition: result[0] >= least`.
    pub fn success_rate(least: f64, interval: u32, failure_limit: u32) -> Self {
        Self::new(Limit::SuccessRate(least), interval, failure_limit)
    }

    /// `successCondition: result[0] <= most` of the 90th percentile in milliseconds.
    pub fn p90(most_ms: f64, interval: u32, failure_limit: u32) -> Self {
        Self::new(Limit::P90Ms(most_ms), interval, failure_limit)
    }

    fn new(limit: Limit, interval: u32, failure_limit: u32) -> Self {
        Self {
            limit,
            interval,
            failure_limit,
            failures: 0,
            then: Counted::default(),
            latency_then: Histogram::default(),
        }
    }

    /// Whether the last interval failed.
    fn fails(&mut self, traffic: &RunTraffic) -> bool {
        let total = &traffic.canary.total;
        match self.limit {
            Limit::SuccessRate(least) => {
                let now = Counted::of(total);
                let errors = now.since(&self.then).error_rate();
                self.then = now;
                errors.is_some_and(|errors| 1.0 - errors < least)
            }
            Limit::P90Ms(most) => {
                let p90 = total.latency.since(&self.latency_then).quantile(0.9);
                self.latency_then.clone_from(&total.latency);
                p90.is_some_and(|micros| micros / 1e3 > most)
            }
        }
    }
}

impl Watcher for Threshold {
    fn calls_worse(&mut self, second: u32, traffic: &RunTraffic) -> bool {
        if second.is_multiple_of(self.interval) {
            self.failures += u32::from(self.fails(traffic));
        }
        self.failures > self.failure_limit
    }
}
