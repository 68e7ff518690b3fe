//! The services that the official clients speak, on a port of loopback.

mod artifacts;
mod azure;
mod blocks;
mod caches;
mod receive;
mod rest;
mod send;
mod twirp;
mod wire;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, header},
    response::Response,
    routing::{get, post, put},
};
use tidegate_units::Timestamp;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    Error, Grant, Store, Tokens,
    limits::{LIST_BYTES, MESSAGE_BYTES},
    signed::{Place, Signer},
};

/// How often what has expired is looked for: what is to go after days can wait for minutes.
const SWEEP: Duration = Duration::from_mins(10);

/// How long what is under way may take when the services end: the jobs that ask have ended by then.
const GRACE: Duration = Duration::from_secs(10);

/// The services, until they are stopped.
pub struct Server {
    address: SocketAddr,
    tokens: Tokens,
    store: Arc<Store>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

/// What every request needs.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) store: Arc<Store>,
    tokens: Tokens,
    signer: Signer,
    address: SocketAddr,
}

impl App {
    /// What the token of a request lets it do.
    fn grant(&self, headers: &HeaderMap) -> Result<Grant, Error> {
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = token.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        let token = token.ok_or_else(|| Error::Denied("no token was shown".to_owned()))?;
        self.tokens.read(token, self.store.now())
    }

    /// An address that holds for so long.
    fn address(&self, place: Place, lasts: Duration) -> String {
        let until = self.store.now().after(lasts);
        format!("http://{}{}", self.address, self.signer.sign(place, until))
    }
}

impl Server {
    /// Listens on `address`, whose port may be 0.
    ///
    /// Errors where it is not loopback: tokens go over it as they are.
    pub async fn start(store: Arc<Store>, address: SocketAddr) -> Result<Self, Error> {
        if !address.ip().is_loopback() {
            return Err(Error::Invalid(format!(
                "artifacts and caches are served on loopback alone, not at {address}"
            )));
        }
        let failed = || Error::failed(format!("cannot listen at {address}"));
        let listener = TcpListener::bind(address).await.map_err(failed())?;
        let address = listener.local_addr().map_err(failed())?;
        let tokens = Tokens::new(&store)?;
        let signer = Signer::new(&store)?;
        let app = App { store: Arc::clone(&store), tokens: tokens.clone(), signer, address };
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let serve = async move {
            let served = axum::serve(listener, router(app)).with_graceful_shutdown(stopped);
            if let Err(error) = served.await {
                tracing::error!(%error, "artifacts and caches are served no more");
            }
        };
        let sweep = sweep(Arc::clone(&store), stop.clone());
        let tasks = vec![tokio::spawn(serve), tokio::spawn(sweep)];
        Ok(Self { address, tokens, store, stop, tasks })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A token that lets a job do this for so long.
    pub fn token(&self, grant: &Grant, lasts: Duration) -> Result<String, Error> {
        self.tokens.sign(grant, self.store.now(), lasts)
    }

    /// What a job's environment needs for the official clients to come here. They also look at
    /// `GITHUB_SERVER_URL`, and come only if its host is `github.com` or ends with `.ghe.com` or
    /// `.localhost`.
    pub fn environment(&self, token: &str) -> Vec<(&'static str, String)> {
        let url = format!("http://{}/", self.address);
        vec![
            ("ACTIONS_RESULTS_URL", url.clone()),
            ("ACTIONS_CACHE_URL", url.clone()),
            ("ACTIONS_RUNTIME_URL", url),
            ("ACTIONS_RUNTIME_TOKEN", token.to_owned()),
            ("ACTIONS_CACHE_SERVICE_V2", "true".to_owned()),
        ]
    }

    /// Ends, after what is under way; what takes too long is cut off.
    pub async fn stop(self) {
        self.stop.cancel();
        for mut task in self.tasks {
            if tokio::time::timeout(GRACE, &mut task).await.is_err() {
                task.abort();
                // It was aborted, or panicked and said so already.
                drop(task.await);
            }
        }
    }
}

async fn sweep(store: Arc<Store>, stop: CancellationToken) {
    let clock = Arc::clone(store.clock());
    loop {
        let swept = Arc::clone(&store);
        match blocking(move || swept.sweep()).await {
            Ok(swept) if swept != crate::Swept::default() => {
                tracing::info!(?swept, "artifacts and caches were cleared away");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "artifacts and caches were not cleared away"),
        }
        tokio::select! {
            () = clock.sleep(SWEEP) => {}
            () = stop.cancelled() => return,
        }
    }
}

fn router(app: App) -> Router {
    let messages = Router::new()
        .route("/twirp/github.actions.results.api.v1.ArtifactService/{method}", post(artifacts))
        .route("/twirp/github.actions.results.api.v1.CacheService/{method}", post(caches))
        .route("/_apis/artifactcache/cache", get(rest::find))
        .route("/_apis/artifactcache/caches", get(rest::list).post(rest::reserve))
        .layer(DefaultBodyLimit::max(MESSAGE_BYTES));
    let bytes = Router::new()
        .route("/_apis/artifactcache/caches/{id}", post(rest::commit).patch(rest::range))
        .route("/blobs/uploads/{id}", put(azure::put))
        .route("/blobs/artifacts/{id}", get(azure::artifact))
        .route("/blobs/caches/{id}", get(azure::cache))
        .layer(DefaultBodyLimit::max(LIST_BYTES));
    messages.merge(bytes).with_state(app)
}

async fn artifacts(
    State(app): State<App>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let grant = match app.grant(&headers) {
        Ok(grant) => grant,
        Err(error) => return twirp::unauthenticated(&error),
    };
    let call = twirp::Call::new(&headers, body);
    let answer = artifacts::call(app, grant, &method, call).await;
    answer.unwrap_or_else(|error| twirp::refuse(&error))
}

async fn caches(
    State(app): State<App>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let grant = match app.grant(&headers) {
        Ok(grant) => grant,
        Err(error) => return twirp::unauthenticated(&error),
    };
    let call = twirp::Call::new(&headers, body);
    let answer = caches::call(app, grant, &method, call).await;
    answer.unwrap_or_else(|error| twirp::refuse(&error))
}

/// Runs what waits for the disk where nothing else waits for it.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(Error::failed("the work ended"))?
}

/// As HTTP writes a moment.
fn http_date(moment: Timestamp) -> String {
    let millis = u64::try_from(moment.as_millis()).unwrap_or(0);
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_millis(millis))
}
