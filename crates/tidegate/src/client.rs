//! Speaks to a server over its HTTP API.

mod sse;

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tidegate_api::{Problem, ProblemKind, Token, USER_HEADER};
use tokio::{net::TcpStream, time::timeout};

pub(crate) use sse::{Events, StreamError};

use crate::{
    args::Global,
    error::{CliError, ErrorKind},
    place::{Place, read_token},
};

/// A server is ready within some tens of milliseconds, and later on a machine that is busy; who has
/// started none is told so after this.
const START_PATIENCE: Duration = Duration::from_secs(1);
/// For a connection on this machine; more means that nobody takes it.
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);
/// The server gives a request up after 30 s by itself.
const ANSWER_PATIENCE: Duration = Duration::from_secs(35);
/// A list of ten thousand rollouts stays below.
const ANSWER_LIMIT: usize = 256 * 1024 * 1024;

/// A server that can be asked.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    address: SocketAddr,
    token: Token,
    user: HeaderValue,
    /// What to do when it does not answer.
    mend: String,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The answer as what it should be.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, CliError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            CliError::failed("the server's answer cannot be read")
                .because(&error)
                .hint("are client and server of the same version? `tidegate version` tells")
        })
    }
}

impl Client {
    /// The server that the command line names, or that works in the data folder.
    pub(crate) fn find(global: &Global) -> Result<Self, CliError> {
        if global.server.is_none() {
            await_server(&Place::find(global)?);
        }
        Self::find_now(global)
    }

    /// The same, of a server that is there already.
    pub(crate) fn find_now(global: &Global) -> Result<Self, CliError> {
        let place = Place::find(global)?;
        let address = match &global.server {
            Some(text) => parse_address(text)?,
            None => place.note()?.ok_or_else(|| nobody(&place))?.address,
        };
        let token_file = global.token_file.clone().unwrap_or_else(|| place.token_file());
        let mend = if global.server.is_some() {
            "is the address right, and does the server run?".to_owned()
        } else {
            start_hint(&place)
        };
        Ok(Self { address, token: read_token(&token_file)?, user: user(), mend })
    }

    /// Where it is.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Reads JSON.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CliError> {
        self.ask(Method::GET, path, Bytes::new(), "application/json").await?.json()
    }

    /// Reads bytes as they are.
    pub(crate) async fn read(&self, path: &str) -> Result<Answer, CliError> {
        self.ask(Method::GET, path, Bytes::new(), "application/json").await
    }

    /// Sends JSON.
    pub(crate) async fn post<B: Serialize + Sync>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<Answer, CliError> {
        let body = serde_json::to_vec(body)
            .map_err(|error| CliError::failed("the request cannot be written").because(&error))?;
        self.ask(Method::POST, path, body.into(), "application/json").await
    }

    /// Sends manifests; reads JSON.
    pub(crate) async fn post_manifests<T: DeserializeOwned>(
        &self,
        path: &str,
        text: String,
    ) -> Result<T, CliError> {
        self.ask(Method::POST, path, text.into(), "application/yaml").await?.json()
    }

    /// Takes away what is at `path`; false when nothing was there.
    pub(crate) async fn delete(&self, path: &str) -> Result<bool, CliError> {
        match self.send(Method::DELETE, path, Bytes::new(), "application/json").await? {
            Ok(_) => Ok(true),
            Err(problem) if problem.kind == ProblemKind::NotFound => Ok(false),
            Err(problem) => Err(told(problem)),
        }
    }

    /// Follows server-sent events.
    pub(crate) async fn events(&self, path: &str) -> Result<Events, CliError> {
        let response = self.begin(Method::GET, path, Bytes::new(), "application/json").await?;
        if response.status().is_success() {
            return Ok(Events::new(response.into_body()));
        }
        let status = response.status();
        let body = self.body_of(response).await?;
        Err(told(problem_of(status, &body)))
    }

    /// The error for a server that does not answer any more.
    pub(crate) fn silent(&self, source: &dyn std::error::Error) -> CliError {
        self.unreachable().because(source)
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        content: &'static str,
    ) -> Result<Answer, CliError> {
        self.send(method, path, body, content).await?.map_err(told)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        content: &'static str,
    ) -> Result<Result<Answer, Problem>, CliError> {
        let response = self.begin(method, path, body, content).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.body_of(response).await?;
        if status.is_success() {
            return Ok(Ok(Answer { headers, body }));
        }
        Ok(Err(problem_of(status, &body)))
    }

    /// Sends a request and reads the head of its answer.
    async fn begin(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        content: &'static str,
    ) -> Result<Response<Incoming>, CliError> {
        let stream = timeout(CONNECT_PATIENCE, TcpStream::connect(self.address))
            .await
            .map_err(|_| self.unreachable())?
            .map_err(|error| self.silent(&error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| self.silent(&error))?;
        // It ends with the answer's body, or when this client does.
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.address.to_string())
            .header(AUTHORIZATION, format!("Bearer {}", self.token.reveal()))
            .header(USER_HEADER, self.user.clone())
            .header(CONTENT_TYPE, content)
            .body(Full::new(body))
            .map_err(|error| CliError::failed("the request cannot be written").because(&error))?;
        timeout(ANSWER_PATIENCE, sender.send_request(request))
            .await
            .map_err(|_| self.unreachable())?
            .map_err(|error| self.silent(&error))
    }

    async fn body_of(&self, response: Response<Incoming>) -> Result<Bytes, CliError> {
        let body = Limited::new(response.into_body(), ANSWER_LIMIT).collect();
        match timeout(ANSWER_PATIENCE, body).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) => Err(self.silent(error.as_ref())),
            Err(_) => Err(self.unreachable()),
        }
    }

    /// The error for a server that said nothing.
    pub(crate) fn unreachable(&self) -> CliError {
        let message = format!("the server at {} does not answer", self.address);
        CliError::new(ErrorKind::Unreachable, message).hint(self.mend.clone())
    }
}

/// Waits for a server that was started a moment ago, as by `tidegate server & tidegate apply ...`.
fn await_server(place: &Place) {
    let answers = || {
        let note = place.note();
        note.is_ok_and(|note| {
            note.is_some_and(|note| std::net::TcpStream::connect(note.address).is_ok())
        })
    };
    let begun = std::time::Instant::now();
    while !answers() && begun.elapsed() < START_PATIENCE {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What to do when no server works in a data folder.
fn nobody(place: &Place) -> CliError {
    let message = format!("no server works in {}", place.folder().display());
    CliError::new(ErrorKind::Unreachable, message).hint(start_hint(place))
}

fn start_hint(place: &Place) -> String {
    format!(
        "start one with `tidegate server{}`, or name another with --data or --server",
        place.flag()
    )
}

fn parse_address(text: &str) -> Result<SocketAddr, CliError> {
    let bare = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
    let named = bare.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    named.as_deref().unwrap_or(bare).parse().map_err(|_| {
        CliError::new(ErrorKind::Usage, format!("{text:?} is not a server's address"))
            .hint("it is written as 127.0.0.1:7420")
    })
}

/// For whom this client asks, as the ledger will say.
fn user() -> HeaderValue {
    HeaderValue::from_bytes(user_name().as_bytes())
        .unwrap_or_else(|_| HeaderValue::from_static(UNNAMED))
}

const UNNAMED: &str = "unnamed";

/// Who says so, for the ledger.
pub(crate) fn user_name() -> String {
    let name = std::env::var("USER")
        .or_else(|_| std::env::var("LOGNAME"))
        .unwrap_or_else(|_| format!("uid-{}", rustix::process::getuid().as_raw()));
    let name = name.chars().filter(|c| !c.is_control()).take(128).collect::<String>();
    let name = name.trim();
    if name.is_empty() { UNNAMED } else { name }.to_owned()
}

fn problem_of(status: StatusCode, body: &[u8]) -> Problem {
    serde_json::from_slice(body).unwrap_or_else(|_| {
        Problem::new(ProblemKind::BadRequest, format!("the server answered {status}"))
            .with_hint("is it a tidegate server? `tidegate version` tells the versions of both")
    })
}

fn told(problem: Problem) -> CliError {
    let kind = match problem.kind {
        ProblemKind::Unauthorized => ErrorKind::Unreachable,
        ProblemKind::TimedOut => ErrorKind::TimedOut,
        _ => ErrorKind::Failed,
    };
    let error = CliError::new(kind, problem.detail);
    let error = match problem.hint {
        Some(hint) => error.hint(hint),
        None => error,
    };
    if problem.problems.is_empty() {
        return error;
    }
    error.problems(vec![tidegate_manifest::Problems { problems: problem.problems, omitted: 0 }])
}

/// A text as one segment of a path, or as the value of a parameter.
pub(crate) fn escape(text: &str) -> String {
    use std::fmt::Write as _;
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_an_address() {
        assert_eq!(escape("web-1.a_b~"), "web-1.a_b~");
        assert_eq!(escape("../x?y=ä"), "..%2Fx%3Fy%3D%C3%A4");
    }

    #[test]
    fn an_address_is_taken_as_people_write_it() {
        let check = |text: &str, expect: Option<&str>| {
            let found = parse_address(text).ok().map(|address| address.to_string());
            assert_eq!(found.as_deref(), expect, "{text}");
        };
        check("127.0.0.1:7420", Some("127.0.0.1:7420"));
        check("http://localhost:80/", Some("127.0.0.1:80"));
        check("[::1]:7", Some("[::1]:7"));
        check("web", None);
    }

    #[test]
    fn an_answer_of_another_kind_of_server_is_told() {
        let problem = problem_of(StatusCode::IM_A_TEAPOT, b"<html>");
        assert!(problem.detail.contains("418"), "{problem:?}");
    }
}
