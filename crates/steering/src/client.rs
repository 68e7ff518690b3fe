use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, StatusCode, client::conn::http1};
use hyper_util::rt::TokioIo;
use tidegate_ports::{Router, RouterError};
use tidegate_traffic::{RouteTable, TableChange, Taken, TrafficReading};
use tidegate_units::Generation;
use tokio::net::UnixStream;

use crate::files;

/// An order is carried out in microseconds; what takes longer means a router that hangs.
const PATIENCE: Duration = Duration::from_secs(2);
/// A reading of 64 revisions in each of many rollouts, with 120 seconds each, stays below.
const READING_BYTES: usize = 256 * 1024 * 1024;

/// Speaks to a router through its Unix socket, one connection for each order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterClient {
    socket: PathBuf,
    patience: Duration,
}

impl RouterClient {
    /// Speaks to the router that works in the data folder `data`.
    pub fn new(data: &Path) -> Self {
        Self { socket: files::socket(data), patience: PATIENCE }
    }

    /// Waits for an answer for so long instead of two seconds: a router that is made of another
    /// program loads its configuration anew for an order.
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// What kind of router answers; none while none does.
    pub async fn kind(&self) -> Option<String> {
        let (status, body) = self.ask(Method::GET, "/healthz", Bytes::new()).await.ok()?;
        let kind = String::from_utf8_lossy(&body).trim().to_owned();
        // What the built-in one answered before there were others.
        let kind = if kind == "ok" { "builtin".to_owned() } else { kind };
        status.is_success().then_some(kind)
    }

    /// Which build of the built-in router answers; none where another kind does, or one that cannot
    /// say so.
    pub async fn build(&self) -> Option<String> {
        let (status, body) = self.ask(Method::GET, "/build", Bytes::new()).await.ok()?;
        let build = String::from_utf8(body.to_vec()).ok()?;
        (status.is_success() && !build.is_empty()).then_some(build)
    }

    /// Whether it answers at all.
    pub async fn is_up(&self) -> bool {
        self.kind().await.is_some()
    }

    async fn ask(
        &self,
        method: Method,
        path: &'static str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), RouterError> {
        let patience = self.patience;
        tokio::time::timeout(patience, self.exchange(method, path, body))
            .await
            .map_err(|_| RouterError::Unreachable(format!("no answer within {patience:?}")))?
            .map_err(|error| {
                RouterError::Unreachable(format!("{}: {error}", self.socket.display()))
            })
    }

    async fn exchange(
        &self,
        method: Method,
        path: &'static str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
        let stream = UnixStream::connect(&self.socket).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "router")
            .header("connection", "close")
            .body(Full::new(body))?;
        let exchange = async move {
            let response = sender.send_request(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), READING_BYTES).collect().await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((status, body.to_bytes()))
        };
        let (result, _) = tokio::join!(exchange, connection);
        result
    }
}

#[async_trait]
impl Router for RouterClient {
    async fn apply(&self, table: &RouteTable) -> Result<(), RouterError> {
        let body =
            serde_json::to_vec(table).map_err(|error| RouterError::Refused(error.to_string()))?;
        let (status, answer) = self.ask(Method::PUT, "/table", body.into()).await?;
        match status {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
            StatusCode::CONFLICT => Err(RouterError::Stale {
                holds: serde_json::from_slice::<Generation>(&answer)
                    .map_err(|_| RouterError::Refused("409 with no generation".to_owned()))?,
                offered: table.generation,
            }),
            StatusCode::SERVICE_UNAVAILABLE => {
                Err(RouterError::Unreachable(String::from_utf8_lossy(&answer).into_owned()))
            }
            _ => Err(RouterError::Refused(String::from_utf8_lossy(&answer).into_owned())),
        }
    }

    async fn change(&self, change: &TableChange) -> Result<Taken, RouterError> {
        let body =
            serde_json::to_vec(change).map_err(|error| RouterError::Refused(error.to_string()))?;
        let (status, answer) = self.ask(Method::PUT, "/changes", body.into()).await?;
        match status {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(Taken::Yes),
            // Another table is held, or it is a router that knows no changes.
            StatusCode::PRECONDITION_FAILED
            | StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED => Ok(Taken::NeedsWhole),
            _ => Err(RouterError::Refused(String::from_utf8_lossy(&answer).into_owned())),
        }
    }

    async fn read(&self) -> Result<TrafficReading, RouterError> {
        let (status, answer) = self.ask(Method::GET, "/reading", Bytes::new()).await?;
        if status != StatusCode::OK {
            return Err(RouterError::Unreachable(format!("it answered {status}")));
        }
        serde_json::from_slice(&answer)
            .map_err(|error| RouterError::Unreachable(format!("a reading that is none: {error}")))
    }

    async fn held(&self) -> Result<Option<RouteTable>, RouterError> {
        let (status, answer) = self.ask(Method::GET, "/table", Bytes::new()).await?;
        match status {
            StatusCode::OK => serde_json::from_slice(&answer).map(Some).map_err(|error| {
                RouterError::Unreachable(format!("a table that is none: {error}"))
            }),
            // A router of before it could be asked.
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(None),
            _ => Err(RouterError::Unreachable(format!("it answered {status}"))),
        }
    }
}
