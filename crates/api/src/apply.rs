//! Manifests in, all of a file or nothing of it.

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, Uri},
};
use serde::{Deserialize, Serialize};
use tidegate_controller::{Applied, Kind, Outcome, Resource};
use tidegate_manifest::{LeftAlone, Reading};

use crate::{
    auth::who,
    problem::{Problem, ProblemKind},
    read,
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
    dry_run: bool,
}

fn standard_input() -> String {
    "-".to_owned()
}

/// What became of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Vec<Done>>, Problem> {
    let asked: Asked = read::query(&uri)?;
    let who = who(&headers)?;
    let body = read::bytes(body)?;
    let text = std::str::from_utf8(&body).map_err(|error| {
        let detail = format!("{} is not UTF-8 at byte {}", asked.file, error.valid_up_to());
        Problem::new(ProblemKind::BadRequest, detail).with_hint("save it as UTF-8")
    })?;
    let (wanted, left) = read_all(&asked.file, text)?;
    let given = wanted.len();
    let wanted = complete(&api, wanted)?;
    // Before anything is done: all of a text or nothing of it.
    wanted.iter().try_for_each(|(resource, _)| api.control.check(resource))?;
    let mut answer = Vec::with_capacity(wanted.len() + left.len());
    for (index, (resource, manifest)) in wanted.into_iter().enumerate() {
        let applied = if asked.dry_run {
            foresee(&api, &resource, &manifest)
        } else {
            let intent = if index < given { "Applied" } else { WORKLOAD_APPLIED };
            api.control.apply(resource, manifest, &who, intent).await?
        };
        // What nobody named is told where it changed.
        if index < given || applied.outcome != Outcome::Unchanged {
            answer.push(Done::Applied(applied));
        }
    }
    answer.extend(left.into_iter().map(Done::LeftAlone));
    Ok(Json(answer))
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
