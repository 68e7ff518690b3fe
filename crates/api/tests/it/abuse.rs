//! Clients that do not do their part. Limits are short here, so that each is reached; none of the tests expects
//! anything to be fast.

use std::{io, net::SocketAddr, time::Duration};

use hyper::{Method, Request, body::Bytes, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tidegate_api::{BODY_LIMIT, Limits, Listener, Speech};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
};

use crate::house::{House, TOKEN};

/// For what has to happen, however busy the machine is.
const PATIENCE: Duration = Duration::from_mins(1);
const SHORT: Duration = Duration::from_millis(300);

async fn house(change: impl FnOnce(&mut Limits)) -> House {
    House::with(|options| {
        options.limits = Limits { idle: PATIENCE, header: PATIENCE, ..Limits::default() };
        change(&mut options.limits);
    })
    .await
}

impl House {
    async fn send(&self, text: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text).await.unwrap();
        stream
    }

    /// What a metric of the API says.
    async fn metric(&self, name: &str) -> u64 {
        let text =
            self.ask_with(Method::GET, "/metrics", &[("host", "localhost")], "").await.text();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name}: {text}")).parse().unwrap()
    }

    async fn until_metric(&self, name: &str, holds: impl Fn(u64) -> bool) {
        let waiting = async {
            while !holds(self.metric(name).await) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(waited.is_ok(), "{name} is {}", self.metric(name).await);
    }

    async fn is_healthy(&self) {
        let answer = self.ask_with(Method::GET, "/healthz", &[], "");
        assert_eq!(tokio::time::timeout(PATIENCE, answer).await.unwrap().text(), "ok\n");
    }
}

/// All that a server still says until it closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut said)).await;
    // A connection that is cut off with something left unread ends in a reset.
    let _ = read.unwrap_or_else(|_| panic!("the server keeps a connection"));
    String::from_utf8_lossy(&said).into_owned()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\r\n")
}

const GIVEN_UP: &str = "tidegate_api_connections_ended_total{why=\"given_up\"}";
const GAVE_WAY: &str = "tidegate_api_connections_ended_total{why=\"gave_way\"}";
const REFUSED: &str = "tidegate_api_connections_ended_total{why=\"refused\"}";

#[tokio::test]
async fn whoever_does_not_read_what_they_asked_for_is_given_up() {
    let house = house(|limits| limits.write = SHORT).await;
    let mut deaf = Vec::new();
    for _ in 0..10 {
        let (reading, mut writing) = TcpStream::connect(house.address).await.unwrap().into_split();
        // It is kept and never read.
        deaf.push(reading);
        // More answers than any buffer on the way holds.
        let questions = get("/v1/openapi.json").repeat(500);
        tokio::spawn(async move {
            let _ = writing.write_all(questions.as_bytes()).await;
            std::future::pending::<()>().await;
        });
    }
    house.is_healthy().await;
    house.until_metric(GIVEN_UP, |count| count >= 10).await;
    house.until_metric("tidegate_api_connections", |open| open <= 1).await;
    house.is_healthy().await;
}

/// Speaks HTTP/2 on every connection, as TLS would have agreed on.
struct Http2Only(TcpListener);

impl Listener for Http2Only {
    type Arrival = TcpStream;
    type Connection = TcpStream;

    async fn next(&self) -> io::Result<TcpStream> {
        Ok(self.0.accept().await?.0)
    }

    fn greet(
        &self,
        stream: TcpStream,
    ) -> impl Future<Output = io::Result<(TcpStream, Speech)>> + Send + 'static {
        std::future::ready(Ok((stream, Speech::Http2)))
    }
}

async fn http2(address: SocketAddr) -> http2::SendRequest<http_body_util::Empty<Bytes>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        // A client that takes no more than this of an answer that it does not read.
        .initial_stream_window_size(1_000)
        .handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

#[tokio::test]
async fn an_answer_that_nobody_takes_ends_its_connection_of_http2() {
    let limits = Limits { write: SHORT, ..Limits::default() };
    let (house, address) = House::at(Http2Only, limits).await;
    let mut sender = http2(address).await;
    let ask = |path: &str| {
        Request::get(format!("http://localhost{path}"))
            .header("authorization", format!("Bearer {TOKEN}"))
            .body(http_body_util::Empty::new())
            .unwrap()
    };
    let health = sender.send_request(ask("/healthz")).await.unwrap();
    assert_eq!(health.status(), 200);
    let unread = sender.send_request(ask("/v1/openapi.json")).await.unwrap();
    assert_eq!(unread.status(), 200);
    let ended = async {
        while sender.ready().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, ended).await.is_ok(), "it is kept for ever");
    drop(unread);
    let other = http2(address).await.send_request(ask("/healthz")).await.unwrap();
    assert_eq!(other.status(), 200);
    drop(house);
}

#[tokio::test]
async fn a_connection_of_http2_that_asks_for_nothing_ends() {
    let limits = Limits { idle: SHORT, ..Limits::default() };
    let (_house, address) = House::at(Http2Only, limits).await;
    let mut sender = http2(address).await;
    let ended = async {
        while sender.ready().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, ended).await.is_ok(), "it is kept for ever");
}

#[tokio::test]
async fn whoever_does_not_end_their_header_fields_is_cut_off() {
    let house = house(|limits| limits.header = SHORT).await;
    for begun in ["", "G", "GET / HTTP/1.1\r\nhost: localhost\r\nx: "] {
        let mut stream = house.send(begun.as_bytes()).await;
        let said = rest(&mut stream).await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{begun:?}: {said}");
    }
    house.is_healthy().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let house = house(|limits| limits.request = SHORT).await;
    let begun = format!(
        "POST /v1/apply HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
         content-length: 1000\r\n\r\n# only so much"
    );
    let mut stream = house.send(begun.as_bytes()).await;
    let said = rest(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 504") && said.contains("timed-out"), "{said}");
    // Of whoever is not known, no body is waited for at all.
    let unknown = begun.replace(TOKEN, "wrong");
    let said = rest(&mut house.send(unknown.as_bytes()).await).await;
    assert!(said.starts_with("HTTP/1.1 401"), "{said}");
    house.is_healthy().await;
}

#[tokio::test]
async fn bodies_without_end_are_refused_however_they_come() {
    let house = house(|_| {}).await;
    let head = |more: &str| {
        format!(
            "POST /v1/apply HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n{more}\r\n\r\n"
        )
    };
    let mut declared = house.send(head("content-length: 109951162777600").as_bytes()).await;
    let said = rest(&mut declared).await;
    assert!(said.starts_with("HTTP/1.1 413") && said.contains("too-large"), "{said}");
    let mut stream = house.send(head("transfer-encoding: chunked").as_bytes()).await;
    let chunk = [b"100000\r\n", &b"#".repeat(1 << 20)[..], b"\r\n"].concat();
    let mut sent = 0;
    // It takes what is on its way, and no more of it than there is room for in buffers.
    while sent < 16 * BODY_LIMIT && stream.write_all(&chunk).await.is_ok() {
        sent += 1 << 20;
    }
    assert!(sent < 16 * BODY_LIMIT, "all of it was taken");
    house.is_healthy().await;
    let entries = house.get("/v1/ledger").await.json();
    assert_eq!(entries["entries"].as_array().unwrap().len(), 0, "{entries}");
}

#[tokio::test]
async fn header_fields_without_end_are_refused() {
    let house = house(|_| {}).await;
    let long =
        format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "x".repeat(300_000));
    let many =
        format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "x: y\r\n".repeat(1_000));
    let path = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "x".repeat(300_000));
    for text in [long, many, path] {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        // The server may close before it has read all of it.
        let _ = stream.write_all(text.as_bytes()).await;
        let mut first = [0; 10];
        // Cut off before it was told is as good.
        if stream.read_exact(&mut first).await.is_ok() {
            assert_eq!(&first, b"HTTP/1.1 4", "{}", String::from_utf8_lossy(&first));
        }
        house.is_healthy().await;
    }
}

#[tokio::test]
async fn who_watches_leaves_room_for_who_asks() {
    let house = house(|limits| (limits.connections, limits.watches) = (8, 5)).await;
    let mut watchers = Vec::new();
    for _ in 0..5 {
        let mut stream = house.send(get("/v1/rollouts/watch").as_bytes()).await;
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        watchers.push(stream);
    }
    let answer = house.get("/v1/rollouts/watch").await;
    answer.refused(503, "as many watch as there is room for", "what does not watch is answered");
    assert_eq!(answer.headers["retry-after"], "10");
    assert_eq!(house.metric("tidegate_api_watches").await, 5);
    // Others come and keep their connections: those that ask for nothing give way.
    let mut idle = Vec::new();
    for _ in 0..40 {
        idle.push(TcpStream::connect(house.address).await.unwrap());
        house.is_healthy().await;
    }
    assert!(house.metric("tidegate_api_connections").await <= 8);
    assert!(house.metric(GAVE_WAY).await > 0);
    assert_eq!(house.metric("tidegate_api_watches").await, 5, "nobody who watches gave way");
    drop(watchers);
    house.until_metric("tidegate_api_watches", |watches| watches == 0).await;
    assert_eq!(
        house
            .begin(
                Method::GET,
                "/v1/rollouts/watch",
                &[("authorization", &format!("Bearer {TOKEN}"))],
                ""
            )
            .await
            .status(),
        200
    );
}

#[tokio::test]
async fn one_address_cannot_take_the_room_of_others() {
    let house = house(|limits| (limits.connections, limits.per_source) = (50, 4)).await;
    let mut watchers = Vec::new();
    for _ in 0..4 {
        let mut stream = house.send(get("/v1/rollouts/watch").as_bytes()).await;
        stream.read_u8().await.unwrap();
        watchers.push(stream);
    }
    let mut fifth = TcpStream::connect(house.address).await.unwrap();
    assert_eq!(rest(&mut fifth).await, "", "it is closed at once");
    let other = TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = other.connect(house.address).await.unwrap();
    other.write_all(get("/metrics").as_bytes()).await.unwrap();
    let mut said = vec![0; 64 * 1024];
    let mut length = 0;
    while !String::from_utf8_lossy(&said[..length]).contains(REFUSED) {
        length += other.read(&mut said[length..]).await.unwrap();
    }
    let said = String::from_utf8_lossy(&said[..length]).into_owned();
    assert!(said.starts_with("HTTP/1.1 200") && said.contains(&format!("{REFUSED} 1")), "{said}");
}
