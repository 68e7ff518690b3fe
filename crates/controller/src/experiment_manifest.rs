//! The experiment of a step, as it would be written.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tidegate_experiment::{Analysis, ExperimentResource};
use tidegate_rollout::{ArgValue, StepExperiment, StepTemplate};
use tidegate_workload::WorkloadMeta;

use crate::{Kind, experiment_made::Sides, world::RolloutEntry};

/// The manifest of an experiment that a step of a rollout makes.
pub(crate) fn manifest(
    rollout: &RolloutEntry,
    made: &ExperimentResource,
    what: &StepExperiment,
    sides: Sides<'_>,
) -> Value {
    let spec = &made.spec;
    let templates = what.templates.iter();
    let templates = templates.filter_map(|one| template(rollout, made, one, sides));
    let mut written = json!({
        "templates": templates.collect::<Vec<_>>(),
        "progressDeadlineSeconds": spec.progress_deadline.as_secs(),
        "scaleDownDelaySeconds": spec.scale_down_delay.as_secs(),
    });
    put(&mut written, "duration", what.duration.map(|duration| json!(text(duration))));
    if let Some(first) = spec.analyses.first() {
        let of_all = &first.analysis;
        let patterns = of_all.dry_run.iter().map(|name| json!({ "metricName": name }));
        let patterns: Vec<_> = patterns.collect();
        put(&mut written, "analyses", Some(spec.analyses.iter().map(analysis).collect()));
        put(&mut written, "dryRun", (!patterns.is_empty()).then(|| json!(patterns)));
        let meta =
            WorkloadMeta { labels: of_all.labels.clone(), annotations: of_all.annotations.clone() };
        let given = meta != WorkloadMeta::default();
        put(&mut written, "analysisRunMetadata", given.then(|| json!(meta)));
    }
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": Kind::Experiment.as_str(),
        "metadata": {
            "name": made.key.name,
            "namespace": made.key.namespace,
            "labels": made.labels,
            "annotations": made.annotations,
            "ownerReferences": [{
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": Kind::Rollout.as_str(),
                "name": rollout.key().name,
                "controller": true,
                "blockOwnerDeletion": true,
            }],
        },
        "spec": written,
    })
}

fn put(object: &mut Value, name: &str, value: Option<Value>) {
    if let (Value::Object(fields), Some(value)) = (object, value) {
        fields.insert(name.to_owned(), value);
    }
}

fn template(
    rollout: &RolloutEntry,
    made: &ExperimentResource,
    what: &StepTemplate,
    sides: Sides<'_>,
) -> Option<Value> {
    let one = made.spec.template(&what.name)?;
    let declared = made.templates.get(&what.name);
    let (revision, _) = sides.of(what);
    let mut pod = rollout.revisions.get(revision)?.manifest.value();
    put(&mut pod, "metadata", declared.map(|declared| json!(declared.template.meta)));
    let selector = declared.map(|declared| &declared.selector);
    let mut written = json!({
        "name": one.name,
        "replicas": one.replicas,
        "minReadySeconds": one.min_ready.as_secs(),
        "selector": { "matchLabels": selector },
        "template": pod,
    });
    put(&mut written, "service", one.service.as_ref().map(|name| json!({ "name": name })));
    Some(written)
}

fn analysis(one: &Analysis) -> Value {
    let args = one.analysis.args.iter().map(|(name, value)| match value {
        ArgValue::Field(path) => {
            json!({ "name": name, "valueFrom": { "fieldRef": { "fieldPath": path } } })
        }
        ArgValue::Literal(text) => json!({ "name": name, "value": text }),
        ArgValue::Secret { name: secret, key } => {
            json!({ "name": name, "valueFrom": { "secretKeyRef": { "name": secret, "key": key } } })
        }
        ArgValue::StableHash | ArgValue::LatestHash => json!({ "name": name }),
    });
    let named = one.analysis.templates.first();
    let mut fields = Map::from_iter([
        ("name".to_owned(), json!(one.name)),
        ("templateName".to_owned(), json!(named.map(|named| &named.name))),
        ("requiredForCompletion".to_owned(), json!(one.required)),
    ]);
    if named.is_some_and(|named| named.cluster) {
        fields.insert("clusterScope".to_owned(), json!(true));
    }
    let args: Vec<_> = args.collect();
    if !args.is_empty() {
        fields.insert("args".to_owned(), json!(args));
    }
    Value::Object(fields)
}

/// A duration as manifests write it.
fn text(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    }
}
