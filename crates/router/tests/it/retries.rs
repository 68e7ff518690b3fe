//! What is sent again, and what must not be.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::io::AsyncWriteExt;

use crate::{
    backend::{Backend, answer, read_request},
    fixture::{Way, World},
};

/// A replica that answers one request on each connection and closes it when it sees the next, as
/// a server does whose idle time is over just then. Counts the requests that it read.
async fn closing() -> (Backend, Arc<AtomicUsize>) {
    let read = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&read);
    let backend = Backend::new(move |mut stream, _| {
        let count = Arc::clone(&count);
        async move {
            if read_request(&mut stream).await.is_some() {
                count.fetch_add(1, SeqCst);
                let _ = stream.write_all(answer(200, "once").as_bytes()).await;
                if read_request(&mut stream).await.is_some() {
                    count.fetch_add(1, SeqCst);
                }
            }
        }
    })
    .await;
    (backend, read)
}

/// The status of the second of two requests, and how many requests the replica read.
async fn check(method: &str, body: &str, expect: (u16, usize)) {
    for way in Way::BOTH {
        check_way(method, body, expect, way).await;
    }
}

async fn check_way(method: &str, body: &str, expect: (u16, usize), way: Way) {
    let (backend, read) = closing().await;
    let mut world = World::new();
    world.apply(&[("r", 100, &[backend.address])]).await;
    let mut client = world.connect().await.going(way);
    assert_eq!(client.get().await.body, "once");
    client.send(&format!("{method} / HTTP/1.1\r\nhost: web\r\n{}{body}", way.field())).await;
    let status = client.answer_to(method).await.unwrap().status;
    assert_eq!((status, read.load(SeqCst)), expect, "{method} {way:?}");
}

const NO_BODY: &str = "\r\n";
const BODY: &str = "content-length: 2\r\n\r\nhi";

#[tokio::test]
async fn on_an_idle_connection_that_closes_only_what_can_be_repeated_is_sent_again() {
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
        check(method, NO_BODY, (200, 3)).await;
    }
    for method in ["POST", "PATCH"] {
        check(method, "content-length: 0\r\n\r\n", (502, 2)).await;
    }
    for method in ["POST", "PUT"] {
        check(method, BODY, (502, 2)).await;
    }
}

#[tokio::test]
async fn a_connection_that_idled_carries_only_what_can_be_repeated() {
    for way in Way::BOTH {
        let (backend, read) = closing().await;
        let mut world = World::new();
        world.apply(&[("r", 100, &[backend.address])]).await;
        let mut client = world.connect().await.going(way);
        client.get().await;
        tokio::time::sleep(Duration::from_millis(1100)).await;
        client.send(&format!("POST / HTTP/1.1\r\nhost: web\r\n{}{BODY}", way.field())).await;
        assert_eq!(client.answer().await.unwrap().status, 200);
        assert_eq!(read.load(SeqCst), 2);
        assert_eq!(backend.connections(), 2);
    }
}

#[tokio::test]
async fn a_new_connection_that_is_cut_is_not_tried_again() {
    let read = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&read);
    let backend = Backend::new(move |mut stream, _| {
        let count = Arc::clone(&count);
        async move {
            read_request(&mut stream).await;
            count.fetch_add(1, SeqCst);
        }
    })
    .await;
    let mut world = World::new();
    world.apply(&[("r", 100, &[backend.address])]).await;
    assert_eq!(world.connect().await.get().await.status, 502);
    assert_eq!(read.load(SeqCst), 1);
}

#[tokio::test]
async fn servers_that_close_idle_connections_cost_no_request() {
    for way in Way::BOTH {
        let backend = Backend::new(|mut stream, _| async move {
            // The first request of a connection is waited for: it has not idled.
            let mut request = read_request(&mut stream).await;
            while request.is_some() {
                let _ = stream.write_all(answer(200, "ok").as_bytes()).await;
                let idle = Duration::from_millis(5);
                let next = tokio::time::timeout(idle, read_request(&mut stream)).await;
                request = next.unwrap_or_default();
            }
        })
        .await;
        let mut world = World::new();
        world.apply(&[("r", 100, &[backend.address])]).await;
        let mut client = world.connect().await.going(way);
        for number in 0..150_u64 {
            assert_eq!(client.get().await.status, 200);
            tokio::time::sleep(Duration::from_micros(4_000 + number * 15)).await;
        }
        let tally = world.tally("r").await;
        assert_eq!(tally.total.by_class[1], 150);
        assert_eq!(tally.total.requests, 150);
    }
}
