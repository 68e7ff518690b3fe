//! One try of a probe, or one run of a hook.

use std::{collections::BTreeMap, time::Duration};

use rustix::process::Signal;
use tidegate_workload::{Container, PortRef, ProbeAction};
use tokio::net::TcpStream;

use crate::{
    launch::LaunchSpec,
    ports::{ADDRESS, Assigned, resolve},
    settings::Launcher,
    spawn::spawn,
};

use super::http::{self, Get};

/// What a probe needs to know of its container.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The container as the template has it.
    pub(crate) container: Container,
    /// The ports that were given to the replica.
    pub(crate) assigned: Assigned,
    /// How the container is started: a command of a probe runs in the same folder, environment and
    /// control groups.
    pub(crate) spec: LaunchSpec,
    /// What starts it.
    pub(crate) launcher: Launcher,
}

/// Why a try failed, in a sentence's second half: "readiness probe: ...".
pub(crate) type Failure = String;

impl Target {
    /// Does what the probe says, for at most `timeout`.
    pub(crate) async fn attempt(
        &self,
        action: &ProbeAction,
        timeout: Duration,
    ) -> Result<(), Failure> {
        let timeout = timeout.max(Duration::from_millis(1));
        match action {
            ProbeAction::Exec { command } => self.run(command, timeout).await,
            ProbeAction::Sleep { duration } => {
                tokio::time::sleep(*duration).await;
                Ok(())
            }
            ProbeAction::Tcp { port, host } => {
                let address = self.address(port, host.as_deref())?;
                limited(timeout, async {
                    TcpStream::connect((address.0.as_str(), address.1))
                        .await
                        .map(|_| ())
                        .map_err(|error| format!("{}:{}: {error}", address.0, address.1))
                })
                .await
            }
            ProbeAction::Http { path, port, host, headers, tls: _ } => {
                let address = self.address(port, host.as_deref())?;
                limited(timeout, self.get(path, &address, headers)).await
            }
        }
    }

    async fn get(
        &self,
        path: &str,
        address: &(String, u16),
        headers: &BTreeMap<String, String>,
    ) -> Result<(), Failure> {
        let get = Get { host: &address.0, port: address.1, path, headers };
        match http::status(&get).await {
            Ok(200..=399) => Ok(()),
            Ok(status) => Err(format!("GET {path} was answered with {status}")),
            Err(error) => Err(format!("GET {path} at {}:{}: {error}", address.0, address.1)),
        }
    }

    fn address(&self, port: &PortRef, host: Option<&str>) -> Result<(String, u16), Failure> {
        let number = resolve(port, &self.container, &self.assigned).ok_or_else(|| match port {
            PortRef::Name(name) => format!("the container has no port named {name:?}"),
            PortRef::Number(number) => format!("the container has no port {number}"),
        })?;
        let host = host.map_or_else(|| ADDRESS.to_string(), str::to_owned);
        Ok((host, number))
    }

    async fn run(&self, command: &[String], timeout: Duration) -> Result<(), Failure> {
        let Some((program, args)) = command.split_first() else {
            return Err("its command is empty".to_owned());
        };
        let spec = LaunchSpec {
            program: program.clone(),
            args: args.to_vec(),
            log: None,
            ..self.spec.clone()
        };
        let mut started =
            spawn(&self.launcher, &spec, |_| Ok(())).await.map_err(|error| error.to_string())?;
        let ending = tokio::time::timeout(timeout, started.child.wait()).await;
        match ending {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("{program:?} ended with {status}")),
            Ok(Err(error)) => Err(format!("{program:?}: {error}")),
            Err(_) => {
                started.identity.signal_group(Signal::KILL);
                let _ = started.child.wait().await;
                Err(format!("{program:?} did not end within {timeout:?}"))
            }
        }
    }
}

async fn limited(
    timeout: Duration,
    work: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    tokio::time::timeout(timeout, work)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {timeout:?}")))
}

#[cfg(test)]
mod tests;
