//! The direct path beside hyper: the same bytes mean the same on either, to replica and client.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
};

use crate::{
    backend::{Backend, answer, read_request},
    fixture::{SOON, Way, World},
};

const START: &str = "GET / HTTP/1.1\r\nhost: a\r\n";

/// What came of a request: the status, and what the replica saw of it, if it did.
async fn carried(world: &World, request: &str, way: Way) -> (u16, Option<Vec<String>>) {
    let end = request.find("\r\n\r\n").unwrap() + 2;
    let (head, rest) = request.split_at(end);
    let mut client = world.connect().await;
    let _ = client.stream.write_all(format!("{head}{}{rest}", way.field()).as_bytes()).await;
    let answer = tokio::time::timeout(SOON, client.answer()).await.unwrap();
    let answer = answer.unwrap_or_default();
    let seen = (answer.status == 200).then(|| {
        let (head, body) = answer.body.split_once("\r\n\r\n").unwrap();
        let (first, fields) = head.split_once("\r\n").unwrap();
        let fields = fields.lines().map(str::to_ascii_lowercase);
        let mut seen: Vec<_> = fields.filter(|line| line != "te: trailers").collect();
        seen.sort();
        seen.extend([first.to_owned(), body.to_owned()]);
        seen
    });
    (answer.status, seen)
}

async fn echo() -> (Backend, World) {
    let echo = Backend::echoing().await;
    let mut world = World::new();
    world.apply(&[("r", 100, &[echo.address])]).await;
    (echo, world)
}

#[tokio::test]
async fn a_request_means_the_same_on_either_way() {
    let (_echo, world) = echo().await;
    for (request, expect) in [
        (format!("{START}\r\n"), 200),
        (format!("{START}x: \r\nX: a, b\r\ny:\tz \t\r\n\r\n"), 200),
        (format!("\r\n{START}\r\n"), 200),
        (format!("{START}x: \u{e4}\r\n\r\n"), 200),
        (format!("{START}x-forwarded-for: 1.1.1.1\r\nX-Forwarded-For:\r\n\r\n"), 200),
        (format!("{START}X-Forwarded-Proto: https\r\nx-forwarded-host: b\r\n\r\n"), 200),
        (format!("{START}forwarded: for=1.1.1.1\r\n\r\n"), 200),
        (format!("{START}keep-alive: 5\r\nproxy-connection: close\r\n\r\n"), 200),
        (format!("{START}connection: keep-alive\r\n\r\n"), 200),
        (format!("{START}content-length: 2\r\n\r\nhi"), 200),
        (format!("{START}content-length: 02 \r\n\r\nhi"), 200),
        (format!("{START}content-type: application/grpc-web\r\ncontent-length: 1\r\n\r\na"), 200),
        (format!("{START}content-type: application/grpc\r\ncontent-length: 1\r\n\r\na"), 200),
        (format!("{START}cookie: a=b\r\ncookie: c=d\r\n\r\n"), 200),
        ("TRACE / HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), 200),
        ("get //a/../b%00;?c&?/ HTTP/1.1\r\nhost: [::1]:80\r\n\r\n".to_owned(), 200),
        ("GET /\\^|{}?`\\^|{} HTTP/1.1\r\nhost:\r\n\r\n".to_owned(), 200),
        ("GET /\"?a HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), 200),
        ("GET /a<b HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), 400),
        ("GET /a`b HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), 400),
        ("GET /?\" HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nhost: a b\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nhost: a/b\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nhost: a@b\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nx: a\r\n\r\n".to_owned(), 400),
    ] {
        let direct = carried(&world, &request, Way::Direct).await;
        let hyper = carried(&world, &request, Way::Hyper).await;
        assert_eq!(direct.0, expect, "{request:?}: {direct:?}");
        assert_eq!(direct, hyper, "{request:?}");
    }
}

/// The client's status and body, and how the router counted it.
async fn given(text: &'static str, way: Way) -> (u16, String, u64, u64) {
    let replica = Backend::new(move |mut stream, _| async move {
        if read_request(&mut stream).await.is_some() {
            let _ = stream.write_all(text.as_bytes()).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let mut world = World::new();
    world.apply(&[("r", 100, &[replica.address])]).await;
    let mut client = world.connect().await;
    client.send(&format!("{START}{}\r\n", way.field())).await;
    let answer = tokio::time::timeout(SOON, client.answer()).await.unwrap();
    let answer = answer.unwrap_or_default();
    for name in ["content-length", "transfer-encoding"] {
        assert!(answer.status != 204 || answer.field(name).is_none(), "{way:?} {answer:?}");
    }
    assert!(answer.head.is_empty() || answer.head.starts_with("HTTP/1.1"), "{answer:?}");
    let total = world.tally("r").await.total;
    (answer.status, answer.body, total.unanswered, total.requests)
}

#[tokio::test]
async fn an_answer_means_the_same_on_either_way() {
    for (text, expect) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", 200),
        ("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", 200),
        ("HTTP/1.1 200\r\ncontent-length: 02 \r\n\r\nokEXTRA", 200),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200),
        ("HTTP/1.1 102 X\r\n\r\nHTTP/1.1 404 X\r\ncontent-length: 2\r\n\r\nno", 404),
        ("HTTP/1.1 204 No\r\ncontent-length: 2\r\n\r\nno", 204),
        ("HTTP/1.1 204 No\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 204),
        ("HTTP/1.1 999 X\r\ncontent-length: 2\r\n\r\nok", 999),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            502,
        ),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 502),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 502),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nzip", 502),
        ("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 502),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok", 502),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nok", 502),
        ("HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok", 502),
        ("HTTP/1.1 200 OK\r\ncontent-length : 2\r\n\r\nok", 502),
        ("HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 2\r\n\r\nok", 502),
        ("HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", 502),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\no", 0),
    ] {
        let direct = given(text, Way::Direct).await;
        assert_eq!(direct.0, expect, "{text:?}: {direct:?}");
        assert_eq!(direct, given(text, Way::Hyper).await, "{text:?}");
    }
}

#[tokio::test]
async fn what_only_hyper_carries_reaches_the_replica_whole_or_not_at_all() {
    let (_echo, world) = echo().await;
    let chunks = "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    for method in ["GET", "HEAD", "POST"] {
        let request = format!("{method} / HTTP/1.1\r\nhost: a\r\n{chunks}");
        let mut client = world.connect().await;
        client.send(&request).await;
        let answer = client.answer_to(method).await.unwrap();
        let length: usize = answer.field("content-length").unwrap().parse().unwrap();
        assert!(method == "HEAD" || answer.body.ends_with("5\r\nhello\r\n0\r\n\r\n"), "{answer:?}");
        assert!(method != "HEAD" || length == 145, "the head is 130 bytes: {answer:?}");
    }
    for (request, expect) in [
        (format!("{START}transfer-encoding: gzip, {}", &chunks[19..]), 501),
        (format!("{START}transfer-encoding: chunked, {}", &chunks[19..]), 501),
        (format!("{START}transfer-encoding: identity\r\n{chunks}"), 501),
        ("GET b HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), 400),
        ("GET b:80 HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), 400),
        ("GET * HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), 400),
        ("OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), 200),
        ("GET / HTTP/1.0\r\n\r\n".to_owned(), 200),
    ] {
        let (status, seen) = carried(&world, &request, Way::Direct).await;
        assert_eq!(status, expect, "{request:?}");
        let named = |seen: Vec<String>| seen.iter().any(|line| line.starts_with("host: "));
        assert!(seen.is_none_or(named), "{request:?}");
    }
    let offer = "connection: upgrade\r\nupgrade: websocket, h2c\r\n\r\n";
    let (_, seen) = carried(&world, &format!("{START}{offer}"), Way::Direct).await;
    assert!(!seen.unwrap().iter().any(|line| line.starts_with("upgrade")));
}

/// A replica may answer before it has read a whole request. What it has not taken yet must not
/// be lost, nor may another request follow on that connection as if it were the rest.
#[tokio::test]
async fn an_answer_before_the_request_is_read_leaves_no_half_request_behind() {
    const BODY: usize = 50_000;
    let (turn, turns) = mpsc::unbounded_channel::<()>();
    let (turns, got) = (Arc::new(tokio::sync::Mutex::new(turns)), Arc::new(Mutex::new(Vec::new())));
    let all = Arc::clone(&got);
    let replica = Backend::new(move |mut stream, _| {
        let (turns, all) = (Arc::clone(&turns), Arc::clone(&all));
        async move {
            let mut bytes = vec![0];
            stream.read_exact(&mut bytes).await.unwrap();
            let mut answered = 0;
            loop {
                let mut turns = turns.lock().await;
                tokio::select! {
                    turn = turns.recv() => if turn.is_none() { break },
                    () = tokio::time::sleep(Duration::from_millis(100)) => break,
                }
                stream.write_all(answer(200, "early").as_bytes()).await.unwrap();
                // By now no more fits into the machine's buffers: room for what comes next.
                answered += 1;
                while answered == 100
                    && let Ok(Ok(1..)) =
                        tokio::time::timeout(Duration::from_millis(50), stream.read_buf(&mut bytes))
                            .await
                {}
            }
            let _ = stream.read_to_end(&mut bytes).await;
            all.lock().unwrap().push(bytes);
        }
    })
    .await;
    let mut world = World::new();
    world.apply(&[("r", 100, &[replica.address])]).await;
    let mut client = world.connect().await;
    let body = "b".repeat(BODY);
    for _ in 0..150 {
        let head = format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {BODY}\r\n\r\n");
        client.send(&format!("{head}{body}")).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
        turn.send(()).unwrap();
        let answer = tokio::time::timeout(Duration::from_secs(2), client.answer()).await;
        if !matches!(answer, Ok(Some(_))) {
            break;
        }
    }
    drop((client, turn));
    world.apply(&[]).await;
    let connections = replica.connections();
    for _ in 0..500 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if got.lock().unwrap().len() == connections {
            break;
        }
    }
    assert_eq!(got.lock().unwrap().len(), connections);
    for bytes in got.lock().unwrap().iter() {
        let text = String::from_utf8_lossy(bytes);
        let bodies: Vec<_> = text.split("POST / HTTP/1.1\r\n").skip(1).collect();
        let whole = |it: &&str| it.split_once("\r\n\r\n").is_some_and(|it| it.1.len() == BODY);
        let before = bodies.len().saturating_sub(1);
        assert_eq!(bodies.iter().take(before).filter(|it| whole(it)).count(), before);
    }
}
