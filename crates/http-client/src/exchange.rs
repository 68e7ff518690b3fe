//! One question over HTTP, with its redirects, and the whole of the answer.

use std::{io, net::SocketAddr, pin::pin, time::Duration};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    HeaderMap, Method, Request, StatusCode,
    body::Incoming,
    client::conn::http1,
    header::{self, HeaderName, HeaderValue},
};
use hyper_util::rt::TokioIo;
use tidegate_tls::rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    task::JoinSet,
};

use crate::{
    tls::{Proof, Trust},
    url::Url,
};

/// The longest answer: far above any list of values that a condition is asked about, and little
/// enough for the many that may be on their way at once.
pub const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Redirects that are followed, as many as Go's client follows for Argo Rollouts.
const MOST_REDIRECTS: usize = 10;

/// So long one address of a host is waited for before the next is tried beside it, as Go's client
/// does; RFC 8305 allows 100 ms to 2 s.
const HEAD_START: Duration = Duration::from_millis(300);

/// Addresses of one host that are tried: the last one is by then waited for 5 s already.
const MOST_ADDRESSES: usize = 16;

/// What a server is asked.
#[derive(Clone)]
pub struct Question {
    /// How it is asked.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// What is said beside it; `Host`, `User-Agent` and what a URL says of its user are added.
    pub headers: HeaderMap,
    /// What is sent.
    pub body: Bytes,
    /// How the server has to prove who it is.
    pub proof: Proof,
}

/// What it answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Whether it did what it was asked.
    pub status: StatusCode,
    /// What it said beside it.
    pub headers: HeaderMap,
    /// All of what it sent.
    pub body: Bytes,
}

/// So much of an answer that is a refusal is told: its beginning says what is wrong.
const MOST_TOLD: usize = 300;

impl Reply {
    /// An answer that came from nowhere, for tests of whoever reads answers.
    pub fn of(status: StatusCode, body: impl AsRef<[u8]>) -> Self {
        let body = Bytes::copy_from_slice(body.as_ref());
        Self { status, headers: HeaderMap::new(), body }
    }

    /// Where it says that the answer is.
    fn location(&self) -> Option<String> {
        let location = self.headers.get(header::LOCATION)?;
        let is_redirect = matches!(self.status.as_u16(), 301 | 302 | 303 | 307 | 308);
        is_redirect.then(|| String::from_utf8_lossy(location.as_bytes()).into_owned())
    }

    /// Why there is no value in it: its status, and what it says.
    pub fn refusal(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let text: String = text.trim().chars().take(MOST_TOLD).collect();
        let more = if text.is_empty() { String::new() } else { format!(": {text}") };
        format!("it answered with status {}{more}", self.status)
    }
}

/// Asks, and follows redirects.
///
/// # Errors
/// A sentence that names the server and says why there is no answer.
pub async fn exchange(trust: &Trust, mut question: Question) -> Result<Reply, String> {
    for _ in 0..=MOST_REDIRECTS {
        let reply = exchange_once(trust, &question).await?;
        let Some(location) = reply.location() else {
            return Ok(reply);
        };
        let url = question.url.clone();
        let told = |problem: String| format!("{url}: {problem}");
        question.follow(reply.status, &location).map_err(told)?;
    }
    Err(format!("{}: it was redirected more than {MOST_REDIRECTS} times", question.url))
}

/// Asks that server and no other: a redirect is its answer.
///
/// # Errors
/// A sentence that names the server and says why there is no answer.
pub async fn exchange_once(trust: &Trust, question: &Question) -> Result<Reply, String> {
    once(trust, question).await.map_err(|problem| format!("{}: {problem}", question.url))
}

impl Question {
    /// The next request, by the rules of Go's client: after 307 and 308 it is the same, after the
    /// others it has no body. What nobody else may know is for the server that it was meant for, and
    /// for no connection that others can read.
    fn follow(&mut self, status: StatusCode, location: &str) -> Result<(), String> {
        let next = self.url.join(location)?;
        let same = matches!(status.as_u16(), 307 | 308);
        if !same && self.method != Method::HEAD {
            self.method = Method::GET;
            self.body = Bytes::new();
            self.headers.remove(header::CONTENT_TYPE);
        }
        let elsewhere = next.host() != self.url.host();
        if elsewhere || (self.url.is_tls() && !next.is_tls()) {
            let secret = |name: &HeaderName, value: &HeaderValue| {
                [header::AUTHORIZATION, header::COOKIE].contains(name) || value.is_sensitive()
            };
            let secrets = self.headers.iter().filter(|(name, value)| secret(name, value));
            let secrets: Vec<_> = secrets.map(|(name, _)| name.clone()).collect();
            for name in secrets {
                self.headers.remove(name);
            }
        }
        if elsewhere {
            self.headers.remove(header::HOST);
        }
        self.url = next;
        Ok(())
    }

    fn request(&self) -> Result<Request<Full<Bytes>>, String> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        let target = self.url.target();
        *request.uri_mut() = target.parse().map_err(|_| format!("{target:?} is no path"))?;
        let headers = request.headers_mut();
        *headers = self.headers.clone();
        let host = HeaderValue::from_str(self.url.authority());
        let host = host.map_err(|_| format!("{:?} is no host", self.url.authority()))?;
        headers.entry(header::HOST).or_insert(host);
        let agent = HeaderValue::from_static(concat!("tidegate/", env!("CARGO_PKG_VERSION")));
        headers.entry(header::USER_AGENT).or_insert(agent);
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        if let (Some((name, password)), false) =
            (self.url.user(), headers.contains_key(header::AUTHORIZATION))
        {
            headers.insert(header::AUTHORIZATION, basic(&name, &password)?);
        }
        Ok(request)
    }
}

async fn once(trust: &Trust, question: &Question) -> Result<Reply, String> {
    let url = &question.url;
    let request = question.request()?;
    let found = lookup_host((url.host(), url.port())).await.map_err(words)?;
    let stream = connect(found.take(MOST_ADDRESSES)).await.map_err(words)?;
    if !url.is_tls() {
        return converse(stream, request).await;
    }
    let name = ServerName::try_from(url.host());
    let name = name.map_err(|_| format!("{:?} is no name of a server", url.host()))?;
    let connector = trust.connector(question.proof).await?;
    converse(connector.connect(name, stream).await.map_err(words)?, request).await
}

/// Connects to the first of the addresses that takes it, each with a head start over the next.
async fn connect(mut addresses: impl Iterator<Item = SocketAddr>) -> io::Result<TcpStream> {
    let mut problem = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    // Dropped, it takes back those that are not needed any more.
    let mut tries = JoinSet::new();
    loop {
        let next = addresses.next();
        let is_last = next.is_none();
        tries.extend(next.map(TcpStream::connect));
        tokio::select! {
            came = tries.join_next() => match came {
                Some(Ok(Ok(stream))) => return Ok(stream),
                Some(Ok(Err(refused))) => problem = refused,
                Some(Err(broken)) => problem = broken.into(),
                None => return Err(problem),
            },
            () = tokio::time::sleep(HEAD_START), if !is_last => {}
        }
    }
}

async fn converse<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Reply, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(words)?;
    let mut connection = pin!(connection);
    let mut work = pin!(async {
        let (head, body) = sender.send_request(request).await.map_err(words)?.into_parts();
        let reply = Reply { status: head.status, headers: head.headers, body: Bytes::new() };
        if reply.location().is_some() {
            return Ok(reply);
        }
        Ok(Reply { body: whole(body).await?, ..reply })
    });
    tokio::select! {
        biased;
        came = &mut work => came,
        _ = &mut connection => work.await,
    }
}

async fn whole(mut body: Incoming) -> Result<Bytes, String> {
    let mut all = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(words)?.into_data() else { continue };
        if all.len() + data.len() > MOST_BYTES {
            return Err(format!("its answer is longer than {} MiB", MOST_BYTES >> 20));
        }
        all.extend_from_slice(&data);
    }
    Ok(all.into())
}

/// A name and password as the value of `Authorization`, which no log shows.
///
/// # Errors
/// None that are known: base64 has no sign that a header field may not have.
pub fn basic(name: &str, password: &str) -> Result<HeaderValue, String> {
    let text = format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}")));
    let mut value = HeaderValue::from_str(&text).map_err(|problem| problem.to_string())?;
    value.set_sensitive(true);
    Ok(value)
}

/// An error with what caused it.
fn words(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    /// An address whose queue is full: it neither takes nor refuses a connection. As long as what is
    /// returned beside it lives.
    async fn silent() -> (SocketAddr, (TcpListener, Vec<TcpStream>)) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(taken) =
            tokio::time::timeout(Duration::from_millis(500), TcpStream::connect(address)).await
        {
            waiting.push(taken.unwrap());
            assert!(waiting.len() < 100, "the queue has no end");
        }
        (address, (listener, waiting))
    }

    #[tokio::test]
    async fn an_address_that_is_dead_does_not_use_up_the_time_of_the_others() {
        let (silent, _queue) = silent().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap();
        let tried = connect([silent, silent, alive].into_iter());
        let tried = tokio::time::timeout(Duration::from_secs(20), tried).await;
        assert_eq!(tried.unwrap().unwrap().peer_addr().unwrap(), alive);
        drop(listener);
        let refused = connect([alive, alive].into_iter()).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let nowhere = connect(std::iter::empty()).await.unwrap_err();
        assert_eq!(nowhere.to_string(), "the name has no address");
    }
}
