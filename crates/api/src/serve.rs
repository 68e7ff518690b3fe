use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tidegate_controller::ControlPlane;
use tidegate_ports::Clock;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};

use crate::{
    auth::Token,
    limits::{CONNECTION_LIMIT, GRACE, HEADER_TIMEOUT},
    prometheus::Metrics,
    routes::{Api, routes},
};

/// How long to wait after an accept that failed, as with no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An address on which the API cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Other machines could reach it, and its token would cross the network in the clear.
    #[error("{0} is not a loopback address; the API is for this machine only")]
    NotLoopback(SocketAddr),
    /// It cannot be had.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// Listens on `address`, a loopback address; port 0 stands for any free one.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    if !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback(address));
    }
    TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })
}

/// Where connections come from.
pub trait Listener {
    /// One of them.
    type Connection: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next one.
    ///
    /// # Errors
    /// When it could not be taken; there may be more all the same.
    fn next(&self) -> impl Future<Output = io::Result<Self::Connection>> + Send;
}

impl Listener for TcpListener {
    type Connection = TcpStream;

    async fn next(&self) -> io::Result<TcpStream> {
        Ok(self.accept().await?.0)
    }
}

/// Serves the API until `stop` completes; then lets what was begun end, for two seconds at most.
pub async fn serve(
    listener: impl Listener,
    token: Token,
    control: ControlPlane,
    metrics: Metrics,
    clock: Arc<dyn Clock>,
    stop: impl Future<Output = ()>,
) {
    let (stopper, stopping) = watch::channel(false);
    let api = Api { control, clock, token, stopping: stopping.clone() };
    let routes = routes(api, &metrics);
    let mut connections = JoinSet::new();
    tokio::select! {
        () = accept(&listener, &routes, &stopping, &mut connections) => {}
        () = stop => {}
    }
    drop(listener);
    stopper.send_replace(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        tracing::warn!("some clients did not end in time and were cut off");
    }
}

/// Takes connections for ever, no more than the limit at a time.
async fn accept(
    listener: &impl Listener,
    routes: &Router,
    stopping: &watch::Receiver<bool>,
    connections: &mut JoinSet<()>,
) {
    let free = Arc::new(Semaphore::new(CONNECTION_LIMIT));
    while let Ok(permit) = Arc::clone(&free).acquire_owned().await {
        while connections.try_join_next().is_some() {}
        match listener.next().await {
            Ok(stream) => {
                let (routes, stopping) = (routes.clone(), stopping.clone());
                connections.spawn(carry(stream, routes, stopping, permit));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Answers the requests of one connection until it ends or the server stops.
async fn carry(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    routes: Router,
    stopping: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a client's connection ended early");
    }
}

/// Returns once the server stops.
async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the server is gone, which is a stop as well.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
