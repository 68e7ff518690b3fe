//! Request smuggling from HTTP/2 to replicas that speak HTTP/1.1 (Kettle, "HTTP/2: The Sequel is
//! Always Worse", 2021): `H2.CL`, `H2.TE`, line ends in names, values and pseudo-header fields,
//! tunnelled requests.

use std::net::SocketAddr;

use tokio::net::TcpStream;

use crate::{
    fixture::World,
    frames::{Frames, Heard, block, data, head},
    recorder::Recorder,
    smuggling::{HIDDEN, lanes},
};

/// The fields of a plain request, but for those that `change` has too.
fn request<'a>(method: &'a str, change: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [(":method", method), (":path", "/"), (":scheme", "http"), (":authority", "a")];
    let other = |(name, _): &(&str, &str)| {
        !name.starts_with(':') || !change.iter().any(|(changed, _)| changed == name)
    };
    let pseudo = |(name, _): &(&str, &str)| name.starts_with(':');
    let mut all: Vec<_> = usual.into_iter().filter(other).collect();
    all.extend(change.iter().copied().filter(pseudo));
    all.extend(change.iter().copied().filter(|field| !pseudo(field)));
    all
}

/// What a status is on the wire, of those that occur here.
fn status(block: &[u8]) -> Option<u16> {
    match block.first()? {
        0x88 => Some(200),
        0x8c => Some(400),
        _ => {
            let digits = block.windows(3).find(|it| it.iter().all(u8::is_ascii_digit));
            // Written out as it is, or in Huffman's code, where the digits are no digits.
            digits.map_or(Some(0), |it| std::str::from_utf8(it).ok()?.parse().ok())
        }
    }
}

/// A router with a replica for each request.
struct Lanes {
    _world: World,
    all: Vec<(Recorder, SocketAddr)>,
}

impl Lanes {
    async fn new(count: usize) -> Self {
        let (world, all) = lanes(count).await;
        Self { _world: world, all }
    }

    /// Sends a request and says whether the replica got it, and it alone.
    async fn is_carried(&mut self, fields: &[(&str, &str)], body: Option<&str>) -> bool {
        let (is_answered, requests) = self.came_of(fields, body).await;
        assert_eq!(is_answered, requests == 1, "{fields:?} {body:?}");
        is_answered
    }

    /// Sends a request and says whether it was answered, and how many requests the replica got.
    async fn came_of(&mut self, fields: &[(&str, &str)], body: Option<&str>) -> (bool, usize) {
        let (recorder, listen) = self.all.pop().unwrap();
        came_of(&recorder, listen, fields, body).await
    }
}

async fn came_of(
    recorder: &Recorder,
    listen: SocketAddr,
    fields: &[(&str, &str)],
    body: Option<&str>,
) -> (bool, usize) {
    let stream = TcpStream::connect(listen).await.unwrap();
    let mut client = Frames::new(stream, &[]).await;
    client.send(&head(1, &block(fields), body.is_none())).await;
    if let Some(body) = body {
        client.send(&data(1, body.as_bytes(), true)).await;
    }
    let over =
        |heard: &Heard| matches!(heard, Heard::Head(1, _) | Heard::Reset(1, _) | Heard::GoAway(_));
    let mut heard = client.hear_until(over).await;
    let last = heard.pop().unwrap();
    let requests = recorder.requests().unwrap_or_else(|why| panic!("{fields:?} {body:?}: {why}"));
    let hidden = requests.iter().any(|it| it.line.contains("hidden"));
    assert!(requests.len() <= 1 && !hidden, "{fields:?} {body:?}: {requests:?}");
    let is_answered = matches!(&last, Heard::Head(_, block) if status(block) == Some(200));
    (is_answered, requests.len())
}

#[tokio::test]
async fn a_length_that_is_not_the_bodys_is_refused() {
    let mut lanes = Lanes::new(60).await;
    for (length, body) in [
        ("0", Some(HIDDEN)),
        ("1", Some(HIDDEN)),
        ("999", Some("x")),
        ("5", None),
        ("", Some(HIDDEN)),
        ("", None),
        ("+1", Some("x")),
        ("-1", Some("x")),
        ("0x1", Some("x")),
        ("1,1", Some("x")),
        ("1 1", Some("x")),
        ("1\r\n\r\nGET /hidden HTTP/1.1", Some("x")),
        ("99999999999999999999", Some("x")),
    ] {
        let fields = request("POST", &[("content-length", length)]);
        let (is_answered, requests) = lanes.came_of(&fields, body).await;
        // With a length of none the request is whole before its body comes: it is refused then, or was
        // answered before that.
        let most = usize::from(length == "0");
        let refused = !is_answered || length == "0";
        assert!(refused && requests <= most, "{length:?} {body:?}: {requests}");
    }
    for twice in [["1", "1"], ["1", "2"], ["0", "1"]] {
        let fields = twice.map(|length| ("content-length", length));
        assert!(!lanes.is_carried(&request("POST", &fields), Some("x")).await, "{twice:?}");
    }
}

#[tokio::test]
async fn what_http_1_alone_has_is_refused() {
    let mut lanes = Lanes::new(60).await;
    for field in [
        ("transfer-encoding", "chunked"),
        ("transfer-encoding", "identity"),
        ("transfer_encoding", "chunked"),
        ("content_length", "1"),
        ("x_forwarded_for", "1.1.1.1"),
        ("connection", "close"),
        ("connection", "content-length"),
        ("keep-alive", "1"),
        ("proxy-connection", "close"),
        ("upgrade", "h2c"),
        ("te", "chunked"),
    ] {
        let body = format!("0\r\n\r\n{HIDDEN}");
        assert!(!lanes.is_carried(&request("POST", &[field]), Some(&body)).await, "{field:?}");
    }
}

#[tokio::test]
async fn nothing_in_a_field_ends_it() {
    let mut lanes = Lanes::new(60).await;
    let hidden = "x\r\n\r\nGET /hidden HTTP/1.1\r\nhost: a\r\nx: y";
    let field = "x\r\ntransfer-encoding: chunked";
    for change in [
        ("x", hidden),
        ("x", field),
        ("x", "a\nb"),
        ("x", "a\rb"),
        ("x", "a\0b"),
        (hidden, "x"),
        (field, "x"),
        ("x: y\r\nz", "x"),
        ("transfer-encoding: chunked", ""),
        ("x ", "y"),
        ("x:", "y"),
        (" x", "y"),
        ("x\0", "y"),
        ("X", "y"),
        ("", "y"),
        (":x", "y"),
        ("host", "a\r\nx: y"),
        ("host", "b c"),
        (":method", "GET / HTTP/1.1\r\nhost: a\r\n\r\nGET /hidden HTTP/1.1\r\nx: y"),
        (":method", "GET /hidden"),
        (":method", "GET\t"),
        (":method", ""),
        (":path", "/ HTTP/1.1\r\nhost: a\r\n\r\nGET /hidden"),
        (":path", "/ HTTP/1.1\r\nx:"),
        (":path", "/a b"),
        (":path", "/\ta"),
        (":path", "/\0"),
        (":path", "a"),
        (":path", ""),
        (":path", "http://b/"),
        (":path", "@b/"),
        (":scheme", "http://b/hidden?"),
        (":scheme", "http\r\nx: y"),
        (":authority", "a\r\nx: y"),
        (":authority", "a b"),
        (":authority", "a/b"),
        (":authority", "a?b"),
        (":authority", "u@a"),
        (":protocol", "websocket"),
        (":status", "200"),
    ] {
        assert!(!lanes.is_carried(&request("GET", &[change]), None).await, "{change:?}");
    }
    for missing in [":method", ":path", ":scheme"] {
        let fields: Vec<_> =
            request("GET", &[]).into_iter().filter(|(name, _)| *name != missing).collect();
        assert!(!lanes.is_carried(&fields, None).await, "no {missing}");
    }
    for twice in [(":method", "GET"), (":path", "/hidden"), (":authority", "b")] {
        let mut fields = request("GET", &[]);
        fields.insert(0, twice);
        assert!(!lanes.is_carried(&fields, None).await, "{twice:?} twice");
    }
    let mut late = request("GET", &[("x", "y")]);
    late.rotate_left(1);
    assert!(!lanes.is_carried(&late, None).await, "a pseudo-header field after others");
}

#[tokio::test]
async fn a_tunnelled_request_stays_a_body() {
    let mut lanes = Lanes::new(60).await;
    for method in ["GET", "HEAD", "OPTIONS", "POST", "FOO"] {
        assert!(lanes.is_carried(&request(method, &[]), Some(HIDDEN)).await, "{method}");
        let length = HIDDEN.len().to_string();
        let fields = request(method, &[("content-length", &length)]);
        assert!(lanes.is_carried(&fields, Some(HIDDEN)).await, "{method} with a length");
    }
    assert!(lanes.is_carried(&request("GET", &[(":authority", "b"), ("host", "c")]), None).await);
    assert!(!lanes.is_carried(&request("CONNECT", &[]), Some(HIDDEN)).await);
}
