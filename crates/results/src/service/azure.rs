//! What `@azure/storage-blob` asks of a block blob: bytes come whole or in blocks, and go whole or
//! in ranges.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::{
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;

use super::{
    App, blocking, blocks, http_date,
    receive::receive,
    send::{Sent, send},
};
use crate::{
    Blob, Error, limits,
    signed::{Place, Signature},
    store::{Part, Upload},
};

/// The version of the protocol that is answered where the client names none.
const VERSION: &str = "2024-11-04";

/// Characters of the name of a block: Azure takes 64 bytes in base64.
const BLOCK_NAME: usize = 88;

/// What is to be done with the bytes.
#[derive(Deserialize)]
pub(super) struct Operation {
    comp: Option<String>,
    blockid: Option<String>,
}

/// `PUT` of a whole blob, of a block or of the list of blocks.
pub(super) async fn put(
    State(app): State<App>,
    Path(id): Path<i64>,
    Query(signature): Query<Signature>,
    Query(operation): Query<Operation>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let result = match app.upload(id, &signature).await {
        Ok(upload) => take(&app, upload, operation, &headers, body).await,
        Err(error) => Err(error),
    };
    let answer = match result {
        Ok(blob) => {
            let mut answer = StatusCode::CREATED.into_response();
            if let Some(blob) = blob {
                let date = http_date(app.store.now());
                set(&mut answer, header::ETAG, &etag(blob));
                set(&mut answer, header::LAST_MODIFIED, &date);
            }
            set(&mut answer, HeaderName::from_static("x-ms-request-server-encrypted"), "false");
            answer
        }
        Err(error) => refuse(&error),
    };
    finish(answer, &headers)
}

async fn take(
    app: &App,
    upload: Upload,
    operation: Operation,
    headers: &HeaderMap,
    body: Body,
) -> Result<Option<Blob>, Error> {
    let store = app.store.clone();
    match operation.comp.as_deref() {
        None => {
            check_kind(headers)?;
            if upload.blob.is_some() && matches(headers, header::IF_NONE_MATCH, "*") {
                return Err(Error::AlreadyExists("the blob is there already".to_owned()));
            }
            let draft = receive(app, body, store.limit_of(upload.kind)).await?;
            blocking(move || store.complete(&upload, draft)).await.map(Some)
        }
        Some("block") => {
            let name = operation.blockid.filter(|name| !name.is_empty());
            let name = name.filter(|name| name.len() <= BLOCK_NAME).ok_or_else(|| {
                Error::Invalid(format!("blockid has 1 to {BLOCK_NAME} characters"))
            })?;
            let draft = receive(app, body, store.limits().block_bytes).await?;
            blocking(move || store.keep_part(&upload, &Part::Block(name), draft)).await?;
            Ok(None)
        }
        Some("blocklist") => {
            let list = axum::body::to_bytes(body, limits::LIST_BYTES).await;
            let list = list.map_err(|error| Error::Invalid(format!("the block list: {error}")))?;
            let parts = blocks::read(&list)?;
            blocking(move || store.assemble(&upload, &parts)).await.map(Some)
        }
        Some(other) => Err(Error::Invalid(format!("comp={other} is not known here"))),
    }
}

/// Page and append blobs are nothing that a client of artifacts or caches makes.
fn check_kind(headers: &HeaderMap) -> Result<(), Error> {
    let kind = headers.get("x-ms-blob-type");
    if kind.is_none_or(|kind| kind == "BlockBlob") {
        return Ok(());
    }
    Err(Error::Invalid("x-ms-blob-type is BlockBlob".to_owned()))
}

/// `GET` and `HEAD` of an artifact.
pub(super) async fn artifact(
    State(app): State<App>,
    Path(id): Path<i64>,
    Query(signature): Query<Signature>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let place = Place::Artifact(id);
    let find = move |app: &App| {
        let artifact = app.store.artifact(id)?;
        let artifact = artifact.ok_or_else(|| missing(place))?;
        // Whoever uploads one file that is a zip file names it so.
        let is_packed = artifact.mime == "application/zip" && !is_zip_name(&artifact.name);
        let name = if is_packed { format!("{}.zip", artifact.name) } else { artifact.name };
        Ok(Sent {
            blob: artifact.blob,
            mime: artifact.mime,
            name: Some(name),
            made: artifact.created,
        })
    };
    fetch(app, place, signature, find, method, headers).await
}

fn is_zip_name(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("zip"))
}

/// `GET` and `HEAD` of a cache entry.
pub(super) async fn cache(
    State(app): State<App>,
    Path(id): Path<i64>,
    Query(signature): Query<Signature>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let place = Place::Cache(id);
    let find = move |app: &App| {
        let entry = app.store.cache(id)?.ok_or_else(|| missing(place))?;
        let mime = "application/octet-stream".to_owned();
        Ok(Sent { blob: entry.blob, mime, name: None, made: entry.created })
    };
    fetch(app, place, signature, find, method, headers).await
}

async fn fetch(
    app: App,
    place: Place,
    signature: Signature,
    find: impl FnOnce(&App) -> Result<Sent, Error> + Send + 'static,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let work = move || {
        app.signer.check(place, &signature, app.store.now())?;
        let sent = find(&app)?;
        let file = app.store.read(sent.blob.digest)?;
        Ok((sent, file))
    };
    let answer = match blocking(work).await {
        Ok((sent, file)) => send(&sent, file, &method, &headers),
        Err(error) => Err(error),
    };
    finish(answer.unwrap_or_else(|error| refuse(&error)), &headers)
}

impl App {
    async fn upload(&self, id: i64, signature: &Signature) -> Result<Upload, Error> {
        self.signer.check(Place::Upload(id), signature, self.store.now())?;
        let store = self.store.clone();
        blocking(move || store.upload(id)).await
    }
}

fn missing(place: Place) -> Error {
    Error::NotFound(format!("there is nothing at {} any more", place.path()))
}

/// What tells one state of a blob from another; its bytes never change, so their hash does.
pub(super) fn etag(blob: Blob) -> String {
    let digest = blob.digest.to_string();
    format!("\"0x{}\"", digest.get(..16).unwrap_or_default().to_uppercase())
}

/// Whether a header of conditions names this, or anything.
pub(super) fn matches(headers: &HeaderMap, name: HeaderName, etag: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|value| matches!(value.trim(), "*") || value.trim() == etag)
}

pub(super) fn set(answer: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

/// The headers that every answer of Azure's has.
fn finish(mut answer: Response, asked: &HeaderMap) -> Response {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
    set(&mut answer, HeaderName::from_static("x-ms-request-id"), &id);
    let version = HeaderName::from_static("x-ms-version");
    let spoken = asked.get(&version).cloned().unwrap_or(HeaderValue::from_static(VERSION));
    answer.headers_mut().insert(version, spoken);
    let id = HeaderName::from_static("x-ms-client-request-id");
    if let Some(value) = asked.get(&id) {
        answer.headers_mut().insert(id, value.clone());
    }
    answer
}

/// An error as Azure has it: a code that its clients know, and a text.
fn refuse(error: &Error) -> Response {
    let (status, code) = match error {
        Error::NotFound(_) => (StatusCode::NOT_FOUND, "BlobNotFound"),
        Error::AlreadyExists(_) => (StatusCode::CONFLICT, "BlobAlreadyExists"),
        Error::Denied(_) => (StatusCode::FORBIDDEN, "AuthenticationFailed"),
        Error::Invalid(_) => (StatusCode::BAD_REQUEST, "InvalidInput"),
        Error::Mismatch(_) => (StatusCode::PRECONDITION_FAILED, "ConditionNotMet"),
        Error::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "RequestBodyTooLarge"),
        Error::Failed { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
    };
    let text = error.to_string().replace('&', "&amp;").replace('<', "&lt;");
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{text}</Message></Error>"
    );
    let mut answer = (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response();
    set(&mut answer, HeaderName::from_static("x-ms-error-code"), code);
    answer
}
