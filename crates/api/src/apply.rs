//! Manifests in, all of a file or nothing of it.

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, Uri},
};
use serde::{Deserialize, Serialize};
use tidegate_access::Verb;
use tidegate_controller::{Applied, Kind, Outcome, Refused, Resource};
use tidegate_manifest::{LeftAlone, Reading};

use crate::{
    caller::Caller,
    door::confirmed_all,
    dry_run::DryRun,
    etag::provided,
    problem::{Problem, ProblemKind},
    read, resource_version,
    routes::Api,
    workloads::{WORKLOAD_APPLIED, Wanted, complete},
};

/// The parameters of an apply.
#[derive(Deserialize)]
struct Asked {
    /// What the client calls the text, for problems.
    #[serde(default = "standard_input")]
    file: String,
    /// Whether only to say what it would come to.
    #[serde(default, rename = "dryRun")]
    dry_run: DryRun,
}

fn standard_input() -> String {
    "-".to_owned()
}

/// What became of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Done {
    /// It is as it was applied.
    Applied(Applied),
    /// It is of a kind that is not read here; `reason` says why.
    LeftAlone(LeftAlone),
}

/// Reads a text of several documents and makes all of them so.
pub(crate) async fn apply(
    State(api): State<Api>,
    uri: Uri,
    headers: HeaderMap,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Vec<Done>>, Problem> {
    let asked: Asked = read::query(&uri)?;
    let body = read::bytes(body)?;
    let text = std::str::from_utf8(&body).map_err(|error| {
        let detail = format!("{} is not UTF-8 at byte {}", asked.file, error.valid_up_to());
        Problem::new(ProblemKind::BadRequest, detail).with_hint("save it as UTF-8")
    })?;
    let (mut wanted, left) = read_all(&asked.file, text)?;
    let given = wanted.len();
    let take = |(resource, manifest): &mut (Resource, serde_json::Value)| {
        resource_version::take(&api, resource, manifest)
    };
    let seen: Vec<_> = wanted.iter_mut().map(take).collect();
    let wanted = complete(&api, wanted)?;
    // Before anything is done: all of a text or nothing of it.
    wanted.iter().try_for_each(|(resource, manifest)| -> Result<(), Problem> {
        let key = resource.key();
        caller.may(Verb::Apply, &key.namespace, &key.name)?;
        Ok(api.control.may_apply(resource, manifest, &caller.actor())?)
    })?;
    wanted.iter().try_for_each(|(resource, _)| api.control.check(resource))?;
    for ((resource, _), seen) in wanted.iter().zip(&seen) {
        let seen = seen.as_ref().map(|seen| resource_version::expected(&api, resource, seen));
        seen.transpose()?;
    }
    let api = if_match(api, &headers, wanted.get(..given).unwrap_or_default())?;
    if !asked.dry_run.is_asked() {
        let changed = wanted.iter().filter(|(resource, manifest)| {
            foresee(&api, resource, manifest).outcome != Outcome::Unchanged
        });
        confirmed_all(&api, &caller, &headers, changed.map(|(resource, _)| resource.key()))?;
    }
    let mut answer = Vec::with_capacity(wanted.len() + left.len());
    for (index, (resource, manifest)) in wanted.into_iter().enumerate() {
        let applied = if asked.dry_run.is_asked() {
            foresee(&api, &resource, &manifest)
        } else {
            let intent = if index < given { "Applied" } else { WORKLOAD_APPLIED };
            let seen = seen.get(index).and_then(Option::as_deref);
            make(&api, &caller, (resource, manifest), (intent, seen)).await?
        };
        // What nobody named is told where it changed.
        if index < given || applied.outcome != Outcome::Unchanged {
            answer.push(Done::Applied(applied));
        }
    }
    answer.extend(left.into_iter().map(Done::LeftAlone));
    Ok(Json(answer))
}

/// Makes one resource so, if it is as whoever applies it has seen it.
async fn make(
    api: &Api,
    caller: &Caller,
    (resource, manifest): (Resource, serde_json::Value),
    (intent, seen): (&str, Option<&str>),
) -> Result<Applied, Problem> {
    let Some(seen) = seen else {
        return Ok(api.control.apply(resource, manifest, caller.actor(), intent).await?);
    };
    let expected = resource_version::expected(api, &resource, seen)?;
    let (kind, key) = (resource.kind(), resource.key().clone());
    let held = api.control.provided(expected);
    let applied = held.apply(resource, manifest, caller.actor(), intent).await;
    applied.map_err(|refused| match refused {
        Refused::Stale { .. } => resource_version::stale(api, kind, &key, seen),
        refused => refused.into(),
    })
}

/// The server held to `If-Match`, which is about one resource.
fn if_match(
    api: Api,
    headers: &HeaderMap,
    wanted: &[(Resource, serde_json::Value)],
) -> Result<Api, Problem> {
    match wanted {
        [(resource, _)] => provided(api, headers, resource.kind(), resource.key()),
        _ if headers.contains_key("if-match") => {
            let detail = "`If-Match` is about one resource, and there are others in the text";
            Err(Problem::new(ProblemKind::BadRequest, detail).with_hint("apply it by itself"))
        }
        _ => Ok(api),
    }
}

/// Every resource of a text, in the order in which they can be made so: what others refer to first.
/// And the objects that are left alone.
fn read_all(file: &str, text: &str) -> Result<(Wanted, Vec<LeftAlone>), Problem> {
    let Reading { documents, left, .. } = tidegate_manifest::read_file(file, text)?;
    if documents.is_empty() && left.is_empty() {
        let detail = format!("{file} has no resource in it");
        return Err(Problem::new(ProblemKind::BadRequest, detail)
            .with_hint("a resource begins with `apiVersion` and `kind`"));
    }
    let documents = documents.into_iter();
    let mut wanted: Vec<_> =
        documents.map(|document| (document.resource, document.manifest)).collect();
    wanted.sort_by_key(|(resource, _)| rank(resource.kind()));
    Ok((wanted, left))
}

const fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::ConfigMap | Kind::Secret | Kind::Deployment => 0,
        Kind::Service => 1,
        Kind::AnalysisTemplate | Kind::ClusterAnalysisTemplate => 2,
        Kind::Rollout | Kind::Experiment | Kind::AnalysisRun => 3,
    }
}

/// What an apply would come to. The values of Secrets are not at hand here, so that one that is
/// there counts as changed.
fn foresee(api: &Api, resource: &Resource, manifest: &serde_json::Value) -> Applied {
    let (kind, key) = (resource.kind(), resource.key().clone());
    let outcome = match api.control.get(kind, &key) {
        None => Outcome::Created,
        Some(view) if kind != Kind::Secret && view.manifest == *manifest => Outcome::Unchanged,
        Some(_) => Outcome::Configured,
    };
    Applied { kind, key, outcome }
}
