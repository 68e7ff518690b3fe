//! HTTP with the engine, over its unix socket: one connection per question.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, Response, body::Incoming, header};
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::net::UnixStream;

/// What an engine answers to an ordinary question is some kilobytes; a list of a thousand
/// containers is a megabyte.
const ANSWER_BYTES: usize = 16 << 20;

/// An engine under load takes seconds to create a container. One that takes longer than this is
/// asked again.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Why the engine did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EngineError {
    /// Nobody answers.
    #[error(
        "no container engine answers at {}: {why}; start it (Podman: systemctl start podman.socket; \
         Docker: systemctl start docker), or name another with --engine",
        socket.display()
    )]
    Silent {
        /// Where it was asked.
        socket: PathBuf,
        /// What the system says.
        why: String,
    },
    /// It says no.
    #[error("the container engine says: {message}")]
    Refused {
        /// The status of its answer.
        status: u16,
        /// Its words.
        message: String,
    },
}

impl EngineError {
    /// Whether it says that there is no such thing.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }
}

/// A question.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    method: Method,
    path: String,
    separator: char,
    body: Vec<u8>,
    kind: Option<&'static str>,
    credentials: Option<&'a str>,
    patience: Duration,
}

impl<'a> Question<'a> {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path.into())
    }

    pub(crate) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path.into())
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path.into())
    }

    fn new(method: Method, path: String) -> Self {
        Self {
            method,
            path,
            separator: '?',
            body: Vec::new(),
            kind: None,
            credentials: None,
            patience: PATIENCE,
        }
    }

    /// Adds a parameter.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.path.push(std::mem::replace(&mut self.separator, '&'));
        self.path.push_str(name);
        self.path.push('=');
        self.path.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        self
    }

    /// Sends this along.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        self.body = serde_json::to_vec(body).unwrap_or_default();
        self.kind = Some("application/json");
        self
    }

    /// Sends an archive along.
    pub(crate) fn tar(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self.kind = Some("application/x-tar");
        self
    }

    /// Shows credentials for a registry.
    pub(crate) fn credentials(mut self, credentials: Option<&'a str>) -> Self {
        self.credentials = credentials;
        self
    }

    /// Waits this long for the beginning of the answer.
    pub(crate) fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

/// Asks one engine.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    socket: PathBuf,
}

/// How an engine says no.
#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl Client {
    pub(crate) fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Asks, and hands the answer back as it comes in. Its end is for the caller to bound.
    pub(crate) async fn stream(
        &self,
        question: Question<'_>,
    ) -> Result<Response<Incoming>, EngineError> {
        let patience = question.patience;
        let answer = tokio::time::timeout(patience, self.send(question)).await;
        let answer = answer
            .unwrap_or_else(|_| Err(self.silent(format!("no answer within {patience:?}"))))?;
        if answer.status().is_success() || answer.status() == 304 {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        let body = self.whole(answer).await?;
        let message = match serde_json::from_slice::<Refusal>(&body) {
            Ok(refusal) => refusal.message,
            Err(_) => String::from_utf8_lossy(&body).into_owned(),
        };
        Err(EngineError::Refused { status, message: message.trim().to_owned() })
    }

    /// Asks for something to be done.
    pub(crate) async fn tell(&self, question: Question<'_>) -> Result<(), EngineError> {
        let answer = self.stream(question).await?;
        self.whole(answer).await.map(|_| ())
    }

    /// Asks for something to be known.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        question: Question<'_>,
    ) -> Result<T, EngineError> {
        let answer = self.stream(question).await?;
        let status = answer.status().as_u16();
        let body = self.whole(answer).await?;
        serde_json::from_slice(&body).map_err(|error| EngineError::Refused {
            status,
            message: format!("something that is not understood ({error})"),
        })
    }

    /// What is wrong when it does not answer.
    pub(crate) fn silent(&self, why: impl std::fmt::Display) -> EngineError {
        EngineError::Silent { socket: self.socket.clone(), why: why.to_string() }
    }

    async fn send(&self, question: Question<'_>) -> Result<Response<Incoming>, EngineError> {
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| self.silent(error))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.silent(error))?;
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(question.method)
            .uri(question.path)
            .header(header::HOST, "engine")
            .header(header::CONTENT_LENGTH, question.body.len());
        if let Some(kind) = question.kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        if let Some(credentials) = question.credentials {
            request = request.header("X-Registry-Auth", credentials);
        }
        let request = request
            .body(Full::new(Bytes::from(question.body)))
            .map_err(|error| EngineError::Refused { status: 400, message: error.to_string() })?;
        sender.send_request(request).await.map_err(|error| self.silent(error))
    }

    async fn whole(&self, answer: Response<Incoming>) -> Result<Bytes, EngineError> {
        let body = Limited::new(answer.into_body(), ANSWER_BYTES).collect();
        match tokio::time::timeout(PATIENCE, body).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) => Err(self.silent(error)),
            Err(_) => Err(self.silent(format!("it stopped in the middle for {PATIENCE:?}"))),
        }
    }
}
