use serde_json::{Map, Value, json};
use tidegate_controller::ExperimentView;
use tidegate_experiment::{Phase, Template, TemplateRecord};

/// The status of an experiment in the fields of Argo Rollouts' `ExperimentStatus`. A field with
/// nothing to say is absent, as it is there.
pub(crate) fn experiment_status(view: &ExperimentView) -> Value {
    let status = &view.status;
    let templates = view.spec.templates.iter();
    let templates = templates
        .filter_map(|one| Some(template(view, one, status.templates.get(&one.name)?)))
        .collect::<Vec<_>>();
    let runs = view.spec.analyses.iter().filter_map(|analysis| {
        let record = status.runs.get(&analysis.name)?;
        Some(without_nothing(json!({
            "name": analysis.name,
            "analysisRun": record.run.as_ref().map_or("", |run| run.as_str()),
            "phase": record.phase,
            "message": text(&record.message),
        })))
    });
    without_nothing(json!({
        "phase": status.phase,
        "message": text(&status.message),
        "availableAt": status.available_at,
        "templateStatuses": templates,
        "analysisRuns": runs.collect::<Vec<_>>(),
        "conditions": condition(view).into_iter().collect::<Vec<_>>(),
    }))
}

fn template(view: &ExperimentView, template: &Template, record: &TemplateRecord) -> Value {
    let service = template
        .service
        .as_ref()
        .filter(|name| view.services.iter().any(|one| *one.service.name == **name));
    without_nothing(json!({
        "name": template.name,
        "replicas": record.replicas,
        "updatedReplicas": record.replicas,
        "readyReplicas": record.ready,
        "availableReplicas": record.available,
        "lastTransitionTime": record.changed_at,
        "status": record.phase,
        "message": text(&record.message),
        "serviceName": service,
        "podTemplateHash": template.revision,
    }))
}

/// The one condition that Argo Rollouts gives an experiment.
fn condition(view: &ExperimentView) -> Option<Value> {
    let name = &view.key.name;
    let (holds, reason, what) = match view.status.phase {
        Phase::Successful => ("False", "ExperimentCompleted", "has successfully ran and completed"),
        Phase::Running => ("True", "NewReplicaSetAvailable", "is running"),
        Phase::Pending => ("True", "ReplicaSetUpdated", "is progressing"),
        Phase::Failed | Phase::Error | Phase::Inconclusive => return None,
    };
    let since = view.status.finished_at.or(view.status.available_at).unwrap_or(view.created_at);
    Some(json!({
        "type": "Progressing",
        "status": holds,
        "reason": reason,
        "message": format!("Experiment \"{name}\" {what}."),
        "lastUpdateTime": since,
        "lastTransitionTime": since,
    }))
}

fn text(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!(text) }
}

fn without_nothing(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let said = |value: &Value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    Value::Object(fields.into_iter().filter(|(_, value)| said(value)).collect::<Map<_, _>>())
}
