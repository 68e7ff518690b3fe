use tidegate_judge::RunTraffic;
use tidegate_traffic::Histogram;

use super::{Counted, Watcher};

/// Two significance tests for proportions, at 1 % one-sided each, repeated every minute on all that
/// was counted so far: errors, and answers slower than the stable revision's 90th percentile. Each is
/// right when it is done once.
pub struct ZTest {
    latency_before: Option<Histogram>,
    stable_before: Option<Counted>,
}

/// The 99th percentile of the standard normal distribution.
const CRITICAL: f64 = 2.326_347_874;

/// Fewer hits in all than this make the normal approximation worthless.
const FEWEST_HITS: f64 = 5.0;

impl ZTest {
    /// One that has seen nothing.
    pub fn new() -> Self {
        Self { latency_before: None, stable_before: None }
    }
}

impl Default for ZTest {
    fn default() -> Self {
        Self::new()
    }
}

impl Watcher for ZTest {
    fn calls_worse(&mut self, second: u32, traffic: &RunTraffic) -> bool {
        let (canary, stable) = (&traffic.canary.total, &traffic.stable.total);
        let before = self.stable_before.get_or_insert_with(|| Counted::of(stable));
        let latency_before = self.latency_before.get_or_insert_with(|| stable.latency.clone());
        if !second.is_multiple_of(60) {
            return false;
        }
        let errors = Counted::of(stable).since(before);
        let of_canary = Counted::of(canary);
        if exceeds((of_canary.errors, of_canary.requests), (errors.errors, errors.requests)) {
            return true;
        }
        let latency = stable.latency.since(latency_before);
        let Some(p90) = latency.quantile(0.9) else { return false };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "microseconds")]
        let slow_from = Histogram::bucket(p90 as u64) + 1;
        let slow = |of: &Histogram| (of.count_from(slow_from), of.count());
        exceeds(slow(&canary.latency), slow(&latency))
    }
}

/// Whether the first share is larger, by the pooled two-proportion z-test.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn exceeds(canary: (u64, u64), stable: (u64, u64)) -> bool {
    let [hits_c, all_c, hits_s, all_s] =
        [canary.0, canary.1, stable.0, stable.1].map(|count| count as f64);
    if all_c == 0.0 || all_s == 0.0 || hits_c + hits_s < FEWEST_HITS {
        return false;
    }
    let pooled = (hits_c + hits_s) / (all_c + all_s);
    let error = libm::sqrt(pooled * (1.0 - pooled) * (1.0 / all_c + 1.0 / all_s));
    hits_c / all_c - hits_s / all_s > CRITICAL * error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_z_test_is_the_textbooks() {
        // z = (0.03 - 0.01) / sqrt(0.02 * 0.98 * 2 / 1000) = 3.19; with 20 errors, 1.84.
        assert!(exceeds((30, 1_000), (10, 1_000)));
        assert!(!exceeds((20, 1_000), (10, 1_000)));
        assert!(!exceeds((10, 1_000), (30, 1_000)));
        assert!(!exceeds((4, 4), (0, 1_000)));
    }
}
