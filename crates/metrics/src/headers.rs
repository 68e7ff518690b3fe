//! Header fields that a manifest gives.

use hyper::{
    HeaderMap,
    header::{self, HeaderName, HeaderValue},
};
use tidegate_analysis::{BasicAuth, Header};
use tidegate_http_client::basic;

/// The headers of a manifest.
pub(crate) fn headers(given: &[Header]) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for Header { name, value } in given {
        let name: HeaderName =
            name.parse().map_err(|_| format!("{name:?} is no name of a header"))?;
        let value = HeaderValue::from_str(value)
            .map_err(|_| format!("the value of the header {name} has signs that none may have"))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// Adds a name and password.
pub(crate) fn authorize(headers: &mut HeaderMap, auth: &BasicAuth) -> Result<(), String> {
    headers.insert(header::AUTHORIZATION, basic(&auth.username, &auth.password)?);
    Ok(())
}
