//! What HTTP/1.1 asks of a proxy.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    backend::{Backend, answer, read_request},
    fixture::{Way, World},
};

async fn world(backend: &Backend) -> World {
    let mut world = World::new();
    world.apply(&[("r", 100, &[backend.address])]).await;
    world
}

/// What the replica sees of a request: its head in lower case, sorted fields, and its body.
async fn seen(request: &str) -> (String, Vec<String>, String) {
    let echo = Backend::echoing().await;
    let world = world(&echo).await;
    let answer = world.connect().await.ask(request).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let (head, body) = answer.body.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines().map(str::to_owned);
    let first = lines.next().unwrap();
    let mut fields: Vec<String> = lines.map(|line| line.to_ascii_lowercase()).collect();
    fields.sort();
    (first, fields, body.to_owned())
}

#[tokio::test]
async fn both_ways_through_the_router_show_the_replica_the_same_request() {
    for (way, extra) in [(Way::Direct, None), (Way::Hyper, Some("te: trailers"))] {
        let unusual = way.field();
        let request = format!(
            "PUT /a?b=c%20d HTTP/1.1\r\nHost: shop\r\nX-Forwarded-For: 1.1.1.1\r\n{unusual}\
             X-Forwarded-For: 2.2.2.2\r\nKeep-Alive: 5\r\nX-Own: Yes\r\nContent-Length: 5\r\n\r\nhello"
        );
        let (first, fields, body) = seen(&request).await;
        assert_eq!((first.as_str(), body.as_str()), ("PUT /a?b=c%20d HTTP/1.1", "hello"));
        let mut expect = vec![
            "content-length: 5",
            "host: shop",
            "x-forwarded-for: 1.1.1.1, 2.2.2.2, 127.0.0.1",
            "x-forwarded-host: shop",
            "x-forwarded-proto: http",
            "x-own: yes",
        ];
        expect.extend(extra);
        expect.sort_unstable();
        assert_eq!(fields, expect);
    }
}

#[tokio::test]
async fn fields_that_connection_names_do_not_go_on() {
    let request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: keep-alive, x-own\r\nx-own: 1\r\n\r\n";
    let (_, fields, _) = seen(request).await;
    assert!(!fields.iter().any(|field| field.starts_with("x-own")), "{fields:?}");
    assert!(!fields.iter().any(|field| field.starts_with("connection")), "{fields:?}");
}

#[tokio::test]
async fn a_whole_url_as_target_gives_its_path_and_host() {
    let request = "GET http://shop.example:81/a?b HTTP/1.1\r\nhost: other\r\n\r\n";
    let (first, fields, _) = seen(request).await;
    assert_eq!(first, "GET /a?b HTTP/1.1");
    assert!(fields.contains(&"host: shop.example:81".to_owned()), "{fields:?}");
}

#[tokio::test]
async fn a_body_in_chunks_arrives_in_chunks() {
    let request = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let (_, fields, body) = seen(request).await;
    assert!(fields.contains(&"transfer-encoding: chunked".to_owned()));
    assert_eq!(
        body.replace("3\r\nabc\r\n2\r\nde\r\n", "5\r\nabcde\r\n"),
        "5\r\nabcde\r\n0\r\n\r\n"
    );
}

#[tokio::test]
async fn a_body_that_comes_later_than_its_head_is_streamed() {
    let echo = Backend::echoing().await;
    let world = world(&echo).await;
    let mut client = world.connect().await;
    client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\nabc").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    client.send("def").await;
    assert!(client.answer().await.unwrap().body.ends_with("\r\n\r\nabcdef"));
    assert_eq!(client.get().await.status, 200);
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_gets_it_before_it_sends() {
    let echo = Backend::echoing().await;
    let world = world(&echo).await;
    let mut client = world.connect().await;
    client
        .send("POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n")
        .await;
    assert_eq!(client.answer().await.unwrap().status, 100);
    client.send("abc").await;
    let answer = client.answer().await.unwrap();
    assert!(answer.body.ends_with("abc") && !answer.body.contains("expect"));
}

#[tokio::test]
async fn answers_without_a_body_keep_the_connection_in_step() {
    for unusual in Way::BOTH.map(Way::field) {
        for (method, text) in [
            ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"),
            ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
            ("GET", "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
        ] {
            let backend = Backend::new(move |mut stream, _| async move {
                while read_request(&mut stream).await.is_some() {
                    stream.write_all(text.as_bytes()).await.unwrap();
                }
            })
            .await;
            let world = world(&backend).await;
            let mut client = world.connect().await;
            for _ in 0..3 {
                client.send(&format!("{method} / HTTP/1.1\r\nhost: a\r\n{unusual}\r\n")).await;
                let answer = client.answer_to(method).await.unwrap();
                assert!(matches!(answer.status, 200 | 204), "{answer:?}");
                if method == "HEAD" {
                    assert_eq!(answer.field("content-length"), Some("1000"));
                }
            }
            assert_eq!(backend.connections(), 1);
        }
    }
}

#[tokio::test]
async fn an_answer_in_chunks_arrives_with_its_trailers_and_in_pieces() {
    let backend = Backend::new(|mut stream, _| async move {
        while read_request(&mut stream).await.is_some() {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n";
            for part in [head, "5\r\nhel", "lo\r\n", "1\r\n!\r\n0\r", "\nx-sum: 6\r\n\r\n"] {
                stream.write_all(part.as_bytes()).await.unwrap();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    })
    .await;
    let world = world(&backend).await;
    let mut client = world.connect().await;
    for _ in 0..2 {
        assert_eq!(client.get().await.body, "hello!");
    }
    assert_eq!(backend.connections(), 1);
    assert_eq!(world.tally("r").await.total.by_class[1], 2);
}

#[tokio::test]
async fn an_answer_that_ends_with_its_connection_arrives_whole() {
    let backend = Backend::new(|mut stream, _| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nuntil the end").await;
    })
    .await;
    let world = world(&backend).await;
    let mut client = world.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(client.is_closed_soon().await);
    let text = String::from_utf8_lossy(client.bytes()).into_owned();
    assert!(
        text.contains("connection: close") && text.ends_with("\r\n\r\nuntil the end"),
        "{text}"
    );
    assert_eq!(world.tally("r").await.total.by_class[1], 1);
}

#[tokio::test]
async fn large_answers_pass_with_a_slow_client_and_bounded_memory() {
    const SIZE: usize = 8 * 1024 * 1024;
    let backend = Backend::new(|mut stream, _| async move {
        read_request(&mut stream).await;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let piece: Vec<u8> = (0..=255).cycle().take(SIZE).collect();
        let _ = stream.write_all(&piece).await;
        let _ = stream.shutdown().await;
    })
    .await;
    let world = world(&backend).await;
    for unusual in Way::BOTH.map(Way::field) {
        let mut client = world.connect().await;
        client.send(&format!("GET / HTTP/1.1\r\nhost: a\r\n{unusual}\r\n")).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut bytes = Vec::new();
        let mut piece = vec![0; 200_000];
        while bytes.len() < SIZE {
            let count = client.stream.read(&mut piece).await.unwrap();
            assert_ne!(count, 0, "the answer was cut at {} bytes", bytes.len());
            bytes.extend_from_slice(&piece[..count]);
        }
        let body = &bytes[bytes.len() - SIZE..];
        assert!(body.iter().zip((0..=255).cycle()).all(|(found, sent)| *found == sent));
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let echo = Backend::echoing().await;
    let world = world(&echo).await;
    let mut client = world.connect().await;
    let requests = (0..10).map(|number| format!("GET /{number} HTTP/1.1\r\nhost: a\r\n\r\n"));
    let all = requests.collect::<Vec<_>>().concat();
    let (first, second) = all.split_at(all.len() / 2 + 3);
    client.send(first).await;
    client.send(second).await;
    for number in 0..10 {
        let body = client.answer().await.unwrap().body;
        assert!(body.starts_with(&format!("GET /{number} ")), "{body}");
    }
}

#[tokio::test]
async fn a_request_byte_by_byte_is_understood() {
    let backend = Backend::named("ok").await;
    let world = world(&backend).await;
    let mut client = world.connect().await;
    for byte in "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n".split_inclusive(|_| true) {
        client.send(byte).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(client.answer().await.unwrap().body, "ok");
    assert_eq!(client.get().await.body, "ok");
}

#[tokio::test]
async fn a_websocket_passes_both_ways_and_counts_as_in_flight() {
    let backend = Backend::new(|mut stream, _| async move {
        let request = read_request(&mut stream).await.unwrap().to_ascii_lowercase();
        assert!(request.contains("upgrade: websocket") && request.contains("connection: upgrade"));
        let head =
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let (mut reader, mut writer) = stream.split();
        let _ = tokio::io::copy(&mut reader, &mut writer).await;
    })
    .await;
    let mut world = world(&backend).await;
    let mut client = world.connect().await;
    let request = "GET /chat HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: keep-alive, Upgrade\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n";
    let answer = client.ask(request).await;
    assert_eq!((answer.status, answer.field("upgrade")), (101, Some("websocket")));
    world.apply(&[("other", 100, &[])]).await;
    for frame in ["\u{1}ping", "\u{2}another frame"] {
        client.stream.write_all(frame.as_bytes()).await.unwrap();
        let mut back = vec![0; frame.len()];
        client.stream.read_exact(&mut back).await.unwrap();
        assert_eq!(back, frame.as_bytes());
    }
    let tally = world.tally_now("r").await;
    assert_eq!(tally.in_flight.values().sum::<u64>(), 1);
    assert_eq!(tally.total.by_class, [1, 0, 0, 0, 0]);
    drop(client);
    world.until("r", |tally| tally.in_flight.is_empty()).await;
}

#[tokio::test]
async fn a_quiet_tunnel_is_closed() {
    let backend = Backend::new(|mut stream, _| async move {
        read_request(&mut stream).await;
        let head = "HTTP/1.1 101 X\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let _ = stream.read_u8().await;
    })
    .await;
    let mut world =
        World::with(|settings| settings.limits.tunnel_timeout = Duration::from_millis(200));
    world.apply(&[("r", 100, &[backend.address])]).await;
    let mut client = world.connect().await;
    let request = "GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n";
    assert_eq!(client.ask(request).await.status, 101);
    assert!(client.is_closed_soon().await);
}

#[tokio::test]
async fn an_http_1_0_client_is_answered_and_closed() {
    let backend = Backend::new(|mut stream, _| async move {
        let request = read_request(&mut stream).await.unwrap();
        assert!(request.starts_with("GET / HTTP/1.1\r\n"), "{request}");
        stream.write_all(answer(200, "old").as_bytes()).await.unwrap();
    })
    .await;
    let world = world(&backend).await;
    let mut client = world.connect().await;
    assert_eq!(client.ask("GET / HTTP/1.0\r\nhost: a\r\n\r\n").await.body, "old");
    assert!(client.is_closed_soon().await);
}
