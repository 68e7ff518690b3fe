//! Speaks to a server over its HTTP API.

mod endpoint;
mod key;
mod sse;

use std::time::Duration;

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
use tokio::time::timeout;

pub(crate) use endpoint::Endpoint;
pub(crate) use sse::{Events, StreamError};

use crate::{
    args::Global,
    client::key::{IDEMPOTENCY, RETRIES, RETRY_PAUSE, new_key},
    error::{CliError, ErrorKind},
    place::{Place, read_token},
};

/// A server is ready within some tens of milliseconds, and later on a machine that is busy; who has
/// started none is told so after this.
const START_PATIENCE: Duration = Duration::from_secs(1);
/// The server gives a request up after 30 s by itself.
const ANSWER_PATIENCE: Duration = Duration::from_secs(35);
/// A list of ten thousand rollouts stays below.
const ANSWER_LIMIT: usize = 256 * 1024 * 1024;

type Sender = http1::SendRequest<Full<Bytes>>;

/// A server that can be asked.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    endpoint: Endpoint,
    /// What browsers find it by, if that is something else.
    public_url: Option<String>,
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
        let (endpoint, public_url) = if let Some(text) = &global.server {
            (Endpoint::named(text, global)?, None)
        } else {
            let note = place.note()?.ok_or_else(|| nobody(&place))?;
            (Endpoint::noted(&note)?, note.public_url)
        };
        let token = match (&global.token_file, std::env::var("TIDEGATE_TOKEN")) {
            (Some(file), _) => read_token(file)?,
            (None, Ok(token)) if !token.trim().is_empty() => {
                Token::new(&token).map_err(|error| {
                    CliError::new(ErrorKind::Usage, "TIDEGATE_TOKEN is no token").because(&error)
                })?
            }
            _ => read_token(&place.token_file())?,
        };
        let mend = if global.server.is_some() {
            "is the address right, and does the server run?".to_owned()
        } else {
            start_hint(&place)
        };
        Ok(Self { endpoint, public_url, token, user: user(), mend })
    }

    /// Where it is.
    pub(crate) const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// What a browser opens.
    pub(crate) fn url(&self) -> String {
        let here = || {
            let shown = self.endpoint.to_string();
            if shown.starts_with("https://") { shown } else { format!("http://{shown}") }
        };
        self.public_url.clone().unwrap_or_else(here)
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
        // What changes something has a name, so that it can be asked for again without being done twice.
        let key = (method != Method::GET).then(new_key).transpose()?;
        let mut tries = 0;
        loop {
            let wish = (method.clone(), path, body.clone(), content);
            let sender = self.connect().await;
            let was_there = sender.is_ok() || tries > 0;
            let answer = match sender {
                Ok(sender) => self.exchange(sender, wish, key.as_ref()).await,
                Err(silent) => Err(silent),
            };
            tries += 1;
            let again = match &answer {
                Ok(answer) => answer.as_ref().is_err_and(|it| it.kind == ProblemKind::StillRunning),
                Err(error) => was_there && error.kind() == ErrorKind::Unreachable,
            };
            if !again || key.is_none() || tries > RETRIES {
                return answer;
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    async fn exchange(
        &self,
        sender: Sender,
        wish: (Method, &str, Bytes, &'static str),
        key: Option<&HeaderValue>,
    ) -> Result<Result<Answer, Problem>, CliError> {
        let response = self.begin_on(sender, wish, key).await?;
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
        let sender = self.connect().await?;
        self.begin_on(sender, (method, path, body, content), None).await
    }

    async fn connect(&self) -> Result<Sender, CliError> {
        let stream = self.endpoint.connect().await.map_err(|error| error.or_hint(&self.mend))?;
        let stream = stream.ok_or_else(|| self.unreachable())?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| self.silent(&error))?;
        // It ends with the answer's body, or when this client does.
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn begin_on(
        &self,
        mut sender: Sender,
        (method, path, body, content): (Method, &str, Bytes, &'static str),
        key: Option<&HeaderValue>,
    ) -> Result<Response<Incoming>, CliError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.endpoint.authority())
            .header(AUTHORIZATION, format!("Bearer {}", self.token.reveal()))
            .header(USER_HEADER, self.user.clone())
            .header(CONTENT_TYPE, content)
            .body(Full::new(body))
            .map_err(|error| CliError::failed("the request cannot be written").because(&error))?;
        request.headers_mut().extend(key.map(|key| (IDEMPOTENCY, key.clone())));
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
        let message = format!("the server at {} does not answer", self.endpoint);
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
        // Another kind of server may have said in a sentence what it wants.
        let said = std::str::from_utf8(body).unwrap_or_default().trim();
        let said = Some(said).filter(|it| !it.is_empty() && it.len() < 200 && !it.contains('<'));
        let said = said.map(|said| format!(": {said}")).unwrap_or_default();
        Problem::new(ProblemKind::BadRequest, format!("the server answered {status}{said}"))
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
    fn an_answer_of_another_kind_of_server_is_told() {
        let problem = problem_of(StatusCode::IM_A_TEAPOT, b"<html>");
        assert!(problem.detail.contains("418"), "{problem:?}");
    }
}
