//! The cache service before it spoke Twirp: `_apis/artifactcache`.

use axum::{
    Json,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{App, blocking, receive::receive};
use crate::{
    CacheEntry, Error, Grant, Lookup,
    signed::Place,
    store::{Part, Upload},
};

#[derive(Deserialize)]
pub(super) struct Wanted {
    keys: String,
    #[serde(default)]
    version: String,
}

#[derive(Deserialize)]
pub(super) struct Listed {
    #[serde(default)]
    key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reserved {
    key: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    cache_size: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct Committed {
    size: u64,
}

/// `GET cache?keys=a,b&version=v`
pub(super) async fn find(
    State(app): State<App>,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Response {
    let work = move |app: App, grant: Grant| {
        let keys: Vec<_> = wanted.keys.split(',').collect();
        let lookup = Lookup { keys: &keys, version: &wanted.version };
        let found = app.store.find_cache(&grant, lookup)?;
        Ok(found.map(|entry| {
            let url = app.address(Place::Cache(entry.id), app.store.limits().download);
            show(&entry, Some(&url))
        }))
    };
    match with_grant(app, &headers, work).await {
        Ok(Some(entry)) => Json(entry).into_response(),
        Ok(None) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refuse(&error),
    }
}

/// `GET caches?key=a`: what the client tells of when it is asked to tell all.
pub(super) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    Query(listed): Query<Listed>,
) -> Response {
    let work = move |app: App, grant: Grant| {
        let scopes = grant.readable()?;
        let mut entries = app.store.caches(&listed.key)?;
        entries.retain(|entry| scopes.contains(&entry.scope.as_str()));
        let shown: Vec<_> = entries.iter().map(|entry| show(entry, None)).collect();
        Ok(json!({ "totalCount": shown.len(), "artifactCaches": shown }))
    };
    answer(with_grant(app, &headers, work).await, StatusCode::OK)
}

/// `POST caches`
pub(super) async fn reserve(
    State(app): State<App>,
    headers: HeaderMap,
    Json(reserved): Json<Reserved>,
) -> Response {
    let work = move |app: App, grant: Grant| {
        let limit = app.store.limits().cache_bytes;
        if reserved.cache_size.is_some_and(|size| size > limit) {
            return Err(Error::Invalid(format!("a cache entry has {limit} bytes at most")));
        }
        let id = app.store.create_cache(&grant, &reserved.key, &reserved.version)?;
        Ok(json!({ "cacheId": id }))
    };
    answer(with_grant(app, &headers, work).await, StatusCode::CREATED)
}

/// `PATCH caches/7`
pub(super) async fn range(
    State(app): State<App>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match keep_range(app, id, &headers, body).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refuse(&error),
    }
}

async fn keep_range(app: App, id: i64, headers: &HeaderMap, body: Body) -> Result<(), Error> {
    let range = headers.get(header::CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let (start, end) = range
        .and_then(read_range)
        .ok_or_else(|| Error::Invalid("Content-Range is `bytes FIRST-LAST/*`".to_owned()))?;
    let upload = with_grant(app.clone(), headers, move |app, grant| own(&app, &grant, id)).await?;
    let length = end - start + 1;
    if length > app.store.limits().block_bytes {
        return Err(Error::TooLarge(format!(
            "a range has {} bytes at most",
            app.store.limits().block_bytes
        )));
    }
    let draft = receive(&app, body, length).await?;
    if draft.size() != length {
        return Err(Error::Invalid(format!("{length} bytes were announced, and fewer came")));
    }
    blocking(move || app.store.keep_part(&upload, &Part::Range(start), draft)).await
}

/// `bytes 0-99/*`
fn read_range(text: &str) -> Option<(u64, u64)> {
    let (range, _) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let (start, end) = (start.parse().ok()?, end.parse().ok()?);
    (start <= end && end < u64::MAX).then_some((start, end))
}

/// `POST caches/7`
pub(super) async fn commit(
    State(app): State<App>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    Json(committed): Json<Committed>,
) -> Response {
    let work = move |app: App, grant: Grant| {
        let upload = own(&app, &grant, id)?;
        app.store.assemble_ranges(&upload)?;
        app.store.finalize_cache(id, Some(committed.size))
    };
    match with_grant(app, &headers, work).await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refuse(&error),
    }
}

fn own(app: &App, grant: &Grant, id: i64) -> Result<Upload, Error> {
    let upload = app.store.upload(id)?;
    if upload.kind == crate::store::UploadKind::Cache && upload.is_of(grant) {
        return Ok(upload);
    }
    Err(Error::Denied(format!("cache {id} is of another job")))
}

async fn with_grant<T: Send + 'static>(
    app: App,
    headers: &HeaderMap,
    work: impl FnOnce(App, Grant) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let grant = app.grant(headers)?;
    blocking(move || work(app, grant)).await
}

fn show(entry: &CacheEntry, url: Option<&str>) -> Value {
    json!({
        "cacheId": entry.id,
        "scope": entry.scope,
        "cacheKey": entry.key,
        "cacheVersion": entry.version,
        "creationTime": entry.created,
        "archiveLocation": url,
    })
}

fn answer(result: Result<Value, Error>, status: StatusCode) -> Response {
    match result {
        Ok(value) => (status, Json(value)).into_response(),
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &Error) -> Response {
    let status = match error {
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::AlreadyExists(_) => StatusCode::CONFLICT,
        Error::Denied(_) => StatusCode::FORBIDDEN,
        Error::Invalid(_) | Error::TooLarge(_) | Error::Mismatch(_) => StatusCode::BAD_REQUEST,
        Error::Failed { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, Json(json!({ "message": error.to_string() }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_client_writes_them() {
        assert_eq!(read_range("bytes 0-199/*"), Some((0, 199)));
        assert_eq!(read_range("bytes 5-5/10"), Some((5, 5)));
        let most = format!("bytes 0-{}/*", u64::MAX);
        for wrong in ["", "bytes 5-4/*", "bytes 0-1", "0-1/*", "bytes a-b/*", "bytes -1/*", &most] {
            assert_eq!(read_range(wrong), None, "{wrong}");
        }
    }
}
