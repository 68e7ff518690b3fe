use std::{fs, path::Path, sync::Arc, time::Duration};

use tidegate_steering::{ClaimError, claim, open_socket, serve_orders};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use crate::{NginxRouter, NginxSettings, files::Files, master::Master};

/// What this kind of router calls itself.
pub const KIND: &str = "nginx";

/// How often logs are read and processes looked after.
const BEAT: Duration = Duration::from_millis(100);

/// A keeper that could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The folder cannot be had.
    #[error(transparent)]
    Folder(#[from] ClaimError),
    /// No event loop, or no signals.
    #[error("no event loop could be started: {0}")]
    Loop(std::io::Error),
}

/// Keeps nginx until SIGTERM or SIGINT, then lets requests end up to the drain timeout. Blocks the
/// calling thread.
pub fn serve(settings: NginxSettings) -> Result<(), ServeError> {
    let _lock = claim(&settings.data)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(ServeError::Loop)?.block_on(run(settings))
}

async fn run(settings: NginxSettings) -> Result<(), ServeError> {
    let mut term = signal(SignalKind::terminate()).map_err(ServeError::Loop)?;
    let mut int = signal(SignalKind::interrupt()).map_err(ServeError::Loop)?;
    let data = settings.data.clone();
    let router = Arc::new(NginxRouter::open(settings).await);
    let socket = open_socket(&data)?;
    let orders = tokio::spawn(serve_orders(socket, Arc::clone(&router) as _, KIND));
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
    let _ = fs::remove_file(tidegate_steering::socket(&data));
    Ok(())
}

/// The process of an nginx that runs in a data folder, whether or not somebody keeps it.
pub fn left_behind(data: &Path) -> Option<u32> {
    // Its program is of no interest here: nothing is started.
    Master { program: KIND.into(), files: Files::of(data) }.pid()
}
