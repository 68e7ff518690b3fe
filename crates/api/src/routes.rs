use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use tidegate_controller::{ControlPlane, ExperimentView, RolloutView};
use tidegate_ports::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::{
    access::{
        Access, accounts, ask, bindings, environments,
        provider::{self, CALLBACK, SignIns},
        sign_in, tokens,
    },
    actions, analysis_runs, apply,
    browser::{self, Site},
    connections::Connections,
    door::{guard, not_so},
    dora::{self, DeploymentReader},
    experiments, fleet_list, fleet_watch,
    fleet_watch::EVENT_STREAM,
    hub::Hub,
    journal, ledger_export, ledger_watch,
    limits::{BODY_LIMIT, WATCH_RETRY},
    notifications::{self, Notifications},
    openapi,
    options::Options,
    problem::{Problem, ProblemKind},
    prometheus::{self, Metrics, MetricsAccess},
    read,
    repeats::Repeats,
    resources, revision_diff,
    status::StatusDoor,
    watch as watching,
    webhooks::{self, Webhooks},
};

/// What every handler works with.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) control: ControlPlane,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) access: Arc<Access>,
    /// Where browsers find it.
    pub(crate) site: Arc<Site>,
    pub(crate) metrics_access: MetricsAccess,
    /// Where everybody who watches all rollouts gets it from.
    pub(crate) hub: Hub,
    /// Who is on the way to the provider of identities, if there is one.
    pub(crate) sign_ins: Option<Arc<SignIns>>,
    /// What forges tell.
    pub(crate) webhooks: Arc<Webhooks>,
    /// Turns true when the server stops, so that watches end.
    pub(crate) stopping: watch::Receiver<bool>,
    /// What is known of deployments, for all that is told of them.
    pub(crate) deployments: Arc<DeploymentReader>,
    /// What tells people and programs of rollouts.
    pub(crate) notifications: Arc<Notifications>,
    /// Which requests are not to be carried out twice.
    pub(crate) repeats: Arc<Repeats>,
    /// The public status page, if there is one.
    pub(crate) status: Arc<StatusDoor>,
    /// Who is connected.
    pub(crate) connections: Arc<Connections>,
    /// Room for who watches.
    pub(crate) watches: Arc<Semaphore>,
}

impl Api {
    /// What every handler works with, and beside it what works for all of them.
    pub(crate) fn new(
        control: ControlPlane,
        options: Options,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let Options { token, metrics, clock, webhook_secrets, status_page, .. } = options;
        let Options { identity, public_url, courier, notifications, certificate, limits, .. } =
            options;
        let notifications = Arc::new(Notifications::new(
            control.clone(),
            Arc::clone(&clock),
            courier,
            notifications,
        ));
        let sign_ins = identity.zip(public_url.as_deref());
        let sign_ins = sign_ins.map(|(provider, url)| Arc::new(SignIns::new(provider, url)));
        let access = Arc::new(Access::open(control.clone(), Arc::clone(&clock), token));
        let hub = Hub::new(control.clone(), stopping.clone());
        let webhooks = Arc::new(Webhooks::new(webhook_secrets));
        Self {
            control,
            clock,
            access,
            site: Arc::new(Site::of(public_url.as_deref(), certificate)),
            metrics_access: metrics.access,
            hub,
            sign_ins,
            webhooks,
            notifications,
            stopping,
            deployments: Arc::default(),
            repeats: Arc::default(),
            status: Arc::new(StatusDoor::new(status_page)),
            watches: Arc::new(Semaphore::new(limits.watches)),
            connections: Arc::new(Connections::new(limits)),
        }
    }
}

/// Every address of the API. Each has its rows in the table of the [door](crate::door).
pub(crate) fn addresses(api: &Api, metrics: &Metrics) -> Router<Api> {
    Router::new()
        .merge(resource_routes())
        .merge(command_routes())
        .merge(access_routes())
        .merge(notification_routes())
        .merge(prometheus::routes(api, metrics))
        .route("/v1/openapi.json", get(openapi::document))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
}

/// All of them, behind the door.
pub(crate) fn routes(api: Api, metrics: &Metrics) -> Router {
    addresses(&api, metrics)
        .fallback(nowhere)
        .method_not_allowed_fallback(other_methods)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(read::bound_body))
        // Before everything else: what has no row in its table lets nobody in.
        .layer(middleware::from_fn_with_state(api.clone(), guard))
        .layer(middleware::from_fn_with_state(api.clone(), browser::with_security_headers))
        .layer(middleware::from_fn_with_state(api.clone(), bound_time))
        .layer(middleware::from_fn_with_state(api.clone(), bound_watches))
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
        .route("/v1/rollouts", get(fleet_list::list))
        .route("/v1/rollouts/watch", get(fleet_watch::watch))
        .route(&format!("{RUN}/{{action}}"), post(analysis_runs::act))
        .route(&format!("{EXPERIMENT}/view"), get(watching::view::<ExperimentView>))
        .route(&format!("{EXPERIMENT}/watch"), get(watching::watch::<ExperimentView>))
        .route(&format!("{EXPERIMENT}/{{action}}"), post(experiments::act))
        .route(&format!("{ROLLOUT}/view"), get(watching::view::<RolloutView>))
        .route(&format!("{ROLLOUT}/watch"), get(watching::watch::<RolloutView>))
        .route(&format!("{ROLLOUT}/history"), get(watching::history))
        .route(&format!("{ROLLOUT}/diff"), get(revision_diff::diff))
        .route(&format!("{ROLLOUT}/{{action}}"), post(actions::act))
        .route("/v1/logs", get(journal::logs))
        .route("/v1/dora", get(dora::dora))
        .route("/v1/ledger", get(journal::ledger))
        .route("/v1/ledger/export", get(ledger_export::export))
        .route("/v1/ledger/verify", get(journal::verify))
        .route("/v1/ledger/watch", get(ledger_watch::watch))
        .route("/v1/webhooks/{forge}", post(webhooks::receive))
}

fn access_routes() -> Router<Api> {
    Router::new()
        .route(
            "/v1/session",
            get(sign_in::who_am_i).post(sign_in::sign_in).delete(sign_in::sign_out),
        )
        .route("/v1/session/codes", post(sign_in::code))
        .route("/v1/session/ways", get(sign_in::how))
        .route("/v1/session/oidc", get(provider::begin))
        .route(CALLBACK, get(provider::come_back))
        .route("/v1/can-i", get(ask::can_i))
        .route("/v1/namespaces/{namespace}/rollouts/{name}/permissions", get(ask::permissions))
        .route("/v1/access/accounts", get(accounts::list).post(accounts::put))
        .route("/v1/access/accounts/{account}", delete(accounts::delete))
        .route("/v1/access/tokens", get(tokens::list).post(tokens::create))
        .route("/v1/access/tokens/{token}", delete(tokens::revoke))
        .route("/v1/access/bindings", get(bindings::list).post(bindings::create))
        .route("/v1/access/bindings/{binding}", delete(bindings::delete))
        .route("/v1/environments", get(environments::list).post(environments::put))
        .route("/v1/environments/{environment}", delete(environments::delete))
}

fn notification_routes() -> Router<Api> {
    const DEAD_LETTERS: &str = "/v1/notifications/dead-letters";
    Router::new()
        .route("/v1/notifications", get(notifications::handlers::show))
        .route("/v1/notifications/trials", post(notifications::handlers::attempt))
        .route(DEAD_LETTERS, get(notifications::handlers::list))
        .route(&format!("{DEAD_LETTERS}/{{letter}}"), delete(notifications::handlers::discard))
        .route(&format!("{DEAD_LETTERS}/{{letter}}/retry"), post(notifications::handlers::retry))
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

async fn other_methods(request: Request) -> Problem {
    not_so(request.method(), request.uri().path())
}

/// Bounds the time until an answer begins; a watch goes on from there.
pub(crate) async fn bound_time(State(api): State<Api>, request: Request, next: Next) -> Response {
    let limit = api.connections.limits().request;
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
        let detail = format!("there was no answer within {} s", limit.as_secs());
        Problem::new(ProblemKind::TimedOut, detail)
            .with_hint("what was asked for may still happen; look before you ask again")
            .into_response()
    })
}

/// The place of somebody who watches, for as long as the answer lasts that has it among its extensions.
#[derive(Clone)]
pub(crate) struct Watches(
    #[expect(dead_code, reason = "it is held, not read")] Arc<OwnedSemaphorePermit>,
);

/// Bounds how many watch: the other connections stay for who asks and goes.
async fn bound_watches(State(api): State<Api>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if !kind.is_some_and(|kind| kind.starts_with(EVENT_STREAM.as_bytes())) {
        return response;
    }
    match Arc::clone(&api.watches).try_acquire_owned() {
        Ok(place) => {
            response.extensions_mut().insert(Watches(Arc::new(place)));
            response
        }
        Err(_) => Problem::new(ProblemKind::Unavailable, "as many watch as there is room for")
            .with_hint("close pages that nobody looks at; what does not watch is answered")
            .with_wait(WATCH_RETRY)
            .into_response(),
    }
}
