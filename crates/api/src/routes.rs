use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tidegate_controller::ControlPlane;
use tidegate_ports::Clock;
use tokio::sync::watch;

use crate::{
    actions, analysis_runs, apply,
    auth::{Token, require_token},
    experiments, journal,
    limits::{BODY_LIMIT, REQUEST_TIMEOUT},
    problem::{Problem, ProblemKind},
    prometheus::{self, Metrics},
    resources, watch as watching,
};

/// What every handler works with.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) control: ControlPlane,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) token: Token,
    /// Turns true when the server stops, so that watches end.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// Every address of the API.
pub(crate) fn routes(api: Api, metrics: &Metrics) -> Router {
    let protected = Router::new()
        .merge(resource_routes())
        .merge(command_routes())
        .fallback(nowhere)
        .method_not_allowed_fallback(not_so)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(api.clone(), require_token));
    Router::new()
        .merge(protected)
        .merge(prometheus::routes(&api, metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .layer(middleware::from_fn(bound_time))
        .with_state(api)
}

fn resource_routes() -> Router<Api> {
    let one = || get(resources::one).delete(resources::delete);
    Router::new()
        .route("/apis/argoproj.io/v1alpha1/{kind}", get(resources::everywhere))
        .route("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/{kind}", get(resources::list))
        .route("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/{kind}/{name}", one())
        .route(
            "/apis/argoproj.io/v1alpha1/{kind}/{name}",
            get(resources::cluster_one).delete(resources::cluster_delete),
        )
        .route("/apis/apps/v1/{kind}", get(resources::everywhere))
        .route("/apis/apps/v1/namespaces/{namespace}/{kind}", get(resources::list))
        .route("/apis/apps/v1/namespaces/{namespace}/{kind}/{name}", one())
        .route("/api/v1/{kind}", get(resources::everywhere))
        .route("/api/v1/namespaces/{namespace}/{kind}", get(resources::list))
        .route("/api/v1/namespaces/{namespace}/{kind}/{name}", one())
}

fn command_routes() -> Router<Api> {
    const RUN: &str = "/v1/namespaces/{namespace}/analysisruns/{name}";
    const EXPERIMENT: &str = "/v1/namespaces/{namespace}/experiments/{name}";
    const ROLLOUT: &str = "/v1/namespaces/{namespace}/rollouts/{name}";
    Router::new()
        .route("/v1/apply", post(apply::apply))
        .route(&format!("{RUN}/{{action}}"), post(analysis_runs::act))
        .route(&format!("{EXPERIMENT}/view"), get(experiments::view))
        .route(&format!("{EXPERIMENT}/{{action}}"), post(experiments::act))
        .route(&format!("{ROLLOUT}/view"), get(watching::view))
        .route(&format!("{ROLLOUT}/watch"), get(watching::watch))
        .route(&format!("{ROLLOUT}/history"), get(watching::history))
        .route(&format!("{ROLLOUT}/{{action}}"), post(actions::act))
        .route("/v1/logs", get(journal::logs))
        .route("/v1/ledger", get(journal::ledger))
        .route("/v1/ledger/verify", get(journal::verify))
}

/// Ready means that the store answers; the controller runs before this server listens.
async fn ready(State(api): State<Api>) -> Response {
    match api.control.ledger(0, 1).await {
        Ok(_) => "ok\n".into_response(),
        Err(refused) => (StatusCode::SERVICE_UNAVAILABLE, format!("{refused}\n")).into_response(),
    }
}

async fn nowhere(request: Request) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("there is nothing at {}", request.uri().path()))
        .with_hint("a client and a server of different versions? `tidegate version` tells both")
}

async fn not_so(request: Request) -> Problem {
    let detail = format!("{} is not possible at {}", request.method(), request.uri().path());
    Problem::new(ProblemKind::MethodNotAllowed, detail)
}

/// Bounds the time until an answer begins; a watch goes on from there.
async fn bound_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await.unwrap_or_else(|_| {
        let detail = format!("there was no answer within {} s", REQUEST_TIMEOUT.as_secs());
        Problem::new(ProblemKind::TimedOut, detail)
            .with_hint("what was asked for may still happen; look before you ask again")
            .into_response()
    })
}
