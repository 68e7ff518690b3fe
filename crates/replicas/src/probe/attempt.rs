//! One try of a probe, or one run of a hook.

use std::time::Duration;

use tidegate_workload::{Container, PortRef, ProbeAction};
use tokio::net::TcpStream;

use crate::{
    Carrier, TryFailure, Unit,
    patience::within,
    ports::{ADDRESS, Assigned, resolve},
};

use super::{
    grpc,
    http::{self, Get},
};

/// What a probe needs to know of its container.
#[derive(Debug)]
pub(crate) struct Target<C: Carrier> {
    /// The container as the template has it.
    pub(crate) container: Container,
    /// The ports that were given to the replica.
    pub(crate) assigned: Assigned,
    /// What runs commands beside it.
    pub(crate) unit: C::Unit,
}

impl<C: Carrier> Target<C> {
    /// Does what the probe says, for at most `timeout`.
    pub(crate) async fn attempt(
        &self,
        action: &ProbeAction,
        timeout: Duration,
    ) -> Result<(), TryFailure> {
        let timeout = timeout.max(Duration::from_millis(1));
        match action {
            ProbeAction::Exec { command } if command.is_empty() => {
                Err("its command is empty".to_owned().into())
            }
            ProbeAction::Exec { command } => self.unit.exec(command, timeout).await,
            ProbeAction::Sleep { duration } => {
                tokio::time::sleep(*duration).await;
                Ok(())
            }
            ProbeAction::Tcp { port, host } => {
                let address = self.address(port, host.as_deref())?;
                limited(timeout, async { connect(&address.0, address.1, "").await.map(drop) }).await
            }
            ProbeAction::Http { path, port, host, headers, tls } => {
                let address = self.address(port, host.as_deref())?;
                let get = Get { host: &address.0, port: address.1, path, headers, tls: *tls };
                limited(timeout, ask(&get)).await
            }
            ProbeAction::Grpc { port, service } => {
                let (host, port) = &self.address(&PortRef::Number(*port), None)?;
                let check = grpc::Check { host, port: *port, service };
                limited(timeout, async {
                    let stream = connect(host, *port, "gRPC health at ").await?;
                    // On the heap: there are many probes, and few of them by gRPC.
                    let answer = Box::pin(grpc::check(&check, stream)).await;
                    answer.map_err(|why| format!("gRPC health at {host}:{port}: {why}").into())
                })
                .await
            }
        }
    }

    fn address(&self, port: &PortRef, host: Option<&str>) -> Result<(String, u16), TryFailure> {
        let number = resolve(port, &self.container, &self.assigned).ok_or_else(|| match port {
            PortRef::Name(name) => format!("the container has no port named {name:?}"),
            PortRef::Number(number) => format!("the container has no port {number}"),
        })?;
        let host = host.map_or_else(|| ADDRESS.to_string(), str::to_owned);
        Ok((host, number))
    }
}

/// A connection to the container, for a question that is told as `what`.
async fn connect(host: &str, port: u16, what: &str) -> Result<TcpStream, TryFailure> {
    let opened = TcpStream::connect((host, port)).await;
    let ready = opened.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
    ready
        .map_err(|error| TryFailure::of_connection(&error, format!("{what}{host}:{port}: {error}")))
}

async fn ask(get: &Get<'_>) -> Result<(), TryFailure> {
    let Get { host, port, path, .. } = get;
    let stream = connect(host, *port, &format!("GET {path} at ")).await?;
    match http::status(get, stream).await {
        Ok(200..=399) => Ok(()),
        Ok(status) => Err(format!("GET {path} was answered with {status}").into()),
        Err(error) => Err(format!("GET {path} at {host}:{port}: {error}").into()),
    }
}

async fn limited(
    timeout: Duration,
    work: impl Future<Output = Result<(), TryFailure>>,
) -> Result<(), TryFailure> {
    let done = within(timeout, work).await;
    done.unwrap_or_else(|| Err(format!("no answer within {timeout:?}").into()))
}

#[cfg(test)]
mod tests;
