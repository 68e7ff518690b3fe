use crate::{JudgeSettings, Metric, Provider};

/// What watches a canary whose rollout names no analysis: the judge with its default settings,
/// from the first request until the run is ended.
pub fn default_watch_metrics() -> Vec<Metric> {
    vec![Metric::new("judge", Provider::Judge(JudgeSettings::default()))]
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
