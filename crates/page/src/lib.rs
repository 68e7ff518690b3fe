//! The page: what people see in a browser, embedded in the program.
//!
//! `cargo xtask web` builds it from `web/` into `web/dist`; what is there when this crate is built is
//! embedded, with the compressed forms that stand beside it. Without it a plain page says how to get it.
//!
//! Invariant: nothing here knows who asks or what is released. The page asks the API for both, and
//! this serves the same bytes to everybody.

mod answer;
mod asset;

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse as _, Response},
    routing::get,
};

pub use asset::Asset;

/// Addresses within the page. They are all answered with the page itself, which shows what belongs
/// there.
pub const VIEWS: &[&str] = &[
    "/",
    "/sign-in",
    "/rollouts",
    "/rollouts/{*rest}",
    "/ledger",
    "/dora",
    "/environments",
    "/notifications",
    "/access",
    "/settings",
];

/// What is embedded.
pub const EMBEDDED: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// All addresses of the page. None of them asks for a token: the page is the same for everybody.
pub fn routes() -> Router {
    let views = VIEWS.iter().fold(Router::new(), |routes, view| routes.route(view, get(index)));
    views.route("/assets/{*path}", get(asset)).route("/favicon.svg", get(asset))
}

async fn index(request: Request) -> Response {
    respond("index.html", &request)
}

async fn asset(request: Request) -> Response {
    respond(request.uri().path().trim_start_matches('/'), &request)
}

fn respond(path: &str, request: &Request) -> Response {
    match Asset::find(EMBEDDED, path) {
        Some(asset) => answer::answer(asset, request.headers()),
        None => answer::Missing.into_response(),
    }
}
