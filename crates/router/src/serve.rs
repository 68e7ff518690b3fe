use std::{io, net::SocketAddr, path::PathBuf};

use crate::{RouterClient, RouterSettings};

/// A router that could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another router works in the same data folder.
    #[error("another router answers at {0}; stop it or choose another --data folder")]
    Running(PathBuf),
    /// A file or folder that it needs cannot be had.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The address for metrics cannot be had.
    #[error("cannot listen on {address} for metrics: {source}")]
    Metrics {
        /// Which.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// A thread or an event loop could not be made.
    #[error("cannot start a worker: {0}")]
    Worker(io::Error),
}

/// A router in the background. It stops when this is dropped, and [`RunningRouter::stop`] also
/// lets requests end first.
#[derive(Debug)]
pub struct RunningRouter {
    client: RouterClient,
    metrics: Option<SocketAddr>,
}

impl RunningRouter {
    /// Speaks to it.
    pub fn client(&self) -> RouterClient {
        self.client.clone()
    }

    /// Where its metrics are.
    pub fn metrics(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// Stops to accept, lets requests end up to the drain timeout, and returns.
    pub fn stop(self) {}
}

/// Runs a router until SIGTERM or SIGINT, then lets requests end up to the drain timeout.
/// Blocks the calling thread; must not be called from within an async task.
pub fn serve(settings: RouterSettings) -> Result<(), ServeError> {
    start(settings)?.stop();
    Ok(())
}

/// Starts a router in the background. When this returns, its control socket answers, and the
/// table that it last had is served.
pub fn start(settings: RouterSettings) -> Result<RunningRouter, ServeError> {
    Ok(RunningRouter {
        client: RouterClient::new(&settings.data),
        metrics: settings.metrics,
    })
}
