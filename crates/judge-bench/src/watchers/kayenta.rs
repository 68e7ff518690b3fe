use tidegate_judge::RunTraffic;
use tidegate_kayenta::{Class, Direction, MetricSettings, classify};
use tidegate_traffic::Histogram;

use super::{Counted, Watcher};

/// Kayenta's `NetflixACAJudge-v1.0` looked at ten times: after each tenth of the time it judges all
/// minutes so far, each of them a value of the error rate (in percent) and of the 90th percentile of
/// latency (in milliseconds), for an increase. One metric that fails is enough.
pub struct Kayenta {
    every: u32,
    settings: MetricSettings,
    canary: Minutes,
    stable: Minutes,
}

/// The values of one revision.
#[derive(Default)]
struct Minutes {
    then: Counted,
    latency_then: Histogram,
    error_rates: Vec<f64>,
    p90: Vec<f64>,
}

impl Kayenta {
    /// One that looks ten times in so many seconds.
    pub fn ten_times(seconds: u32) -> Self {
        let settings =
            MetricSettings { direction: Direction::Increase, ..MetricSettings::default() };
        let (canary, stable) = (Minutes::default(), Minutes::default());
        Self { every: (seconds / 10).max(1), settings, canary, stable }
    }

    fn fails(&self) -> bool {
        let fails = |canary: &[f64], stable: &[f64]| {
            classify(&self.settings, canary, stable).class == Class::High
        };
        fails(&self.canary.error_rates, &self.stable.error_rates)
            || fails(&self.canary.p90, &self.stable.p90)
    }
}

impl Minutes {
    fn start(&mut self, total: &tidegate_traffic::Tally) {
        self.then = Counted::of(total);
        self.latency_then.clone_from(&total.latency);
    }

    /// A minute without requests has no value.
    fn end(&mut self, total: &tidegate_traffic::Tally) {
        let errors = Counted::of(total).since(&self.then).error_rate();
        let p90 = total.latency.since(&self.latency_then).quantile(0.9);
        self.error_rates.push(errors.map_or(f64::NAN, |rate| 100.0 * rate));
        self.p90.push(p90.map_or(f64::NAN, |micros| micros / 1e3));
        self.start(total);
    }
}

impl Watcher for Kayenta {
    fn calls_worse(&mut self, second: u32, traffic: &RunTraffic) -> bool {
        for (minutes, arm) in
            [(&mut self.canary, &traffic.canary), (&mut self.stable, &traffic.stable)]
        {
            if second == 0 {
                minutes.start(&arm.total);
            } else if second.is_multiple_of(60) {
                minutes.end(&arm.total);
            }
        }
        second > 0 && second.is_multiple_of(self.every) && self.fails()
    }
}
