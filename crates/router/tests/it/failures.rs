//! Replicas that refuse, cut, stall or talk nonsense: what the client gets and what is counted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use tidegate_router::Probe;
use tidegate_units::Weight;
use tokio::io::AsyncWriteExt;

use crate::{
    backend::{Backend, answer, read_request},
    fixture::{SOON, Way, Wire, World, free_address},
};

/// A replica that sends `text` for each request and closes.
async fn saying(text: &'static str) -> Backend {
    Backend::new(move |mut stream, _| async move {
        if read_request(&mut stream).await.is_some() {
            let _ = stream.write_all(text.as_bytes()).await;
        }
    })
    .await
}

async fn check(replica: &Backend, status: u16, reason: &str, ejected: bool) {
    for way in Way::BOTH {
        check_way(replica, status, reason, ejected, way).await;
    }
}

async fn check_way(replica: &Backend, status: u16, reason: &str, ejected: bool, way: Way) {
    let mut world =
        World::with(|settings| settings.limits.answer_timeout = Duration::from_millis(1500));
    let well = Backend::named("well").await;
    world.apply(&[("r", 100, &[replica.address, well.address])]).await;
    let mut client = world.connect().await.going(way);
    let mut answers = Vec::new();
    for _ in 0..2 {
        answers.push(client.get().await);
    }
    let bad: Vec<_> = answers.iter().filter(|it| it.body != "well").collect();
    assert_eq!(bad.len(), 1, "{reason}: {answers:?}");
    assert_eq!(bad[0].status, status);
    assert_eq!(bad[0].field("x-tidegate-error"), Some(reason));
    let seen = replica.connections();
    for _ in 0..4 {
        client.get().await;
    }
    assert_eq!(replica.connections() == seen, ejected, "{reason}");
    let tally = world.tally("r").await;
    assert_eq!(tally.total.requests, 6);
    assert!(tally.first_error.is_some());
    assert!(tally.in_flight.is_empty());
}

#[tokio::test]
async fn a_replica_that_closes_after_accept_is_ejected() {
    check(&Backend::new(|_, _| async {}).await, 502, "connection-cut", true).await;
}

#[tokio::test]
async fn a_replica_that_closes_within_the_head_is_ejected() {
    check(&saying("HTTP/1.1 200 OK\r\ncontent-le").await, 502, "connection-cut", true).await;
}

#[tokio::test]
async fn a_replica_that_speaks_no_http_is_a_bad_answer() {
    for text in ["SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "\0\0\0\0\0\0\0\0\0\0\0\0"]
    {
        check(&saying(text).await, 502, "bad-answer", false).await;
    }
}

#[tokio::test]
async fn a_replica_that_frames_its_answer_twice_is_a_bad_answer() {
    let text = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab";
    check(&saying(text).await, 502, "bad-answer", false).await;
}

#[tokio::test]
async fn a_replica_that_does_not_answer_in_time_is_a_timeout() {
    let silent =
        Backend::new(
            |mut stream, _| async move { while read_request(&mut stream).await.is_some() {} },
        )
        .await;
    check(&silent, 504, "answer-timeout", false).await;
}

#[tokio::test]
async fn an_answer_cut_within_its_body_is_cut_for_the_client_too_and_counted() {
    for way in Way::BOTH {
        let mut world = World::new();
        let cutting = saying("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
        world.apply(&[("r", 100, &[cutting.address])]).await;
        let mut client = world.connect().await.going(way);
        client.send(&format!("GET / HTTP/1.1\r\nhost: web\r\n{}\r\n", way.field())).await;
        assert_eq!(client.answer().await, None);
        assert!(client.bytes().ends_with(b"half"));
        let tally = world.tally("r").await;
        assert_eq!(tally.total.unanswered, 1);
        assert_eq!(tally.total.by_class, [0; 5]);
    }
}

#[tokio::test]
async fn an_answer_that_stalls_within_its_body_is_cut_off_and_counted() {
    for way in Way::BOTH {
        let stalling = Backend::new(|mut stream, _| async move {
            while read_request(&mut stream).await.is_some() {
                let text = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
                stream.write_all(text.as_bytes()).await.unwrap();
            }
        })
        .await;
        let mut world = World::with(|settings| {
            settings.limits.stall_timeout = Duration::from_millis(300);
            settings.limits.answer_timeout = Duration::from_millis(100);
            settings.limits.connect_timeout = Duration::from_millis(20);
        });
        world.apply(&[("r", 100, &[stalling.address])]).await;
        let mut client = world.connect().await;
        client.send(&format!("GET / HTTP/1.1\r\nhost: web\r\n{}\r\n", way.field())).await;
        assert!(client.is_closed_soon().await, "{way:?}");
        assert!(client.bytes().ends_with(b"half"));
        let tally = world.tally("r").await;
        assert_eq!((tally.total.requests, tally.total.unanswered), (1, 1), "{way:?}");
    }
}

#[tokio::test]
async fn a_probe_can_ask_for_a_page() {
    let page = free_address();
    let mut world = World::with(|settings| settings.probe = Probe::Get("/ready".to_owned()));
    let well = Backend::named("well").await;
    world.apply(&[("r", 100, &[page, well.address])]).await;
    let mut client = world.connect().await;
    for _ in 0..2 {
        client.get().await;
    }
    let listener = tokio::net::TcpListener::bind(page).await.unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let _risen = Backend::on(listener, move |mut stream, _| {
        let count = Arc::clone(&count);
        async move {
            while let Some(request) = read_request(&mut stream).await {
                let probe = request.starts_with("GET /ready HTTP/1.1\r\n");
                let ready = probe && count.fetch_add(1, SeqCst) > 0;
                let status = if probe && !ready { 503 } else { 200 };
                let _ = stream.write_all(answer(status, "risen").as_bytes()).await;
            }
        }
    });
    let begun = Instant::now();
    while asked.load(SeqCst) == 0 {
        assert!(begun.elapsed() < SOON, "no probe comes");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // It was told that it is not there yet, and is asked again a second later and more.
    let bodies = [client.get().await.body, client.get().await.body];
    assert!(bodies == ["well", "well"] || asked.load(SeqCst) > 1, "{bodies:?}");
    until_risen(&mut client).await;
    assert_eq!(asked.load(SeqCst), 2);
}

#[tokio::test]
async fn an_answer_byte_by_byte_arrives_whole() {
    for way in Way::BOTH {
        let mut world = World::new();
        let slow = Backend::new(|mut stream, _| async move {
            while read_request(&mut stream).await.is_some() {
                for byte in answer(200, "slowly").bytes() {
                    stream.write_all(&[byte]).await.unwrap();
                    tokio::task::yield_now().await;
                }
            }
        })
        .await;
        world.apply(&[("r", 100, &[slow.address])]).await;
        let mut client = world.connect().await.going(way);
        for _ in 0..3 {
            assert_eq!(client.get().await.body, "slowly");
        }
    }
}

#[tokio::test]
async fn a_refused_connection_goes_to_another_replica_and_the_client_sees_nothing() {
    for way in Way::BOTH {
        let mut world = World::new();
        let well = Backend::named("well").await;
        world.apply(&[("r", 100, &[free_address(), well.address])]).await;
        let mut client = world.connect().await.going(way);
        for _ in 0..10 {
            assert_eq!(client.get().await.body, "well");
        }
        let tally = world.tally("r").await;
        assert_eq!((tally.total.unanswered, tally.total.by_class[1]), (1, 10));
    }
}

#[tokio::test]
async fn a_refused_request_with_a_body_goes_to_another_replica_too() {
    let mut world = World::new();
    let echo = Backend::echoing().await;
    world.apply(&[("r", 100, &[free_address(), echo.address])]).await;
    let request = "POST / HTTP/1.1\r\nhost: web\r\ncontent-length: 5\r\n\r\nhello";
    for _ in 0..2 {
        let answer = world.connect().await.ask(request).await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.ends_with("hello"));
    }
    assert_eq!(world.tally("r").await.total.unanswered, 1);
}

#[tokio::test]
async fn a_revision_whose_replicas_all_refuse_loses_its_requests_to_the_other() {
    for way in Way::BOTH {
        let mut world = World::new();
        let stable = Backend::named("stable").await;
        world.apply(&[("s", 50, &[stable.address]), ("c", 50, &[free_address()])]).await;
        let mut client = world.connect().await.going(way);
        for _ in 0..20 {
            assert_eq!(client.get().await.body, "stable");
        }
        assert_eq!(world.tally("c").await.total.unanswered, 10);
        assert_eq!(world.tally("s").await.total.by_class[1], 20);
    }
}

#[tokio::test]
async fn a_revision_without_replicas_loses_its_requests_and_they_are_counted() {
    for way in Way::BOTH {
        let mut world = World::new();
        let stable = Backend::named("stable").await;
        world.apply(&[("s", 80, &[stable.address]), ("c", 20, &[])]).await;
        let mut client = world.connect().await.going(way);
        for _ in 0..10 {
            assert_eq!(client.get().await.body, "stable");
        }
        let canary = world.tally("c").await;
        assert_eq!((canary.total.requests, canary.total.unanswered), (2, 2));
        assert_eq!(world.tally("s").await.total.requests, 10);
    }
}

#[tokio::test]
async fn a_revision_without_weight_gets_nothing_even_when_no_other_answers() {
    let mut world = World::new();
    let aborted = Backend::named("aborted").await;
    let mut table = world.table(&[("s", 100, &[]), ("c", 0, &[aborted.address])]);
    assert_eq!(table.listeners[0].destinations[1].weight, Weight::ZERO);
    tidegate_ports::Router::apply(&world.client(), &table).await.unwrap();
    let answer = world.connect().await.get().await;
    assert_eq!((answer.status, answer.field("x-tidegate-error")), (503, Some("no-replica")));
    table.listeners.clear();
    assert_eq!(aborted.connections(), 0);
}

/// Asks until the replica that was not there answers again.
async fn until_risen(client: &mut Wire) {
    let begun = Instant::now();
    while client.get().await.body != "risen" {
        assert!(begun.elapsed() < SOON, "it gets no requests");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_ejected_replica_comes_back_after_its_probe() {
    let mut world = World::new();
    let (dead, well) = (free_address(), Backend::named("well").await);
    world.apply(&[("r", 100, &[dead, well.address])]).await;
    let mut client = world.connect().await;
    for _ in 0..2 {
        client.get().await;
    }
    let listener = tokio::net::TcpListener::bind(dead).await.unwrap();
    let risen = Backend::on(listener, |mut stream, _| async move {
        while read_request(&mut stream).await.is_some() {
            let _ = stream.write_all(answer(200, "risen").as_bytes()).await;
        }
    });
    until_risen(&mut client).await;
    assert!(risen.connections() >= 2, "a probe and a request");
}

#[tokio::test]
async fn when_all_replicas_are_ejected_they_are_used_anyway() {
    let mut world = World::new();
    let replica = Backend::new(|mut stream, number| async move {
        if number > 0 && read_request(&mut stream).await.is_some() {
            let _ = stream.write_all(answer(200, "back").as_bytes()).await;
        }
    })
    .await;
    world.apply(&[("r", 100, &[replica.address])]).await;
    let mut client = world.connect().await;
    assert_eq!(client.get().await.status, 502);
    assert_eq!(client.get().await.body, "back");
}

#[tokio::test]
async fn a_client_that_goes_away_is_neither_good_nor_bad() {
    for way in Way::BOTH {
        let mut world = World::new();
        let slow = Backend::answering(200, "late", Duration::from_hours(1)).await;
        world.apply(&[("r", 100, &[slow.address])]).await;
        let mut client = world.connect().await.going(way);
        client.send(&format!("GET / HTTP/1.1\r\nhost: web\r\n{}\r\n", way.field())).await;
        world.until("r", |tally| tally.in_flight.values().sum::<u64>() == 1).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(client);
        world.until("r", |tally| tally.total.cancelled == 1).await;
        let tally = world.tally("r").await;
        assert_eq!((tally.total.requests, tally.total.cancelled), (1, 1));
        assert!(tally.in_flight.is_empty() && tally.first_error.is_none());
        let waited = tally.total.latency.quantile(0.5).unwrap();
        assert!((95_000.0..60_000_000.0).contains(&waited), "{waited} us");
    }
}
