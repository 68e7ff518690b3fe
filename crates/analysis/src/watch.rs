use std::time::Duration;

use crate::{JudgeSettings, Metric, Provider, ShadowSettings};

/// What watches a canary whose rollout names no analysis: the judge with its default settings,
/// from the first request until the run is ended.
pub fn default_watch_metrics() -> Vec<Metric> {
    vec![Metric::new("judge", Provider::Judge(JudgeSettings::default()))]
}

/// What a step waits for that compares the answers of a shadowed revision for `duration`: a
/// difference at any time, or none after `least` comparisons at its end.
pub fn shadow_metrics(duration: Duration, least: u64) -> Vec<Metric> {
    let settings = ShadowSettings { least, wait: Duration::ZERO, ..ShadowSettings::default() };
    let initial_delay = Some(duration);
    vec![Metric { initial_delay, ..Metric::new("shadow", Provider::Shadow(settings)) }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_watch_is_a_valid_run_that_never_ends_by_itself() {
        let metrics = default_watch_metrics();
        assert_eq!(crate::check_metrics(&metrics), Ok(()));
        assert!(metrics.iter().all(|metric| metric.effective_count().is_none()));
    }
}
