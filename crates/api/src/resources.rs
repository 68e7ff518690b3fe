//! Resources at the addresses that Kubernetes gives them.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, Uri},
};
use serde_json::{Value, json};
use tidegate_controller::{Kind, Refused, RolloutView};
use tidegate_units::ObjectKey;

use crate::{
    auth::who,
    problem::{Problem, ProblemKind},
    routes::Api,
    shape::{api_version, list_document, resource_document, rollout_document, service_document},
};

/// All resources of a kind, in all namespaces.
pub(crate) async fn everywhere(
    State(api): State<Api>,
    uri: Uri,
    Path(plural): Path<String>,
) -> Result<Json<Value>, Problem> {
    let kind = kind_at(&uri, &plural)?;
    Ok(Json(documents(&api, kind, None)))
}

/// All resources of a kind, in one namespace.
pub(crate) async fn list(
    State(api): State<Api>,
    uri: Uri,
    Path((namespace, plural)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let kind = kind_at(&uri, &plural)?;
    Ok(Json(documents(&api, kind, Some(&namespace))))
}

/// One resource.
pub(crate) async fn one(
    State(api): State<Api>,
    uri: Uri,
    Path((namespace, plural, name)): Path<(String, String, String)>,
) -> Result<Json<Value>, Problem> {
    let kind = kind_at(&uri, &plural)?;
    let key = ObjectKey::new(&namespace, &name);
    let Some(view) = api.control.get(kind, &key) else {
        return Err(Refused::NotFound { kind, key }.into());
    };
    Ok(Json(match kind {
        Kind::Rollout => match api.control.rollout(&key) {
            Some(rollout) => rollout_document(&view, &rollout),
            None => resource_document(&view),
        },
        Kind::Service => service_document(&view, &api.control.rollouts(Some(&namespace))),
        _ => resource_document(&view),
    }))
}

/// Takes a resource away.
pub(crate) async fn delete(
    State(api): State<Api>,
    uri: Uri,
    Path((namespace, plural, name)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let kind = kind_at(&uri, &plural)?;
    let key = ObjectKey::new(&namespace, &name);
    api.control.delete(kind, key, &who(&headers)?).await?;
    Ok(Json(json!({
        "apiVersion": "v1",
        "kind": "Status",
        "status": "Success",
        "details": {"name": name, "kind": kind.plural()},
    })))
}

fn documents(api: &Api, kind: Kind, namespace: Option<&str>) -> Value {
    let views = api.control.list(kind, namespace);
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
        Kind::Service => {
            let rollouts = api.control.rollouts(namespace);
            views.iter().map(|view| service_document(view, &rollouts)).collect()
        }
        Kind::AnalysisTemplate | Kind::ConfigMap | Kind::Secret => {
            views.iter().map(resource_document).collect()
        }
    };
    list_document(kind, &items)
}

/// The kind whose plural it is, if it belongs below this group.
fn kind_at(uri: &Uri, plural: &str) -> Result<Kind, Problem> {
    let group = if uri.path().starts_with("/apis/") { "argoproj.io/v1alpha1" } else { "v1" };
    let mut kinds = Kind::ALL.into_iter().filter(|kind| api_version(*kind) == group);
    kinds.clone().find(|kind| kind.plural() == plural).ok_or_else(|| {
        let known = kinds.by_ref().map(Kind::plural).collect::<Vec<_>>().join(", ");
        Problem::new(ProblemKind::NotFound, format!("there is no {plural:?} in {group}"))
            .with_hint(format!("{group} has {known}"))
    })
}
