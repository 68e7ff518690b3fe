//! Resources at the addresses that Kubernetes gives them.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, Uri},
    response::Response,
};
use serde_json::{Value, json};
use tidegate_access::Verb;
use tidegate_controller::{ExperimentView, Kind, Refused, RolloutView, ServiceAddress};
use tidegate_units::ObjectKey;

use crate::{
    analysis_runs,
    caller::Caller,
    dry_run::Changes,
    etag::{provided, versioned},
    problem::{Problem, ProblemKind},
    resource_version::with_version,
    routes::Api,
    shape::{
        api_version, experiment_document, list_document, resource_document, rollout_document,
        service_document,
    },
};

/// All resources of a kind, in all namespaces.
pub(crate) async fn everywhere(
    State(api): State<Api>,
    uri: Uri,
    Path(plural): Path<String>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    let kind = kind_at(&uri, &plural)?;
    Ok(Json(documents(&api, &caller, kind, None)))
}

/// All resources of a kind, in one namespace.
pub(crate) async fn list(
    State(api): State<Api>,
    uri: Uri,
    Path((namespace, plural)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    let kind = kind_at(&uri, &plural)?;
    Ok(Json(documents(&api, &caller, kind, Some(&namespace))))
}

/// One resource of a namespace.
pub(crate) async fn one(
    State(api): State<Api>,
    uri: Uri,
    Path((namespace, plural, name)): Path<(String, String, String)>,
    headers: HeaderMap,
    caller: Caller,
) -> Result<Response, Problem> {
    let kind = kind_at(&uri, &plural)?;
    let key = key_of(kind, &namespace, &name);
    document(&api, &caller, &headers, (kind, key))
}

/// One resource that belongs to no namespace.
pub(crate) async fn cluster_one(
    State(api): State<Api>,
    uri: Uri,
    Path((plural, name)): Path<(String, String)>,
    headers: HeaderMap,
    caller: Caller,
) -> Result<Response, Problem> {
    let kind = cluster_kind_at(&uri, &plural)?;
    document(&api, &caller, &headers, (kind, ObjectKey::everywhere(&name)))
}

/// Takes a resource away that belongs to no namespace.
pub(crate) async fn cluster_delete(
    Changes(api): Changes,
    uri: Uri,
    Path((plural, name)): Path<(String, String)>,
    headers: HeaderMap,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    let kind = cluster_kind_at(&uri, &plural)?;
    remove(api, &headers, (kind, ObjectKey::everywhere(&name)), &caller).await
}

fn document(
    api: &Api,
    caller: &Caller,
    headers: &HeaderMap,
    (kind, key): (Kind, ObjectKey),
) -> Result<Response, Problem> {
    caller.may(Verb::Read, &key.namespace, &key.name)?;
    let version = api.control.version(kind, &key);
    let Some(view) = api.control.get(kind, &key) else {
        return Err(Refused::NotFound { kind, key }.into());
    };
    let document = match kind {
        Kind::Rollout => match api.control.rollout(&key) {
            Some(rollout) => rollout_document(&view, &rollout),
            None => resource_document(&view),
        },
        Kind::Experiment => match api.control.experiment(&key) {
            Some(experiment) => experiment_document(&view, &experiment),
            None => resource_document(&view),
        },
        Kind::AnalysisRun => {
            analysis_runs::document(&view, api.control.analysis_run(&key).as_ref())
        }
        Kind::Service => service_document(&view, &addresses(api, Some(&key.namespace))),
        _ => resource_document(&view),
    };
    let document = with_version(document, version);
    versioned(headers, version, &document, &document)
}

/// Takes a resource away.
pub(crate) async fn delete(
    Changes(api): Changes,
    uri: Uri,
    Path((namespace, plural, name)): Path<(String, String, String)>,
    headers: HeaderMap,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    let kind = kind_at(&uri, &plural)?;
    let key = key_of(kind, &namespace, &name);
    remove(api, &headers, (kind, key), &caller).await
}

async fn remove(
    api: Api,
    headers: &HeaderMap,
    (kind, key): (Kind, ObjectKey),
    caller: &Caller,
) -> Result<Json<Value>, Problem> {
    // What belongs to no namespace has an address below each of them, too.
    caller.may(Verb::Delete, &key.namespace, &key.name)?;
    let api = provided(api, headers, kind, &key)?;
    api.control.delete(kind, key.clone(), caller.actor()).await?;
    Ok(Json(json!({
        "apiVersion": "v1",
        "kind": "Status",
        "status": "Success",
        "details": {"name": key.name, "kind": kind.plural()},
    })))
}

fn key_of(kind: Kind, namespace: &str, name: &str) -> ObjectKey {
    if kind.is_cluster() { ObjectKey::everywhere(name) } else { ObjectKey::new(namespace, name) }
}

fn cluster_kind_at(uri: &Uri, plural: &str) -> Result<Kind, Problem> {
    let kind = kind_at(uri, plural)?;
    if kind.is_cluster() {
        return Ok(kind);
    }
    let problem = Problem::new(ProblemKind::NotFound, format!("{kind} belongs to a namespace"));
    Err(problem.with_hint(format!("ask below /namespaces/NAMESPACE/{plural}")))
}

fn documents(api: &Api, caller: &Caller, kind: Kind, namespace: Option<&str>) -> Value {
    let mut views = api.control.list(kind, namespace);
    views.retain(|view| caller.sees(&view.key.namespace, &view.key.name));
    let items: Vec<Value> = match kind {
        Kind::Rollout => {
            let rollouts = api.control.rollouts(namespace).into_iter();
            let rollouts = rollouts
                .map(|rollout| (rollout.key.clone(), rollout))
                .collect::<BTreeMap<ObjectKey, RolloutView>>();
            let shaped = views.iter().map(|view| match rollouts.get(&view.key) {
                Some(rollout) => rollout_document(view, rollout),
                None => resource_document(view),
            });
            shaped.collect()
        }
        Kind::Experiment => {
            let experiments = api.control.experiments(namespace).into_iter();
            let experiments = experiments
                .map(|experiment| (experiment.key.clone(), experiment))
                .collect::<BTreeMap<ObjectKey, ExperimentView>>();
            let shaped = views.iter().map(|view| match experiments.get(&view.key) {
                Some(experiment) => experiment_document(view, experiment),
                None => resource_document(view),
            });
            shaped.collect()
        }
        Kind::AnalysisRun => {
            let run = |key| api.control.analysis_run(key);
            let shaped =
                views.iter().map(|view| analysis_runs::document(view, run(&view.key).as_ref()));
            shaped.collect()
        }
        Kind::Service => {
            let addresses = addresses(api, namespace);
            views.iter().map(|view| service_document(view, &addresses)).collect()
        }
        Kind::AnalysisTemplate
        | Kind::ClusterAnalysisTemplate
        | Kind::Deployment
        | Kind::ConfigMap
        | Kind::Secret => views.iter().map(resource_document).collect(),
    };
    // A list is of one moment, and versions are of one that is no earlier than it: at worst one is refused as stale.
    let versions = views.iter().map(|view| api.control.version(kind, &view.key));
    let items: Vec<_> = items
        .into_iter()
        .zip(versions)
        .map(|(item, version)| with_version(item, version))
        .collect();
    list_document(kind, &items)
}

/// Where the Services listen behind which something stands.
fn addresses(api: &Api, namespace: Option<&str>) -> Vec<ServiceAddress> {
    let rollouts = api.control.rollouts(namespace).into_iter().flat_map(|one| one.services);
    let experiments = api.control.experiments(namespace).into_iter().flat_map(|one| one.services);
    rollouts.chain(experiments).collect()
}

/// The kind whose plural it is, if it belongs below this group.
fn kind_at(uri: &Uri, plural: &str) -> Result<Kind, Problem> {
    let group = match uri.path() {
        path if path.starts_with("/apis/apps/") => "apps/v1",
        path if path.starts_with("/apis/") => "argoproj.io/v1alpha1",
        _ => "v1",
    };
    let mut kinds = Kind::ALL.into_iter().filter(|kind| api_version(*kind) == group);
    kinds.clone().find(|kind| kind.plural() == plural).ok_or_else(|| {
        let known = kinds.by_ref().map(Kind::plural).collect::<Vec<_>>().join(", ");
        Problem::new(ProblemKind::NotFound, format!("there is no {plural:?} in {group}"))
            .with_hint(format!("{group} has {known}"))
    })
}
