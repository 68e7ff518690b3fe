//! The public status page: worked out once in a while, whoever many look at it.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{
        HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use tidegate_controller::{ControlPlane, RolloutView};
use tidegate_dora::{Deployment, Deployments};
use tidegate_status_page::{STYLE, Seen, Service, Summary, html, summary};
use tidegate_units::{ObjectKey, Timestamp, Weight};
use tokio::sync::Mutex;

use crate::{
    dora::DeploymentReader,
    etag::{etag_of, is_known},
    problem::{Problem, ProblemKind},
    routes::{Api, bound_time},
};

/// How long what was worked out is shown: shorter than anybody reloads, and a crowd costs no more than one.
const FRESH: Duration = Duration::from_secs(5);
/// The same, for whoever keeps answers.
const KEEP: &str = "public, max-age=5";
/// The page loads its own style, and nothing else from anywhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";
const ANNOTATION: &str = "tidegate.dev/status-page";
const ADDRESS: &str = "/status";

/// The page with what was last worked out.
#[derive(Default)]
pub(crate) struct StatusDoor {
    name: Option<String>,
    shown: Mutex<Option<Shown>>,
}

#[derive(Clone)]
struct Shown {
    looked: Timestamp,
    summary: Summary,
    page: Content,
    unresolved: Content,
    incidents: Content,
}

#[derive(Clone)]
struct Content {
    kind: &'static str,
    etag: String,
    body: Bytes,
}

impl Content {
    fn new(kind: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self { kind, etag: etag_of(&body), body }
    }

    fn json(value: &impl serde::Serialize) -> Self {
        Self::new("application/json", serde_json::to_vec(value).unwrap_or_default())
    }

    fn answer(&self, request: &Request) -> Response {
        let mut response = if is_known(request.headers(), &self.etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            self.body.clone().into_response()
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(KEEP));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Ok(etag) = HeaderValue::from_str(&self.etag) {
            headers.insert(ETAG, etag);
        }
        response
    }
}

/// Its addresses. They are beside the door, as the page is: everybody gets them, and with no status page
/// there is nothing.
pub(crate) fn routes(api: Api) -> Router {
    Router::new()
        .route("/status", get(page))
        .route("/status/style.css", get(style))
        .route("/status/summary.json", get(unresolved))
        .route("/status/incidents.json", get(incidents))
        .layer(middleware::from_fn_with_state(api.clone(), bound_time))
        .with_state(api)
}

async fn page(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    Ok(shown(&api).await?.page.answer(&request))
}

async fn unresolved(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    Ok(shown(&api).await?.unresolved.answer(&request))
}

async fn incidents(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    Ok(shown(&api).await?.incidents.answer(&request))
}

async fn style(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    api.status.name()?;
    Ok(Content::new("text/css; charset=utf-8", STYLE).answer(&request))
}

impl StatusDoor {
    pub(crate) fn new(name: Option<String>) -> Self {
        Self { name, shown: Mutex::default() }
    }

    fn name(&self) -> Result<&str, Problem> {
        let none = || {
            Problem::new(ProblemKind::NotFound, "there is no status page")
                .with_hint("`tidegate server --status-page NAME` shows one")
        };
        self.name.as_deref().ok_or_else(none)
    }
}

/// What is to be shown; whoever comes while it is worked out waits for that.
async fn shown(api: &Api) -> Result<Shown, Problem> {
    let name = api.status.name()?;
    let mut last = api.status.shown.lock().await;
    let now = api.clock.now();
    if let Some(shown) = last.as_ref().filter(|shown| now.since(shown.looked) < FRESH) {
        return Ok(shown.clone());
    }
    let next = look(&api.control, &api.deployments, name, now).await?;
    let same = last.take().filter(|last| {
        let told = last.summary.page.updated_at;
        next.clone().as_told_at(told) == last.summary
    });
    let shown = same.map_or_else(|| Shown::new(next, now), |same| Shown { looked: now, ..same });
    *last = Some(shown.clone());
    Ok(shown)
}

impl Shown {
    fn new(summary: Summary, looked: Timestamp) -> Self {
        let all = serde_json::json!({ "page": summary.page, "incidents": summary.incidents });
        Self {
            looked,
            page: Content::new("text/html; charset=utf-8", html(&summary)),
            unresolved: Content::json(&summary.clone().unresolved()),
            incidents: Content::json(&all),
            summary,
        }
    }
}

async fn look(
    control: &ControlPlane,
    reader: &DeploymentReader,
    name: &str,
    now: Timestamp,
) -> Result<Summary, Problem> {
    let annotated = control.fleet().annotated(ANNOTATION);
    let known = reader.read(control).await?;
    let mut deployments = of(&known, &annotated);
    let services: Vec<Service<'_>> = annotated
        .iter()
        .filter_map(|(key, said)| {
            let view = control.rollout(key)?;
            let (group, name) = match said.split_once('/') {
                Some((group, name)) => (Some(group.trim().to_owned()), name.trim()),
                None => (None, said.trim()),
            };
            Some(Service {
                name: name.to_owned(),
                group,
                since: view.created_at,
                seen: seen(&view),
                deployments: deployments.remove(key).unwrap_or_default(),
            })
        })
        .collect();
    Ok(summary(name, ADDRESS, &services, now))
}

/// The deployments of those that are on the page.
fn of<'a>(
    known: &'a Deployments,
    annotated: &[(ObjectKey, String)],
) -> BTreeMap<ObjectKey, Vec<&'a Deployment>> {
    let mut found: BTreeMap<_, Vec<_>> =
        annotated.iter().map(|(key, _)| (key.clone(), Vec::new())).collect();
    for one in known.all() {
        if let Some(own) = found.get_mut(&one.application) {
            own.push(one);
        }
    }
    found
}

fn seen(view: &RolloutView) -> Seen {
    let counts = view.traffic.values().map(|one| {
        let requests = one.request_rate * f64::from(one.window_s);
        (requests, requests * one.error_rate.unwrap_or_default())
    });
    let (requests, errors) = counts.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let revisions = &view.report.revisions;
    Seen {
        wanted: view.replicas_wanted,
        available: revisions.iter().map(|one| one.available).sum(),
        requests,
        errors,
        taking_back: view.report.aborted.is_some() && view.status.weight > Weight::ZERO,
    }
}
