//! What one client can take, and what is no request at all.

use std::time::{Duration, Instant};

use tidegate_router::Limits;
use tokio::io::AsyncWriteExt;

use crate::{
    backend::Backend,
    fixture::{SOON, Wire, World},
};

async fn world(replica: &Backend, change: impl FnOnce(&mut Limits)) -> World {
    let mut world = World::with(|settings| change(&mut settings.limits));
    world.apply(&[("r", 100, &[replica.address])]).await;
    world
}

/// The first answer to raw bytes, and whether the replica stayed untouched.
async fn check_refused(request: &str, statuses: &[u16]) {
    let replica = Backend::named("must not be reached").await;
    let world = world(&replica, |_| {}).await;
    let mut client = world.connect().await;
    // A router that has seen enough closes while the rest is still being sent.
    let _ = client.stream.write_all(request.as_bytes()).await;
    let answer = tokio::time::timeout(SOON, client.answer()).await.unwrap();
    if let Some(answer) = answer {
        assert!(statuses.contains(&answer.status), "{request:.200}: {answer:?}");
    }
    assert_eq!(replica.connections(), 0, "{request:.200}");
}

#[tokio::test]
async fn a_head_beyond_the_limits_is_refused() {
    let long = "a".repeat(70 * 1024);
    check_refused(&format!("GET / HTTP/1.1\r\nhost: a\r\nx: {long}\r\n\r\n"), &[431]).await;
    check_refused(&format!("GET /{long} HTTP/1.1\r\nhost: a\r\n\r\n"), &[414, 431]).await;
    let many = "x: 1\r\n".repeat(101);
    check_refused(&format!("GET / HTTP/1.1\r\nhost: a\r\n{many}\r\n"), &[431]).await;
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_is_refused() {
    let start = "POST / HTTP/1.1\r\nhost: a\r\n";
    for (fields, rest) in [
        ("content-length: 3\r\ncontent-length: 4\r\n", "abcd"),
        ("content-length: 3, 4\r\n", "abcd"),
        ("content-length: +3\r\n", "abc"),
        ("content-length: 3 \t4\r\n", "abc"),
        ("content-length: 0x3\r\n", "abc"),
        ("content-length: -1\r\n", ""),
        ("content-length: 99999999999999999999\r\n", ""),
        ("transfer-encoding: gzip\r\n", "abc"),
        ("transfer-encoding: chunked, gzip\r\n", "0\r\n\r\n"),
        ("transfer-encoding: xchunked\r\n", "0\r\n\r\n"),
        ("transfer-encoding : chunked\r\n", "0\r\n\r\n"),
        (" transfer-encoding: chunked\r\n", "0\r\n\r\n"),
        ("x: y\r\n transfer-encoding: chunked\r\n", "0\r\n\r\n"),
        ("x: a\0b\r\n", ""),
        ("x: a\rb\r\n", ""),
        ("x\r\n", ""),
        (": y\r\n", ""),
        ("host: b\r\n", ""),
    ] {
        check_refused(&format!("{start}{fields}\r\n{rest}"), &[400, 501]).await;
    }
}

/// RFC 9112, section 6.1: the length is then what `Transfer-Encoding` says, the other field goes,
/// and the connection is closed. So nothing behind the body is ever taken for a request.
#[tokio::test]
async fn a_length_beside_chunks_is_dropped_and_the_connection_closed() {
    for fields in [
        "content-length: 3\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 3\r\n",
    ] {
        let echo = Backend::echoing().await;
        let world = world(&echo, |_| {}).await;
        let mut client = world.connect().await;
        let smuggled = "GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
        client
            .send(&format!("POST / HTTP/1.1\r\nhost: a\r\n{fields}\r\n0\r\n\r\n{smuggled}"))
            .await;
        let answer = client.answer().await.unwrap();
        assert_eq!((answer.status, answer.field("connection")), (200, Some("close")));
        let seen = answer.body.to_ascii_lowercase();
        assert!(seen.contains("transfer-encoding: chunked") && !seen.contains("content-length"));
        assert!(client.is_closed_soon().await);
        assert_eq!(world.tally("r").await.total.requests, 1);
    }
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    for request in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/3.0\r\nhost: a\r\n\r\n",
        "GET  / HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /a b HTTP/1.1\r\nhost: a\r\n\r\n",
        "G\0T / HTTP/1.1\r\nhost: a\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n",
    ] {
        check_refused(request, &[400, 501, 505]).await;
    }
}

#[tokio::test]
async fn a_broken_chunk_ends_the_request_for_the_replica_too() {
    let echo = Backend::echoing().await;
    for body in
        ["5\r\nhelloX\r\n0\r\n\r\n", "zz\r\nhello\r\n0\r\n\r\n", "fffffffffffffffff\r\nhello"]
    {
        let world = world(&echo, |_| {}).await;
        let mut client = world.connect().await;
        let head = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
        client.send(&format!("{head}{body}")).await;
        let answer = tokio::time::timeout(SOON, client.answer()).await.unwrap();
        assert!(answer.is_none_or(|it| matches!(it.status, 400 | 408)), "{body:?}");
        assert_eq!(world.tally("r").await.total.errors(), 0, "{body:?}");
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let echo = Backend::echoing().await;
    let world = world(&echo, |limits| limits.body_bytes = 10).await;
    let known = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 11\r\n\r\nhello world";
    let chunks = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n";
    for request in [known, chunks] {
        let answer = world.connect().await.ask(request).await;
        assert_eq!(answer.status, 413, "{request}");
        assert_eq!(answer.field("x-tidegate-error"), Some("body-too-large"));
        assert_eq!(answer.field("connection"), Some("close"));
    }
    let fits = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhelloworld";
    assert_eq!(world.connect().await.ask(fits).await.status, 200);
    assert_eq!(world.tally("r").await.total.errors(), 0);
}

#[tokio::test]
async fn a_client_that_sends_its_head_slowly_is_closed() {
    let replica = Backend::named("ok").await;
    let world = world(&replica, |limits| limits.head_timeout = Duration::from_millis(300)).await;
    for start in ["GET / HTTP/1.1\r\n", "P"] {
        let mut client = world.connect().await;
        client.send(start).await;
        for _ in 0..30 {
            tokio::time::sleep(Duration::from_millis(30)).await;
            if client.stream.write_all(b"x").await.is_err() {
                break;
            }
        }
        assert!(client.is_closed_soon().await);
    }
    assert_eq!(world.get().await, "ok");
}

#[tokio::test]
async fn a_client_that_stops_within_its_body_is_told_and_not_the_replica_blamed() {
    let echo = Backend::echoing().await;
    let world = world(&echo, |limits| limits.stall_timeout = Duration::from_millis(300)).await;
    let mut client = world.connect().await;
    client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc").await;
    let answer = tokio::time::timeout(SOON, client.answer()).await.unwrap();
    let answer = answer.unwrap();
    assert_eq!((answer.status, answer.field("x-tidegate-error")), (408, Some("client-stalled")));
    let tally = world.tally("r").await;
    assert_eq!((tally.total.errors(), tally.total.cancelled), (0, 1));
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_one_in_use_is_not() {
    let slow = Backend::answering(200, "slow", Duration::from_millis(700)).await;
    let world = world(&slow, |limits| limits.idle_timeout = Duration::from_millis(200)).await;
    let (mut idle, mut busy) = (world.connect().await, world.connect().await);
    busy.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(idle.is_closed_soon().await);
    assert_eq!(busy.answer().await.unwrap().body, "slow");
    assert!(busy.is_closed_soon().await);
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_at_once() {
    let limits: [fn(&mut Limits); 2] =
        [|limits| limits.connections = 2, |limits| limits.all_connections = 2];
    for limit in limits {
        beyond_two_connections(limit).await;
    }
}

async fn beyond_two_connections(limit: fn(&mut Limits)) {
    let replica = Backend::named("ok").await;
    let world = world(&replica, limit).await;
    let (mut one, mut two) = (world.connect().await, world.connect().await);
    assert_eq!((one.get().await.status, two.get().await.status), (200, 200));
    let mut three = Wire::new(world.listen).await;
    assert!(three.is_closed_soon().await);
    drop(one);
    // Its place is free once the router has seen that it left.
    let begun = Instant::now();
    let next = loop {
        let mut next = world.connect().await;
        next.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        match next.answer().await {
            Some(answer) => break answer,
            None => assert!(begun.elapsed() < SOON, "its place stays taken"),
        }
    };
    assert_eq!(next.status, 200);
}
