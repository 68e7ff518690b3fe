use crate::{Metric, MetricView, RunPhase};

/// More errors in a row than this make a metric an error (Argo's `DefaultConsecutiveErrorLimit`).
const CONSECUTIVE_ERROR_LIMIT: i64 = 4;

/// What a metric comes to, and by what: the phase and, once it is decided, the reason.
///
/// The order is Argo's: failures, then inconclusives over those, then errors over both; then
/// `consecutiveSuccessLimit`; then the count. A run that is ended leaves the rest successful,
/// with one difference: a metric whose every attempt was an error has measured nothing, so it is
/// inconclusive here, where Argo Rollouts calls it successful (its issue #4479).
pub(crate) fn assess(metric: &Metric, view: &MetricView, ending: bool) -> (RunPhase, String) {
    if let Some(bad) = over_a_limit(metric, view) {
        return bad;
    }
    let successes = metric.consecutive_success_limit.unwrap_or(0);
    if successes > 0 && i64::from(view.consecutive_successes) >= successes {
        let reason = format!("{successes} successes in a row");
        return (RunPhase::Successful, reason);
    }
    if metric.effective_count().is_some_and(|count| view.count >= count) {
        return at_the_count(metric, view, successes);
    }
    if !ending {
        return match (view.measurements.is_empty(), &view.evidence) {
            (true, None) => (RunPhase::Pending, String::new()),
            _ => (RunPhase::Running, String::new()),
        };
    }
    if view.count == 0 && view.errors > 0 {
        let reason =
            format!("ended with nothing measured: {} of {0} attempts were errors", view.errors);
        return (RunPhase::Inconclusive, reason);
    }
    (RunPhase::Successful, "ended before it was decided".to_owned())
}

fn over_a_limit(metric: &Metric, view: &MetricView) -> Option<(RunPhase, String)> {
    let error_limit = metric.consecutive_error_limit.unwrap_or(CONSECUTIVE_ERROR_LIMIT);
    let inconclusive_limit = metric.inconclusive_limit.unwrap_or(0);
    let failure_limit = metric.failure_limit.unwrap_or(0);
    if i64::from(view.consecutive_errors) > error_limit {
        let reason = format!(
            "{} errors in a row, over consecutiveErrorLimit {error_limit}",
            view.consecutive_errors
        );
        return Some((RunPhase::Error, reason));
    }
    if i64::from(view.inconclusive) > inconclusive_limit {
        let reason = format!(
            "{} inconclusive, over inconclusiveLimit {inconclusive_limit}",
            view.inconclusive
        );
        return Some((RunPhase::Inconclusive, reason));
    }
    (failure_limit >= 0 && i64::from(view.failed) > failure_limit).then(|| {
        let reason = format!("{} failed, over failureLimit {failure_limit}", view.failed);
        (RunPhase::Failed, reason)
    })
}

/// The count is reached and no limit is broken.
fn at_the_count(metric: &Metric, view: &MetricView, successes: i64) -> (RunPhase, String) {
    let count = view.count;
    if successes == 0 {
        return (RunPhase::Successful, format!("all {count} measurements were taken"));
    }
    let reason = format!("{count} measurements without {successes} successes in a row");
    if metric.failure_limit.unwrap_or(0) >= 0 {
        (RunPhase::Inconclusive, reason)
    } else {
        (RunPhase::Failed, reason)
    }
}
