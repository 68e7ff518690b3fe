use serde_json::{Map, Value, json};
use tidegate_controller::{ExperimentView, Kind, ResourceView, RolloutView, ServiceAddress};

use crate::{argo_status::argo_status, experiment_status::experiment_status};

/// A resource as Kubernetes shows it: the manifest with its status, namespace and times.
pub fn resource_document(view: &ResourceView) -> Value {
    let mut document = match &view.manifest {
        Value::Object(fields) => fields.clone(),
        _ => Map::new(),
    };
    document.insert("apiVersion".to_owned(), json!(api_version(view.kind)));
    document.insert("kind".to_owned(), json!(view.kind.as_str()));
    let metadata = document.entry("metadata").or_insert_with(|| json!({}));
    if let Value::Object(metadata) = metadata {
        metadata.insert("name".to_owned(), json!(view.key.name));
        if view.kind.is_cluster() {
            metadata.remove("namespace");
        } else {
            metadata.insert("namespace".to_owned(), json!(view.key.namespace));
        }
        metadata.insert("creationTimestamp".to_owned(), json!(view.created_at));
    }
    if let Some(status) = &view.status {
        document.insert("status".to_owned(), status.clone());
    }
    Value::Object(document)
}

/// A Rollout as Kubernetes shows it, its status in the fields of Argo Rollouts.
pub fn rollout_document(view: &ResourceView, rollout: &RolloutView) -> Value {
    let mut document = resource_document(view);
    if let Value::Object(fields) = &mut document {
        fields.insert("status".to_owned(), argo_status(rollout));
    }
    document
}

/// An Experiment as Kubernetes shows it, its status in the fields of Argo Rollouts.
pub(crate) fn experiment_document(view: &ResourceView, experiment: &ExperimentView) -> Value {
    let mut document = resource_document(view);
    if let Value::Object(fields) = &mut document {
        fields.insert("status".to_owned(), experiment_status(experiment));
    }
    document
}

/// A Service as Kubernetes shows it: where it listens is told as its load balancer's address.
pub fn service_document(view: &ResourceView, addresses: &[ServiceAddress]) -> Value {
    let mut document = resource_document(view);
    let ingress = addresses.iter().filter(|it| it.service == view.key).map(|it| {
        let port = json!({"port": it.address.port(), "protocol": "TCP", "error": it.note});
        json!({"ip": it.address.ip(), "ports": [without_null(port)]})
    });
    let ingress = ingress.collect::<Vec<_>>();
    if let Value::Object(fields) = &mut document
        && !ingress.is_empty()
    {
        fields.insert("status".to_owned(), json!({"loadBalancer": {"ingress": ingress}}));
    }
    document
}

fn without_null(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

/// A list as Kubernetes shows it.
pub fn list_document(kind: Kind, items: &[Value]) -> Value {
    json!({
        "apiVersion": api_version(kind),
        "kind": format!("{kind}List"),
        "metadata": {},
        "items": items,
    })
}

/// The `apiVersion` of a kind.
pub(crate) const fn api_version(kind: Kind) -> &'static str {
    match kind {
        Kind::Rollout
        | Kind::Experiment
        | Kind::AnalysisRun
        | Kind::AnalysisTemplate
        | Kind::ClusterAnalysisTemplate => "argoproj.io/v1alpha1",
        Kind::Deployment => "apps/v1",
        Kind::Service | Kind::ConfigMap | Kind::Secret => "v1",
    }
}

#[cfg(test)]
mod tests {
    use tidegate_units::{ObjectKey, Timestamp};

    use super::*;

    #[test]
    fn a_document_says_where_it_is_and_since_when_even_if_the_file_did_not() {
        let view = ResourceView {
            kind: Kind::Service,
            key: ObjectKey::new("default", "web"),
            manifest: json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
                "spec": {"ports": [{"port": 80}]}}),
            status: None,
            created_at: Timestamp::from_millis(0),
            changed_at: Timestamp::from_millis(1),
        };
        assert_eq!(
            resource_document(&view),
            json!({
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {
                    "name": "web",
                    "namespace": "default",
                    "creationTimestamp": "1970-01-01T00:00:00.000Z",
                },
                "spec": {"ports": [{"port": 80}]},
            })
        );
        assert_eq!(
            list_document(Kind::Service, &[]),
            json!({"apiVersion": "v1", "kind": "ServiceList", "metadata": {}, "items": []})
        );
    }
}
