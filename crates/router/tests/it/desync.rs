//! Answers that could be read in two ways: a client gets each answer whole, or an error, and never
//! what was meant for somebody else.

use std::{net::SocketAddr, time::Duration};

use tokio::io::AsyncWriteExt as _;

use crate::{
    backend::{Backend, answer, read_request},
    fixture::{Answer, Way, Wire, World},
};

/// What a replica says to its first request, and how it goes on.
async fn saying(first: &'static str) -> Backend {
    Backend::new(move |mut stream, _| async move {
        while let Some(request) = read_request(&mut stream).await {
            let is_first = ["GET /first", "HEAD /first"].iter().any(|it| request.starts_with(it));
            let text = if is_first { first.to_owned() } else { answer(200, "own") };
            if stream.write_all(text.as_bytes()).await.is_err() {
                return;
            }
        }
    })
    .await
}

/// A router with a replica for each text.
struct Lanes {
    _world: World,
    all: Vec<(Backend, SocketAddr)>,
}

impl Lanes {
    async fn new(texts: &[&'static str]) -> Self {
        let mut world =
            World::with(|settings| settings.limits.answer_timeout = Duration::from_secs(2));
        let mut replicas = Vec::new();
        for text in texts {
            replicas.push(saying(text).await);
        }
        let addresses: Vec<_> = replicas.iter().map(|replica| replica.address).collect();
        let addresses = world.apply_lanes(&addresses).await;
        Self { _world: world, all: replicas.into_iter().zip(addresses).collect() }
    }

    /// The answer to a first request at the replica of this number, and to another client's requests
    /// after it.
    async fn answers(
        &self,
        number: usize,
        method: &str,
        way: Way,
    ) -> (Option<Answer>, Vec<Answer>) {
        let listen = self.all[number].1;
        let mut client = Wire::new(listen).await;
        client.send(&format!("{method} /first HTTP/1.1\r\nhost: a\r\n{}\r\n", way.field())).await;
        let first = tokio::time::timeout(Duration::from_secs(20), client.answer_to(method)).await;
        let mut other = Wire::new(listen).await.going(way);
        let mut own = Vec::new();
        for _ in 0..3 {
            own.push(other.get().await);
        }
        (first.unwrap(), own)
    }
}

/// Whatever a replica says to one client, the next one gets its own answer: bytes beyond an answer
/// are thrown away with their connection.
#[tokio::test]
async fn what_follows_an_answer_is_nobodys_answer() {
    let evil = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
    let cases = [
        ("GET", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", 200),
        ("GET", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200),
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n", 200),
        ("HEAD", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", 200),
        ("HEAD", "HTTP/1.1 200 OK\r\n\r\n", 200),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", 204),
        ("GET", "HTTP/1.1 204 No Content\r\ncontent-length: 4\r\n\r\n", 204),
        ("GET", "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n", 204),
        ("GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 4\r\n\r\n", 304),
        ("GET", "HTTP/1.1 304 Not Modified\r\n\r\n", 304),
    ];
    let texts = cases.map(|(_, start, _)| &*Box::leak(format!("{start}{evil}").into_boxed_str()));
    let lanes = Lanes::new(&texts).await;
    for (number, (method, start, expect)) in cases.into_iter().enumerate() {
        for way in Way::BOTH {
            let (first, own) = lanes.answers(number, method, way).await;
            assert_eq!(first.map(|it| it.status), Some(expect), "{start:?} {way:?}");
            assert!(own.iter().all(|it| it.body == "own"), "{start:?} {way:?}: {own:?}");
        }
    }
}

/// An answer that is none is told, and its connection carries nothing more.
#[tokio::test]
async fn an_answer_that_could_end_elsewhere_is_a_bad_one() {
    let texts = [
        "HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 40\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 2 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: \u{b}chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding:\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nx: a\rb\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nx y: z\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 O\0K\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 20 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 2000 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 -20 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 099 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.2 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/2 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/0.9 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        "HTTP/1.1 100 Continue\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n",
        "<html>no head at all</html>\r\n\r\n",
    ];
    let lanes = Lanes::new(&texts).await;
    for (number, text) in texts.into_iter().enumerate() {
        for way in Way::BOTH {
            let (first, own) = lanes.answers(number, "GET", way).await;
            let first = first.unwrap_or_else(|| panic!("{text:?} {way:?}: no answer"));
            let told = (first.status, first.field("x-tidegate-error"));
            assert_eq!(told, (502, Some("bad-answer")), "{text:?} {way:?}");
            assert!(own.iter().all(|it| it.body == "own"), "{text:?} {way:?}: {own:?}");
        }
    }
}

/// A field in an answer cannot end the head for the client.
#[tokio::test]
async fn an_answer_is_not_split() {
    let folded = "HTTP/1.1 200 OK\nx: 1\n y: 2\r\n\r\n";
    let bare = "HTTP/1.1 200 OK\nx: 1\ncontent-length: 2\n\nok";
    let lanes = Lanes::new(&[folded, bare]).await;
    for way in Way::BOTH {
        let (first, _) = lanes.answers(0, "GET", way).await;
        assert_eq!(first.map(|it| it.status), Some(502), "a folded field, {way:?}");
        let (first, _) = lanes.answers(1, "GET", way).await;
        let first = first.unwrap();
        assert_eq!((first.status, first.body.as_str(), first.field("x")), (200, "ok", Some("1")));
    }
}

/// Answers that announce an answer, without end: the client gets an error in time, on either way.
#[tokio::test]
async fn interim_answers_without_end_are_a_timeout() {
    let replica = Backend::new(|mut stream, _| async move {
        let Some(_) = read_request(&mut stream).await else { return };
        while stream.write_all(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n").await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let well = Backend::named("well").await;
    let mut world =
        World::with(|settings| settings.limits.answer_timeout = Duration::from_millis(300));
    world.apply(&[("r", 100, &[replica.address])]).await;
    for way in Way::BOTH {
        let mut client = world.connect().await.going(way);
        let answer = tokio::time::timeout(Duration::from_secs(20), client.get()).await.unwrap();
        let told = (answer.status, answer.field("x-tidegate-error"));
        assert_eq!(told, (504, Some("answer-timeout")), "{way:?}");
    }
    assert_eq!(world.tally("r").await.total.unanswered, 2);
    world.apply(&[("r", 100, &[well.address])]).await;
    assert_eq!(world.get().await, "well");
}
