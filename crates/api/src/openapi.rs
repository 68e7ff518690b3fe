//! The API as `OpenAPI` 3.1 has it, made of the types that it shows.
//!
//! Invariant: every row of the [door](crate::door)'s table is described, and nothing else is.

mod access;
mod ledger;
mod notifications;
mod operation;
mod parameter;
mod prometheus;
mod resources;
mod rights;
mod shapes;
mod tags;
#[cfg(test)]
mod tests;
mod tuples;
mod versioned;

use std::sync::LazyLock;

use axum::{body::Bytes, http::HeaderMap, response::Response};
use utoipa::openapi::{
    ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem, PathsBuilder,
    RefOr, ServerBuilder,
    schema::Components,
    security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};

use crate::{
    browser::session_cookie,
    etag::{etag_of, tagged},
    openapi::operation::{BEARER, COOKIE, Described, components},
};

/// The API as `OpenAPI` 3.1 has it.
pub fn openapi() -> OpenApi {
    let all = described();
    let components = components(&all);
    let mut paths = std::collections::BTreeMap::<String, PathItem>::new();
    for one in all {
        let item = PathItem::new(one.method.clone(), one.operation);
        match paths.get_mut(&one.path) {
            Some(known) => known.merge_operations(item),
            None => drop(paths.insert(one.path, item)),
        }
    }
    let paths =
        paths.into_iter().fold(PathsBuilder::new(), |paths, (path, item)| paths.path(path, item));
    let info = InfoBuilder::new()
        .title("Tidegate")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .contact(Some(ContactBuilder::new().name(Some("The authors of Tidegate")).build()))
        .license(Some(
            LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build(),
        ));
    let here = ServerBuilder::new().url("/").description(Some("The server that tells this."));
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([here.build()]))
        .tags(Some(tags::all()))
        .paths(paths)
        .components(Some(with_security(components)))
        .build()
}

const ABOUT: &str = "Releases step by step. Every error is `application/problem+json` (RFC 9457) with a `hint`: \
    what to do about it. Resources have the addresses and shapes that Kubernetes gives them; what Kubernetes has \
    no address for is below `/v1`.";

/// Every operation, in no order.
fn described() -> Vec<Described> {
    [access::all(), notifications::all(), resources::all(), versioned::all(), prometheus::all()]
        .concat()
}

fn with_security(mut components: Components) -> Components {
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.description = Some("A token: that of the data folder, or one of an account.".to_owned());
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    let cookie = ApiKeyValue::with_description(session_cookie(), ABOUT_COOKIE);
    components.add_security_scheme(COOKIE, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    for schema in components.schemas.values_mut() {
        if let RefOr::T(schema) = schema {
            tuples::bounded(schema);
        }
    }
    components
}

const ABOUT_COOKIE: &str = "The session of a browser, which `POST /v1/session` begins. Over TLS the cookie is called \
    `__Host-tidegate-session`. Whoever changes anything with it shows `csrf` of the session in the header field \
    `Tidegate-Csrf`, and what they do where it is protected is confirmed in `Tidegate-Confirm`.";

/// The description, which anybody may read: it is the same of every server of this version.
pub(crate) async fn document(headers: HeaderMap) -> Response {
    static TEXT: LazyLock<(String, Bytes)> = LazyLock::new(|| {
        let text = openapi().to_json().unwrap_or_default();
        (etag_of(text.as_bytes()), text.into())
    });
    let (etag, text) = &*TEXT;
    tagged(&headers, etag, || text.clone())
}
