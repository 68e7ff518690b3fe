//! How a file of the page is answered.

use axum::{
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
            CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{IntoResponse, Response},
};

use crate::asset::{Asset, Coding};

/// What the page may do: load its own scripts and styles from here, and ask this server. No script or
/// style in the document itself, no frame, no other site.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

/// The name changes with the content: a year, which is the longest that HTTP knows.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Ask each time whether it is still the same: a new server is seen at the next load.
const ASK: &str = "no-cache";

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// `asset` as the client wants it, or that it has it already.
pub(crate) fn answer(asset: &Asset, asked: &HeaderMap) -> Response {
    let (coding, bytes) = asset.best(text(asked, &ACCEPT_ENCODING));
    let tag = tag(asset, coding);
    let known = text(asked, &IF_NONE_MATCH);
    let fresh =
        known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag || one.trim() == "*");
    let mut response =
        if fresh { StatusCode::NOT_MODIFIED.into_response() } else { bytes.into_response() };
    let headers = response.headers_mut();
    if !fresh {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type()));
        if let Some(name) = name(coding) {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    let caching = if asset.is_named_by_content() { FOR_EVER } else { ASK };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    guard(headers);
    response
}

/// That there is no such file. A view of the page is never missing, so no person sees this.
pub(crate) struct Missing;

impl IntoResponse for Missing {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::NOT_FOUND, "there is no such file\n").into_response();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        guard(response.headers_mut());
        response
    }
}

/// What keeps a browser from doing with an answer what it is not for.
fn guard(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
}

/// Each form of an asset has its own, as HTTP asks.
fn tag(asset: &Asset, coding: Coding) -> String {
    let form = name(coding).unwrap_or("plain");
    format!("\"{}-{form}\"", asset.tag)
}

const fn name(coding: Coding) -> Option<&'static str> {
    match coding {
        Coding::Plain => None,
        Coding::Brotli => Some("br"),
        Coding::Gzip => Some("gzip"),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
