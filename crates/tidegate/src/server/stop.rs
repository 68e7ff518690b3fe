use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::CliError;

/// Completes when the server is told to stop, by SIGTERM or SIGINT.
pub(crate) fn signalled() -> Result<impl Future<Output = ()>, CliError> {
    let (mut term, mut int) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        let name = tokio::select! {
            _ = term.recv() => "SIGTERM",
            _ = int.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "stopping");
    })
}

fn listen(kind: SignalKind) -> Result<Signal, CliError> {
    signal(kind).map_err(|error| CliError::failed("signals cannot be listened to").because(&error))
}
