//! `github.actions.results.api.v1.CacheService`.

use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    App, blocking,
    twirp::{self, Call},
    wire::{Field, Kind},
};
use crate::{Error, Grant, Lookup, signed::Place};

const CREATE: &[Field] = &[(2, "key", Kind::Text), (3, "version", Kind::Text)];
const CREATED: &[Field] =
    &[(1, "ok", Kind::Flag), (2, "signed_upload_url", Kind::Text), (3, "message", Kind::Text)];
const FINALIZE: &[Field] =
    &[(2, "key", Kind::Text), (3, "size_bytes", Kind::Number), (4, "version", Kind::Text)];
const FINALIZED: &[Field] =
    &[(1, "ok", Kind::Flag), (2, "entry_id", Kind::Number), (3, "message", Kind::Text)];
const GET: &[Field] =
    &[(2, "key", Kind::Text), (3, "restore_keys", Kind::Texts), (4, "version", Kind::Text)];
const GOT: &[Field] = &[
    (1, "ok", Kind::Flag),
    (2, "signed_download_url", Kind::Text),
    (3, "matched_key", Kind::Text),
];

/// All that any of the messages has. The client sends the names of Protobuf, others those of JSON.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    key: String,
    version: String,
    #[serde(alias = "restoreKeys")]
    restore_keys: Vec<String>,
    #[serde(alias = "sizeBytes", deserialize_with = "twirp::number")]
    size_bytes: Option<u64>,
}

/// Answers a call of this method.
pub(super) async fn call(
    app: App,
    grant: Grant,
    method: &str,
    call: Call,
) -> Result<Response, Error> {
    let (fields, answers, run): (_, _, fn(&App, &Grant, &Asked) -> _) = match method {
        "CreateCacheEntry" => (CREATE, CREATED, create),
        "FinalizeCacheEntryUpload" => (FINALIZE, FINALIZED, finalize),
        "GetCacheEntryDownloadURL" => (GET, GOT, get),
        _ => return Ok(twirp::bad_route(method)),
    };
    let asked: Asked = call.read(fields)?;
    let answer = blocking(move || run(&app, &grant, &asked)).await?;
    Ok(call.answer(&answer, answers))
}

fn create(app: &App, grant: &Grant, asked: &Asked) -> Result<Value, Error> {
    match app.store.create_cache(grant, &asked.key, &asked.version) {
        Ok(id) => {
            let url = app.address(Place::Upload(id), app.store.limits().upload);
            Ok(json!({ "ok": true, "signed_upload_url": url }))
        }
        // The client asks for no reason when another job was faster, and warns of a message.
        Err(Error::AlreadyExists(_)) => Ok(json!({ "ok": false })),
        Err(Error::Denied(message)) => Ok(json!({ "ok": false, "message": message })),
        Err(error) => Err(error),
    }
}

fn finalize(app: &App, grant: &Grant, asked: &Asked) -> Result<Value, Error> {
    let upload = app.store.cache_upload(grant, &asked.key, &asked.version)?;
    match app.store.finalize_cache(upload.id, asked.size_bytes) {
        Ok(entry) => Ok(json!({ "ok": true, "entry_id": entry.id.to_string() })),
        Err(error @ (Error::AlreadyExists(_) | Error::Mismatch(_))) => {
            Ok(json!({ "ok": false, "message": error.to_string() }))
        }
        Err(error) => Err(error),
    }
}

fn get(app: &App, grant: &Grant, asked: &Asked) -> Result<Value, Error> {
    let mut keys = vec![asked.key.as_str()];
    keys.extend(asked.restore_keys.iter().map(String::as_str));
    let lookup = Lookup { keys: &keys, version: &asked.version };
    let Some(entry) = app.store.find_cache(grant, lookup)? else {
        return Ok(json!({ "ok": false }));
    };
    let url = app.address(Place::Cache(entry.id), app.store.limits().download);
    Ok(json!({ "ok": true, "signed_download_url": url, "matched_key": entry.key }))
}
