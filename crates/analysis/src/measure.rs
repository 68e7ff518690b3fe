use std::time::Duration;

use tidegate_condition::{Condition, Value};
use tidegate_planted::{Mistake, makes};
use tidegate_traffic::Tally;
use tidegate_units::Timestamp;

use crate::{ArmMeasure, Metric, RevisionRole, RouterMeasure, RunPhase, RunTraffic};

/// The value that the router measured, or in one sentence why there is none.
pub(crate) fn router_value(
    measure: &RouterMeasure,
    traffic: Option<&RunTraffic>,
) -> Result<f64, String> {
    let traffic = traffic.ok_or("the router did not answer")?;
    let seconds = match measure.of {
        RevisionRole::Canary => &traffic.canary.seconds,
        RevisionRole::Stable => &traffic.stable.seconds,
        RevisionRole::Copies => &traffic.canary.mirrored.seconds,
    };
    let window = Window::of(seconds, traffic.at, measure.window);
    let value = match measure.measure {
        ArmMeasure::ErrorRate => window.error_rate(),
        ArmMeasure::RequestRate => Some(window.request_rate()),
        ArmMeasure::LatencyMs { quantile } => {
            window.sum.latency.quantile(quantile).map(|micros| micros / 1e3)
        }
    };
    value.ok_or_else(|| {
        let what = match measure.of {
            RevisionRole::Canary => "request to the canary",
            RevisionRole::Stable => "request to the stable",
            RevisionRole::Copies => "copy of a request to the canary",
        };
        format!("no {what} revision in the last {:?}", measure.window)
    })
}

/// What ended in the last whole seconds.
pub(crate) struct Window {
    pub(crate) sum: Tally,
    /// How much of the asked time the router has been counting for.
    covered: Duration,
}

impl Window {
    pub(crate) fn of(seconds: &[(Timestamp, Tally)], at: Timestamp, length: Duration) -> Self {
        let from = at.before(length);
        let mut sum = Tally::default();
        for (_, second) in seconds.iter().filter(|(second, _)| *second >= from) {
            sum.add(second);
        }
        let first = seconds.first().map_or(from, |(second, _)| *second);
        let covered = at.since(first.max(from)).max(Duration::from_secs(1));
        Self { sum, covered }
    }

    pub(crate) fn error_rate(&self) -> Option<f64> {
        let judged = self.sum.judged();
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        (judged > 0).then(|| self.sum.errors().min(judged) as f64 / judged as f64)
    }

    pub(crate) fn request_rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let requests = self.sum.requests as f64;
        requests / self.covered.as_secs_f64()
    }
}

fn is_nan(result: &Value) -> bool {
    matches!(result, Value::Float(number) if number.is_nan())
}

/// Whether nothing was measured: that is why most conditions fail on it.
fn is_empty(result: &Value) -> bool {
    match result {
        Value::Nil => true,
        Value::List(list) => list.items().is_empty(),
        _ => false,
    }
}

/// What a measurement with the value `result` comes to under the metric's conditions, and why when
/// a condition cannot be evaluated. `neither` is what it is where there is no condition.
///
/// With one condition, its failing to hold is the other's holding; with both, neither holding is
/// inconclusive, and a failure condition that holds wins (as in Argo Rollouts).
pub(crate) fn judge_value(
    metric: &Metric,
    result: &Value,
    neither: RunPhase,
) -> (RunPhase, String) {
    let evaluate = |field: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => Condition::parse(text)
            .and_then(|condition| condition.holds_value(result))
            .map(Some)
            .map_err(|error| {
                let why = if is_empty(result) { "the answer is empty: " } else { "" };
                format!("{field} {text:?} cannot be evaluated: {why}{error}")
            }),
    };
    let empty = is_empty(result) && makes(Mistake::EmptyIsSuccess);
    if empty || (is_nan(result) && makes(Mistake::NanIsSuccess)) {
        return (RunPhase::Successful, String::new());
    }
    let success = evaluate("successCondition", &metric.success_condition);
    let failure = evaluate("failureCondition", &metric.failure_condition);
    let phase = match (success, failure) {
        (Err(problem), _) | (_, Err(problem)) => return (RunPhase::Error, problem),
        (Ok(None), Ok(None)) => neither,
        (_, Ok(Some(true))) | (Ok(Some(false)), Ok(None)) => RunPhase::Failed,
        (Ok(Some(true)), _) | (Ok(None), Ok(Some(false))) => RunPhase::Successful,
        (Ok(Some(false)), Ok(Some(false))) => RunPhase::Inconclusive,
    };
    (phase, String::new())
}
