//! Analysis runs that were declared by themselves: their status in the fields of Argo Rollouts, and
//! what people ask of them.

use axum::{extract::Path, http::HeaderMap, response::Response};
use serde_json::{Map, Value, json};
use tidegate_analysis::{MeasurementView, MetricView, RunStatus, RunSummary};
use tidegate_controller::{AnalysisRunView, Kind, ResourceView, RolloutView, RunView};
use tidegate_units::{ObjectKey, Owner};

use crate::{
    caller::Caller, dry_run::Changes, etag::provided, problem::Problem, shape::resource_document,
    terminate::terminate,
};

/// Carries out what the last part of the address says.
pub(crate) async fn act(
    Changes(api): Changes,
    Path((namespace, name, action)): Path<(String, String, String)>,
    headers: HeaderMap,
    caller: Caller,
) -> Result<Response, Problem> {
    let key = ObjectKey::new(&namespace, &name);
    let api = provided(api, &headers, Kind::AnalysisRun, &key)?;
    let owner = Owner::analysis_run(&key);
    terminate(&api, owner, &action, "an analysis run", &caller).await
}

/// An `AnalysisRun` as Kubernetes shows it, its status in the fields of Argo Rollouts.
pub(crate) fn document(view: &ResourceView, run: Option<&AnalysisRunView>) -> Value {
    let mut document = resource_document(view);
    if let (Value::Object(fields), Some(run)) = (&mut document, run) {
        fields.insert("status".to_owned(), status(&run.status));
    }
    document
}

/// The runs of a rollout's wanted revision as `AnalysisRun`s, newest first: what messages see of them.
pub(crate) fn of_rollout(view: &RolloutView) -> Vec<Value> {
    let wanted = view.status.current.as_ref();
    let runs = view.runs.iter().filter(|run| Some(&run.spec.canary) == wanted);
    runs.map(|run| own_document(view, run)).collect()
}

fn own_document(view: &RolloutView, run: &RunView) -> Value {
    let metrics = run.spec.metrics.iter().map(|metric| json!({"name": metric.name}));
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": said(json!({
            "name": run.spec.name,
            "namespace": view.key.namespace,
            "creationTimestamp": run.status.started_at,
            "labels": run.spec.labels,
            "annotations": run.spec.annotations,
        })),
        "spec": {"metrics": metrics.collect::<Vec<_>>()},
        "status": status(&run.status),
    })
}

fn status(status: &RunStatus) -> Value {
    let metrics = status.metrics.iter().map(|(name, view)| metric(name, view));
    said(json!({
        "phase": status.phase,
        "message": status.message,
        "metricResults": metrics.collect::<Vec<_>>(),
        "startedAt": status.started_at,
        "completedAt": status.completed_at,
        "runSummary": summary(&status.run_summary),
        "dryRunSummary": summary(&status.dry_run_summary),
    }))
}

fn summary(summary: &RunSummary) -> Value {
    said(json!({
        "count": summary.count,
        "successful": summary.successful,
        "failed": summary.failed,
        "inconclusive": summary.inconclusive,
        "error": summary.error,
    }))
}

fn metric(name: &str, view: &MetricView) -> Value {
    said(json!({
        "name": name,
        "phase": view.phase,
        "message": view.message,
        "measurements": view.measurements.iter().map(measurement).collect::<Vec<_>>(),
        "count": view.count,
        "successful": view.successful,
        "failed": view.failed,
        "inconclusive": view.inconclusive,
        "error": view.errors,
        "consecutiveError": view.consecutive_errors,
        "consecutiveSuccess": view.consecutive_successes,
        "dryRun": view.dry_run,
        "metadata": view.metadata,
    }))
}

fn measurement(view: &MeasurementView) -> Value {
    said(json!({
        "phase": view.phase,
        "message": view.message,
        "startedAt": view.started_at,
        "finishedAt": view.finished_at,
        "value": view.value,
        "metadata": view.metadata,
    }))
}

/// Without the fields that say nothing, as Argo's are left out when they are empty.
fn said(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let nothing = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Number(number) => number.as_u64() == Some(0),
        Value::Bool(true) => false,
    };
    Value::Object(fields.into_iter().filter(|(_, value)| !nothing(value)).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use tidegate_units::RunPhase;

    use super::*;

    #[test]
    fn a_status_has_argos_fields_and_none_that_say_nothing() {
        let view = MetricView {
            phase: RunPhase::Failed,
            count: 2,
            failed: 2,
            measurements: vec![MeasurementView {
                phase: RunPhase::Failed,
                message: String::new(),
                started_at: tidegate_units::Timestamp::from_millis(0),
                finished_at: tidegate_units::Timestamp::from_millis(1000),
                value: "[0.5]".to_owned(),
                metadata: [].into(),
                again: None,
            }],
            ..MetricView::default()
        };
        let run = RunStatus {
            phase: RunPhase::Failed,
            message: "it failed".to_owned(),
            metrics: [("errors".to_owned(), view)].into(),
            run_summary: RunSummary { count: 1, failed: 1, ..RunSummary::default() },
            ..RunStatus::default()
        };
        assert_eq!(
            status(&run),
            json!({
                "phase": "Failed",
                "message": "it failed",
                "metricResults": [{
                    "name": "errors",
                    "phase": "Failed",
                    "count": 2,
                    "failed": 2,
                    "measurements": [{
                        "phase": "Failed",
                        "startedAt": "1970-01-01T00:00:00.000Z",
                        "finishedAt": "1970-01-01T00:00:01.000Z",
                        "value": "[0.5]",
                    }],
                }],
                "runSummary": {"count": 1, "failed": 1},
            })
        );
    }
}
