//! Answers that a client may have already.

use axum::{
    body::Bytes,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, ETAG, IF_MATCH, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tidegate_controller::{Expected, Kind, Version};
use tidegate_ledger::Digest;
use tidegate_units::ObjectKey;

use crate::{
    problem::{Problem, ProblemKind},
    routes::Api,
};

/// The name of a content: half of its SHA-256, which no two contents share.
pub(crate) fn etag_of(content: &[u8]) -> String {
    let digits = Digest::of(content).to_string();
    format!("\"{}\"", digits.get(..32).unwrap_or(&digits))
}

/// Whether the client says that it has this.
pub(crate) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    names(headers, IF_NONE_MATCH)
        .any(|known| known == "*" || known.trim_start_matches("W/") == etag)
}

/// The entity tags in a header field.
fn names(headers: &HeaderMap, field: axum::http::HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(field).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// The answer, or that the client has it; its `ETag` names `content`.
pub(crate) fn tagged(headers: &HeaderMap, etag: &str, answer: impl FnOnce() -> Bytes) -> Response {
    let mut response = if is_known(headers, etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = answer().into_response();
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(axum::http::header::CONTENT_TYPE, json);
        response
    };
    let fields = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(etag) {
        fields.insert(ETAG, etag);
    }
    // To be kept by the client alone, and asked about each time.
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

/// The answer about one resource, or that the client has it. Its `ETag` names the resource's version and `content`, which
/// is what is answered but for what changes all the time; `If-Match` looks at the version alone.
pub(crate) fn versioned<C: Serialize, T: Serialize>(
    headers: &HeaderMap,
    version: Option<Version>,
    content: &C,
    answer: &T,
) -> Result<Response, Problem> {
    let unwritten = |error: serde_json::Error| {
        Problem::new(ProblemKind::Unavailable, format!("the answer cannot be written: {error}"))
    };
    let content = etag_of(&serde_json::to_vec(content).map_err(unwritten)?);
    let body = serde_json::to_vec(answer).map_err(unwritten)?;
    let etag = version.map_or(content.clone(), |version| {
        format!("\"{version}.{}", content.trim_start_matches('"'))
    });
    Ok(tagged(headers, &etag, || body.into()))
}

/// What `If-Match` says that a resource has to be; none without it.
pub(crate) fn expected(headers: &HeaderMap, kind: Kind, key: &ObjectKey) -> Option<Expected> {
    headers.get(IF_MATCH)?;
    // A tag that no answer about a resource had matches nothing.
    let version = |tag: &str| tag.trim_matches('"').split('.').next()?.parse().ok();
    let any = names(headers, IF_MATCH).any(|tag| tag == "*");
    let versions = names(headers, IF_MATCH).filter_map(version).collect();
    Some(Expected { kind, key: key.clone(), versions: (!any).then_some(versions) })
}

/// The same server, whose next change is made only if a resource is then as `If-Match` says.
pub(crate) fn provided(
    api: Api,
    headers: &HeaderMap,
    kind: Kind,
    key: &ObjectKey,
) -> Result<Api, Problem> {
    let Some(expected) = expected(headers, kind, key) else { return Ok(api) };
    // Before anything is written down that belongs to the change.
    api.control.meets(&expected)?;
    Ok(Api { control: api.control.provided(expected), ..api })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_what_it_names() {
        let tag = etag_of(b"one");
        assert_eq!(tag.len(), 34);
        assert_ne!(tag, etag_of(b"two"));
        let check = |field: &str, expect: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_str(field).unwrap());
            assert_eq!(is_known(&headers, &tag), expect, "{field}");
        };
        check(&tag, true);
        check(&format!("W/{tag}"), true);
        check(&format!("\"other\", {tag}"), true);
        check("*", true);
        check("\"other\"", false);
        check(tag.trim_matches('"'), false);
        assert!(!is_known(&HeaderMap::new(), &tag));
    }
}
