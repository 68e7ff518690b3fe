//! Shapes of what is put together by hand.
#![expect(dead_code, reason = "they stand for what is written elsewhere")]

use std::collections::BTreeMap;

use serde_json::Value;
use tidegate_controller::RolloutSummary;
use tidegate_units::Timestamp;
use utoipa::ToSchema;

/// A resource as Kubernetes shows it: the manifest with its status, namespace and times.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct KubernetesObject {
    /// The group and version.
    #[schema(example = "argoproj.io/v1alpha1")]
    api_version: String,
    /// The kind.
    #[schema(example = "Rollout")]
    kind: String,
    metadata: KubernetesMetadata,
    /// What is wanted, as it was applied.
    #[schema(value_type = Option<Value>, nullable = false)]
    spec: Option<Value>,
    /// What became of it, in the fields of Argo Rollouts.
    #[schema(value_type = Option<Value>, nullable = false)]
    status: Option<Value>,
}

/// What a resource is called, and since when it is.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct KubernetesMetadata {
    name: String,
    /// Absent for a kind that belongs to no namespace.
    #[schema(nullable = false)]
    namespace: Option<String>,
    creation_timestamp: Timestamp,
    /// Which state it is of: another one after each change of what is wanted and of where it is in that. Applied with it,
    /// a manifest is refused with 409 if it is not so any more. It is the first half of the `ETag`.
    #[schema(example = "0123456789abcdef")]
    resource_version: String,
    #[schema(nullable = false)]
    labels: Option<BTreeMap<String, String>>,
    #[schema(nullable = false)]
    annotations: Option<BTreeMap<String, String>>,
}

/// All resources of a kind.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct KubernetesList {
    api_version: String,
    /// The kind with `List` after it.
    #[schema(example = "RolloutList")]
    kind: String,
    metadata: BTreeMap<String, String>,
    items: Vec<KubernetesObject>,
}

/// That a resource is taken away.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct KubernetesStatus {
    api_version: String,
    kind: String,
    #[schema(example = "Success")]
    status: String,
    details: BTreeMap<String, String>,
}

/// A page of rollouts, of which only some fields were asked for.
#[derive(ToSchema)]
pub(crate) struct RolloutPageOfFields {
    /// Each with `namespace`, `name` and the fields that were asked for, as in `RolloutSummary`.
    items: Vec<BTreeMap<String, Value>>,
    total: usize,
    r#continue: Option<String>,
    position: String,
}

/// The data of the event `rollouts`.
#[derive(ToSchema)]
pub(crate) struct RolloutsEvent {
    /// The rows that changed, whole.
    items: Vec<RolloutSummary>,
    /// Those that are no more.
    gone: Vec<GoneRollout>,
}

/// A rollout that is no more.
#[derive(ToSchema)]
pub(crate) struct GoneRollout {
    namespace: String,
    name: String,
}

/// The data of the event `reset`.
#[derive(ToSchema)]
pub(crate) struct ResetEvent {
    /// What follows is told from here on.
    position: String,
}

/// An answer of Prometheus' API.
#[derive(ToSchema)]
pub(crate) struct PrometheusAnswer {
    #[schema(example = "success")]
    status: String,
    #[schema(value_type = Value)]
    data: Value,
    #[schema(nullable = false)]
    warnings: Option<Vec<String>>,
    #[schema(nullable = false)]
    infos: Option<Vec<String>>,
}

/// An error of Prometheus' API.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct PrometheusError {
    #[schema(example = "error")]
    status: String,
    #[schema(example = "bad_data")]
    error_type: String,
    error: String,
}
