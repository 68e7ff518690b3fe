use crate::{JudgeSettings, Metric, Provider};

/// What watches a canary whose rollout names no analysis: the judge with its default settings,
/// from the first request until the run is ended.
pub fn default_watch_metrics() -> Vec<Metric> {
    vec![Metric {
        name: "judge".to_owned(),
        interval: None,
        initial_delay: None,
        count: None,
        success_condition: None,
        failure_condition: None,
        failure_limit: None,
        inconclusive_limit: None,
        consecutive_error_limit: None,
        consecutive_success_limit: None,
        provider: Provider::Judge(JudgeSettings::default()),
    }]
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
