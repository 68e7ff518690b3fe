//! Peers that stall, dribble or flood: bounded time, the right status and count, nobody else
//! disturbed.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    backend::{Backend, read_request},
    fixture::{Way, Wire, World},
    frames::{self, Frames, Heard, block},
};

const GET: [(&str, &str); 4] =
    [(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "a")];
/// Nothing here may take longer, on the busiest machine.
const BOUND: Duration = Duration::from_secs(20);

async fn bounded<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(BOUND, what).await.expect("it takes too long")
}

/// One stop: after so many bytes of the answer, with the connection open or closed.
#[derive(Clone, Copy, Debug)]
struct Stop {
    count: usize,
    cut: bool,
    way: Way,
}

/// A replica that does so at the first request of each connection. Its connections that the router
/// has closed are counted in `closed`.
async fn stopping(text: &'static str, stop: Stop, closed: Arc<AtomicUsize>) -> Backend {
    Backend::new(move |mut stream, _| {
        let closed = Arc::clone(&closed);
        async move {
            if read_request(&mut stream).await.is_none() {
                return;
            }
            let _ = stream.write_all(&text.as_bytes()[..stop.count]).await;
            if !stop.cut {
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
            closed.fetch_add(1, SeqCst);
        }
    })
    .await
}

/// The status that the client of such a replica gets; none when its answer is cut.
async fn status_at(listen: SocketAddr, way: Way) -> Option<u16> {
    let mut client = Wire::new(listen).await;
    client.send(&format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", way.field())).await;
    bounded(client.answer()).await.map(|it| it.status)
}

/// What is to come of a stop: the status, and how many requests count as unanswered.
fn expected(text: &str, stop: Stop) -> (Option<u16>, u64) {
    let interim = text.find("\r\n\r\n").filter(|_| text.contains(" 103 "));
    let start = interim.map_or(0, |end| end + 4);
    let body = start + text[start..].find("\r\n\r\n").unwrap() + 4;
    match (stop.count >= body, stop.cut) {
        (true, _) if stop.count == text.len() => (text[start + 9..start + 12].parse().ok(), 0),
        (true, _) => (None, 1),
        (false, true) => (Some(502), 1),
        (false, false) => (Some(504), 1),
    }
}

/// All stops of one answer at the same time, each at a listener and a replica of its own.
async fn all_stops(text: &'static str) {
    let mut world = World::with(|settings| {
        settings.limits.answer_timeout = Duration::from_millis(1500);
        settings.limits.stall_timeout = Duration::from_millis(1500);
    });
    let (closed, mut cases) = (Arc::new(AtomicUsize::new(0)), Vec::new());
    for (count, cut) in (0..=text.len()).flat_map(|count| [(count, false), (count, true)]) {
        for way in Way::BOTH {
            let stop = Stop { count, cut, way };
            cases.push((stop, stopping(text, stop, Arc::clone(&closed)).await));
        }
    }
    let replicas: Vec<_> = cases.iter().map(|(_, replica)| replica.address).collect();
    let addresses = world.apply_lanes(&replicas).await;
    let asked = cases.iter().zip(addresses);
    let mut asks: Vec<_> =
        asked.map(|((stop, _), address)| tokio::spawn(status_at(address, stop.way))).collect();
    let (mut wrong, mut statuses) = (Vec::new(), Vec::new());
    for ask in &mut asks {
        statuses.push(ask.await.unwrap());
    }
    let tallies = world.tallies().await;
    for (number, ((stop, _), status)) in cases.iter().zip(statuses).enumerate() {
        let total = &tallies[&format!("r{number}").as_str().into()].total;
        let (found, expect) = ((status, total.unanswered), expected(text, *stop));
        if found != expect || total.requests != 1 {
            wrong.push(format!("{:?} {stop:?}: {found:?}, not {expect:?}", &text[..stop.count]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // No connection on which anything is left to come is kept for another request.
    world.apply(&[]).await;
    bounded(async {
        while closed.load(SeqCst) < cases.len() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// The client gets an error or an answer that is cut, in time, and it counts against the replica:
/// wherever the replica stops.
#[tokio::test]
async fn a_replica_may_stop_after_any_byte_of_its_answer() {
    all_stops("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody").await;
    all_stops(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;x\r\nbo\r\n0\r\na: b\r\n\r\n",
    )
    .await;
    all_stops("HTTP/1.1 103 X\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n").await;
}

/// A slow replica, and a router with short times.
async fn slow_world(body: &'static str, delay: Duration) -> (Backend, World) {
    let replica = Backend::answering(200, body, delay).await;
    let mut world = World::with(|settings| {
        settings.limits.head_timeout = Duration::from_secs(1);
        settings.limits.stall_timeout = Duration::from_secs(1);
        settings.limits.answer_timeout = Duration::from_secs(1);
        settings.limits.connect_timeout = Duration::from_millis(100);
    });
    world.apply(&[("r", 100, &[replica.address])]).await;
    (replica, world)
}

async fn nothing_in_flight(world: &World) {
    bounded(async {
        while !world.tally_now("r").await.in_flight.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// CVE-2023-44487: requests that are taken back at once, without end. The connection ends, and
/// nothing is left of them.
#[tokio::test]
async fn requests_that_are_taken_back_end_their_connection() {
    let (replica, world) = slow_world("ok", Duration::from_secs(30)).await;
    let mut client = Frames::new(world.connect().await.stream, &[]).await;
    let head = block(&GET);
    let sending = async {
        for stream in (1..2_000_000).step_by(2) {
            let mut both = frames::head(stream, &head, true);
            both.extend(frames::reset(stream));
            if !client.send(&both).await {
                return stream;
            }
        }
        0
    };
    let last = bounded(sending).await;
    assert_ne!(last, 0, "it takes a million of them");
    nothing_in_flight(&world).await;
    let asked = replica.connections();
    assert!(asked <= 1_000, "{asked} connections to the replica, for {last} requests");
    let told = client.hear_until(|heard| matches!(heard, Heard::GoAway(_))).await;
    assert!(matches!(told.last(), Some(Heard::GoAway(11) | Heard::Closed)), "{told:?}");
}

/// CVE-2024-27316: a head that is continued without end.
#[tokio::test]
async fn a_head_without_end_ends_its_connection() {
    let (replica, world) = slow_world("ok", Duration::ZERO).await;
    for piece in [Vec::new(), frames::field("x", "y"), frames::field("x", &"y".repeat(4000))] {
        let mut client = Frames::new(world.connect().await.stream, &[]).await;
        let mut takes = client.send(&frames::open_head(1, &block(&GET))).await;
        let flood = async {
            for _ in 0..1_000_000 {
                if !takes {
                    return true;
                }
                takes = client.send(&frames::continuation(1, &piece)).await;
            }
            false
        };
        assert!(bounded(flood).await, "it takes a million pieces of {} bytes", piece.len());
    }
    assert_eq!(replica.connections(), 0);
    assert_eq!(world.get().await, "ok");
}

/// A client that takes nothing of its answer and gives signs of life: its requests end in time, and
/// the replica has its connection back.
#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up_whatever_else_it_says() {
    let body: &'static str = Box::leak("b".repeat(300_000).into_boxed_str());
    let (_replica, world) = slow_world(body, Duration::ZERO).await;
    // No window for answers (RFC 9113, section 6.5.2, setting 4).
    let mut client = Frames::new(world.connect().await.stream, &[(4, 0)]).await;
    client.send(&frames::head(1, &block(&GET), true)).await;
    client.send(&frames::head(3, &block(&GET), true)).await;
    bounded(async {
        // A request is counted when it ends.
        while world.tally_now("r").await.total.requests < 2 {
            client.send(&frames::ping()).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert_eq!(world.tally("r").await.total.cancelled, 2);
}

/// Settings and signs of life without end, whose answers nobody reads: bounded, and others are served.
#[tokio::test]
async fn a_flood_of_frames_disturbs_nobody() {
    let (_replica, world) = slow_world("ok", Duration::ZERO).await;
    for flood in [frames::ping(), frames::settings(&[]), frames::room(0, 1)] {
        let mut client = Frames::new(world.connect().await.stream, &[]).await;
        let many = flood.repeat(1000);
        let flooding = async {
            for _ in 0..20 {
                // It takes no more, as its answers are not read, or closes.
                let sent = tokio::time::timeout(Duration::from_millis(500), client.send(&many));
                if !matches!(sent.await, Ok(true)) {
                    break;
                }
            }
        };
        bounded(flooding).await;
        assert_eq!(bounded(world.get()).await, "ok");
    }
}

/// A client that dribbles a body on: so long as it moves it is served, and the replica is not blamed
/// when it stops.
#[tokio::test]
async fn a_client_that_stops_between_requests_holds_nothing() {
    let (_replica, world) = slow_world("ok", Duration::ZERO).await;
    for way in Way::BOTH {
        let mut client = world.connect().await.going(way);
        assert_eq!(client.get().await.body, "ok");
        client.send("GET / HTTP/1.1\r\nho").await;
        assert!(client.is_closed_within(BOUND).await, "{way:?}");
        let mut client = world.connect().await;
        let chunks = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel";
        client.send(&format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n{chunks}", way.field())).await;
        assert_eq!(bounded(client.answer()).await.unwrap().status, 200);
        assert_eq!(bounded(client.answer()).await.unwrap().status, 408, "{way:?}");
        assert!(client.is_closed_within(BOUND).await, "{way:?}");
    }
    nothing_in_flight(&world).await;
    assert_eq!(world.tally("r").await.total.errors(), 0);
}
