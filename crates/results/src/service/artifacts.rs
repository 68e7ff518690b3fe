//! `github.actions.results.api.v1.ArtifactService`.

use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_units::Timestamp;

use super::{
    App, blocking,
    twirp::{self, Call},
    wire::{Field, Kind},
};
use crate::{Artifact, Digest, Error, Grant, NewArtifact, signed::Place};

const CREATE: &[Field] = &[
    (1, "workflow_run_backend_id", Kind::Text),
    (2, "workflow_job_run_backend_id", Kind::Text),
    (3, "name", Kind::Text),
    (4, "expires_at", Kind::Moment),
    (5, "version", Kind::Number),
    (6, "mime_type", Kind::MaybeText),
];
const CREATED: &[Field] = &[(1, "ok", Kind::Flag), (2, "signed_upload_url", Kind::Text)];
const FINALIZE: &[Field] = &[
    (1, "workflow_run_backend_id", Kind::Text),
    (2, "workflow_job_run_backend_id", Kind::Text),
    (3, "name", Kind::Text),
    (4, "size", Kind::Number),
    (5, "hash", Kind::MaybeText),
];
const DONE: &[Field] = &[(1, "ok", Kind::Flag), (2, "artifact_id", Kind::Number)];
const LIST: &[Field] = &[
    (1, "workflow_run_backend_id", Kind::Text),
    (2, "workflow_job_run_backend_id", Kind::Text),
    (3, "name_filter", Kind::MaybeText),
    (4, "id_filter", Kind::MaybeNumber),
];
const LISTED: &[Field] = &[(
    1,
    "artifacts",
    Kind::Messages(&[
        (1, "workflow_run_backend_id", Kind::Text),
        (2, "workflow_job_run_backend_id", Kind::Text),
        (3, "database_id", Kind::Number),
        (4, "name", Kind::Text),
        (5, "size", Kind::Number),
        (6, "created_at", Kind::Moment),
        (7, "digest", Kind::MaybeText),
    ]),
)];
const NAMED: &[Field] = &[
    (1, "workflow_run_backend_id", Kind::Text),
    (2, "workflow_job_run_backend_id", Kind::Text),
    (3, "name", Kind::Text),
];
const SIGNED: &[Field] = &[(1, "signed_url", Kind::Text)];

/// All that any of the messages has. The client sends the names of Protobuf, others those of JSON.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    #[serde(alias = "workflowRunBackendId")]
    workflow_run_backend_id: String,
    #[serde(alias = "workflowJobRunBackendId")]
    workflow_job_run_backend_id: String,
    name: String,
    #[serde(alias = "expiresAt", deserialize_with = "twirp::moment")]
    expires_at: Option<Timestamp>,
    #[serde(alias = "mimeType")]
    mime_type: Option<String>,
    #[serde(deserialize_with = "twirp::number")]
    size: Option<u64>,
    hash: Option<String>,
    #[serde(alias = "nameFilter")]
    name_filter: Option<String>,
    #[serde(alias = "idFilter", deserialize_with = "twirp::number")]
    id_filter: Option<u64>,
}

/// Answers a call of this method.
pub(super) async fn call(
    app: App,
    grant: Grant,
    method: &str,
    call: Call,
) -> Result<Response, Error> {
    let (fields, answers, run): (_, _, fn(&App, &Grant, &Asked) -> _) = match method {
        "CreateArtifact" => (CREATE, CREATED, create),
        "FinalizeArtifact" => (FINALIZE, DONE, finalize),
        "ListArtifacts" => (LIST, LISTED, list),
        "GetSignedArtifactURL" => (NAMED, SIGNED, address),
        "DeleteArtifact" => (NAMED, DONE, delete),
        _ => return Ok(twirp::bad_route(method)),
    };
    let asked: Asked = call.read(fields)?;
    if asked.workflow_run_backend_id != grant.run {
        return Err(Error::Denied("the token is of another run".to_owned()));
    }
    let answer = blocking(move || run(&app, &grant, &asked)).await?;
    Ok(call.answer(&answer, answers))
}

fn create(app: &App, grant: &Grant, asked: &Asked) -> Result<Value, Error> {
    asked.check_job(grant)?;
    let new = NewArtifact {
        name: asked.name.clone(),
        mime: asked.mime_type.clone(),
        expires: asked.expires_at,
    };
    let id = app.store.create_artifact(grant, &new)?;
    let url = app.address(Place::Upload(id), app.store.limits().upload);
    Ok(json!({ "ok": true, "signed_upload_url": url }))
}

fn finalize(app: &App, grant: &Grant, asked: &Asked) -> Result<Value, Error> {
    asked.check_job(grant)?;
    let digest = asked.hash.as_deref().map(read_digest).transpose()?;
    // What has the right hash has the right size.
    let size = asked.size.filter(|_| digest.is_none());
    let artifact = app.store.finalize_artifact(grant, &asked.name, size, digest)?;
    Ok(done(&artifact))
}

fn list(app: &App, grant: &Grant, asked: &Asked) -> Result<Value, Error> {
    let mut artifacts = app.store.artifacts(&grant.run)?;
    artifacts.retain(|artifact| {
        asked.name_filter.as_ref().is_none_or(|name| *name == artifact.name)
            && asked.id_filter.is_none_or(|id| i64::try_from(id) == Ok(artifact.id))
    });
    let shown: Vec<_> = artifacts.iter().map(show).collect();
    Ok(json!({ "artifacts": shown }))
}

fn show(artifact: &Artifact) -> Value {
    json!({
        "workflow_run_backend_id": artifact.run,
        "workflow_job_run_backend_id": artifact.job,
        "database_id": artifact.id.to_string(),
        "name": artifact.name,
        "size": artifact.blob.size.to_string(),
        "created_at": artifact.created,
        "digest": format!("sha256:{}", artifact.blob.digest),
    })
}

fn address(app: &App, grant: &Grant, asked: &Asked) -> Result<Value, Error> {
    let artifact = app.store.artifact_named(&grant.run, &asked.name)?;
    let url = app.address(Place::Artifact(artifact.id), app.store.limits().download);
    Ok(json!({ "signed_url": url }))
}

fn delete(app: &App, grant: &Grant, asked: &Asked) -> Result<Value, Error> {
    Ok(done(&app.store.delete_artifact(&grant.run, &asked.name)?))
}

fn done(artifact: &Artifact) -> Value {
    json!({ "ok": true, "artifact_id": artifact.id.to_string() })
}

impl Asked {
    /// What a job makes is made by its own token.
    fn check_job(&self, grant: &Grant) -> Result<(), Error> {
        if self.workflow_job_run_backend_id == grant.job {
            return Ok(());
        }
        Err(Error::Denied("the token is of another job".to_owned()))
    }
}

fn read_digest(text: &str) -> Result<Digest, Error> {
    let digest = text.strip_prefix("sha256:").and_then(|digest| digest.parse().ok());
    digest.ok_or_else(|| Error::Invalid("the hash is sha256: and 64 hexadecimal digits".to_owned()))
}
