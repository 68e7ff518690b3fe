use std::process::ExitCode;

use serde::Serialize;

use crate::{
    args::Global,
    error::CliError,
    output::Output,
    place::{Place, ServerNote},
};

#[derive(Serialize)]
struct Versions {
    client: &'static str,
    server: Option<ServerNote>,
}

/// Prints the versions of this program and of the server, if one works in the data folder.
pub(crate) async fn run(global: &Global) -> Result<ExitCode, CliError> {
    let versions = Versions { client: env!("CARGO_PKG_VERSION"), server: server(global).await };
    Output::new(global).data(&versions, |output| {
        output.line(format!("tidegate {}", versions.client))?;
        match &versions.server {
            Some(note) => {
                output.line(format!(
                    "server   {} at {} (process {})",
                    note.version, note.address, note.pid
                ))?;
                match &note.engine {
                    Some(socket) => output.line(format!("engine   {}", socket.display())),
                    None => Ok(()),
                }
            }
            None => Ok(()),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The server of the data folder, if it takes connections.
async fn server(global: &Global) -> Option<ServerNote> {
    let note = Place::find(global).ok()?.note().ok()??;
    let patience = std::time::Duration::from_secs(1);
    let connecting = tokio::net::TcpStream::connect(note.address);
    tokio::time::timeout(patience, connecting).await.ok()?.ok()?;
    Some(note)
}
