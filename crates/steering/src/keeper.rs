use std::{fs, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use tidegate_ports::Router;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use crate::{ClaimError, claim, open_socket, serve_orders};

/// How often logs are read and processes looked after.
const BEAT: Duration = Duration::from_millis(100);

/// A router that is made of somebody else's program.
#[async_trait]
pub trait Kept: Router {
    /// Reads the logs, forgets what is over, starts the program again when it is gone.
    async fn beat(&self);

    /// Lets the program end its requests, for as long as they may take.
    async fn stop(&self);
}

/// A keeper that could not be started.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The folder cannot be had.
    #[error(transparent)]
    Folder(#[from] ClaimError),
    /// No event loop, or no signals.
    #[error("no event loop could be started: {0}")]
    Loop(std::io::Error),
}

/// Keeps what `open` opens in the data folder `data`, a router of this `kind`, until SIGTERM or
/// SIGINT; then lets requests end. Blocks the calling thread.
pub fn keep<K: Kept + 'static>(
    data: &Path,
    kind: &'static str,
    open: impl Future<Output = K>,
) -> Result<(), KeepError> {
    let _lock = claim(data)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(KeepError::Loop)?.block_on(run(data, kind, open))
}

async fn run<K: Kept + 'static>(
    data: &Path,
    kind: &'static str,
    open: impl Future<Output = K>,
) -> Result<(), KeepError> {
    let mut term = signal(SignalKind::terminate()).map_err(KeepError::Loop)?;
    let mut int = signal(SignalKind::interrupt()).map_err(KeepError::Loop)?;
    let router = Arc::new(open.await);
    let socket = open_socket(data)?;
    let orders = tokio::spawn(serve_orders(socket, Arc::clone(&router) as _, kind));
    let beat = async {
        loop {
            sleep(BEAT).await;
            router.beat().await;
        }
    };
    tokio::select! {
        () = beat => {}
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    router.stop().await;
    orders.abort();
    // The folder is still locked.
    let _ = fs::remove_file(crate::socket(data));
    Ok(())
}
