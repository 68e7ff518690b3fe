//! A router takes the place of another: nobody is refused or cut, every request is counted once, and
//! one that does not come up leaves the other as it was.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use tidegate_ports::Router as _;
use tidegate_router::{RunningRouter, start};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    backend::{Backend, answer, read_request},
    fixture::{Way, Wire, World},
    http2,
};

/// A router of the same folder that takes the place of the one that runs.
async fn next(world: &World) -> RunningRouter {
    let mut settings = world.settings.clone();
    settings.take_over = true;
    tokio::task::spawn_blocking(move || start(settings).unwrap()).await.unwrap()
}

/// Waits for the end of a router that was succeeded.
async fn ended(router: RunningRouter) {
    let end = tokio::task::spawn_blocking(|| router.join());
    tokio::time::timeout(Duration::from_secs(30), end).await.expect("it does not end").unwrap();
}

async fn world(replica: &Backend) -> World {
    let mut world = World::new();
    world.apply(&[("r", 100, &[replica.address])]).await;
    world
}

/// Asks without end, each time or never on a connection of its own, until `stop`. Returns how often.
async fn ask(listen: std::net::SocketAddr, keeps: bool, way: Way, stop: Arc<AtomicBool>) -> u64 {
    let mut client = Wire::new(listen).await.going(way);
    let mut count = 0;
    while !stop.load(SeqCst) {
        let answer = client.get().await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok"), "after {count}");
        count += 1;
        if !keeps || answer.field("connection") == Some("close") {
            client = Wire::new(listen).await.going(way);
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    count
}

/// The same over HTTP/2, three requests at a time: whoever is told that its connection brings no more
/// requests makes another.
async fn ask_http2(listen: std::net::SocketAddr, stop: Arc<AtomicBool>) -> u64 {
    let mut sender = http2::client(listen).await;
    let mut count = 0;
    while !stop.load(SeqCst) {
        if sender.ready().await.is_err() {
            sender = http2::client(listen).await;
        }
        let mut asks = Vec::new();
        for _ in 0..3 {
            asks.push(sender.send_request(http2::request("text/plain", "")));
        }
        for ask in asks {
            match ask.await {
                Ok(answer) => {
                    assert_eq!(answer.status(), 200);
                    count += 1;
                }
                // It was never sent.
                Err(error) => assert!(error.is_canceled(), "{error:?}"),
            }
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    count
}

#[tokio::test]
async fn nobody_is_refused_or_cut_and_all_are_counted_once() {
    let replica = Backend::named("ok").await;
    let mut world = world(&replica).await;
    let epoch = world.client().read().await.unwrap().epoch;
    let stop = Arc::new(AtomicBool::new(false));
    let mut asks = Vec::new();
    for (keeps, way) in [(true, Way::Direct), (true, Way::Hyper), (false, Way::Direct)] {
        asks.push(tokio::spawn(ask(world.listen, keeps, way, Arc::clone(&stop))));
    }
    asks.push(tokio::spawn(ask_http2(world.listen, Arc::clone(&stop))));
    let seen = AtomicU64::new(0);
    for _ in 0..5 {
        let before = world.router.replace(next(&world).await).unwrap();
        let now = world.tally_now("r").await.total.requests;
        assert!(seen.swap(now, SeqCst) <= now, "counts go back");
        drop(tokio::task::spawn_blocking(|| before.join()));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stop.store(true, SeqCst);
    let mut asked = 0;
    for ask in asks {
        asked += ask.await.unwrap();
    }
    let reading = world.client().read().await.unwrap();
    assert_eq!(reading.epoch, epoch, "the counts went on");
    let mut counted = 0;
    for _ in 0..400 {
        counted = world.tally("r").await.total.requests;
        if counted == asked {
            break;
        }
        // What the one before has counted is told a little later.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(counted, asked);
    assert_eq!(world.tally("r").await.total.errors(), 0);
}

#[tokio::test]
async fn a_download_and_a_tunnel_go_on_with_the_one_that_has_them() {
    let replica = Backend::new(|mut stream, _| async move {
        let request = read_request(&mut stream).await.unwrap_or_default();
        if request.contains("upgrade: websocket") {
            let head = "HTTP/1.1 101 X\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n";
            stream.write_all(head.as_bytes()).await.unwrap();
            let (mut reader, mut writer) = stream.split();
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
            return;
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n").await.unwrap();
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let _ = stream.write_all(b"x").await;
        }
    })
    .await;
    let mut world = world(&replica).await;
    let (mut download, mut tunnel) = (world.connect().await, world.connect().await);
    download.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let request = "GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n";
    assert_eq!(tunnel.ask(request).await.status, 101);
    let before = world.router.replace(next(&world).await).unwrap();
    assert_eq!(world.tally_now("r").await.in_flight.values().sum::<u64>(), 2, "of the one before");
    assert_eq!(download.answer().await.unwrap().body.len(), 40);
    tunnel.send("ping").await;
    let mut pong = [0; 4];
    tunnel.stream.read_exact(&mut pong).await.unwrap();
    assert_eq!(&pong, b"ping");
    drop((tunnel, download));
    ended(before).await;
    let tally = world.tally("r").await;
    assert_eq!((tally.total.requests, tally.total.errors()), (2, 0));
}

/// Requests that the old one still has follow the tables that the new one is given.
#[tokio::test]
async fn a_connection_of_the_old_one_follows_new_tables_and_is_asked_to_close() {
    let (one, two) = (Backend::named("one").await, Backend::named("two").await);
    let mut world = world(&one).await;
    let mut idle = world.connect().await;
    assert_eq!(idle.get().await.body, "one");
    let before = world.router.replace(next(&world).await).unwrap();
    world.apply(&[("s", 100, &[two.address])]).await;
    let answer = idle.get().await;
    assert_eq!((answer.body.as_str(), answer.field("connection")), ("two", Some("close")));
    drop(idle);
    ended(before).await;
    assert_eq!(world.tally("s").await.total.requests, 1);
    assert_eq!(world.get().await, "two");
}

fn meet(world: &World) -> UnixStream {
    UnixStream::connect(world.folder.path().join("router/handover.sock")).unwrap()
}

/// Takes what the router offers, as one that is about to take over, and says what it is told.
fn half(world: &World, says: &[&str]) -> UnixStream {
    let mut stream = meet(world);
    hear(&mut stream);
    // Read as bytes, the sockets beside them are closed again.
    stream.read_exact(&mut [0]).unwrap();
    for text in says {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        stream.write_all(&length).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        hear(&mut stream);
    }
    stream
}

fn hear(stream: &mut UnixStream) {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut text = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut text).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_does_not_come_up_leaves_the_other_as_it_was() {
    let (one, two) = (Backend::named("one").await, Backend::named("two").await);
    let mut world = world(&one).await;
    assert_eq!(world.get().await, "one");
    let epoch = world.client().read().await.unwrap().epoch;
    // It ends before it is ready, and the next that waits by then is not turned away.
    let unready = half(&world, &[]);
    let mut waits = meet(&world);
    drop(unready);
    hear(&mut waits);
    drop(waits);
    assert_eq!(world.get().await, "one");
    assert_eq!(world.client().read().await.unwrap().epoch, epoch);
    // It ends once everything is its own: what it may have counted is lost, and that is told.
    let gone = half(&world, &["\"Ready\""]);
    let table = world.table(&[("s", 100, &[two.address])]);
    assert!(world.client().apply(&table).await.is_err(), "the other one takes the orders");
    let waiting = tokio::spawn(Wire::new(world.listen));
    drop(gone);
    // Whoever came meanwhile is answered by the one that took everything back.
    assert_eq!(waiting.await.unwrap().get().await.body, "one");
    tokio::time::timeout(Duration::from_secs(20), async {
        while world.client().apply(&table).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("it takes orders again");
    assert_eq!(world.get().await, "two");
    assert_ne!(world.client().read().await.unwrap().epoch, epoch);
    // And another one can take over from it.
    let before = world.router.replace(next(&world).await).unwrap();
    assert_eq!(world.get().await, "two");
    ended(before).await;
    assert_eq!(world.get().await, "two");
}

#[tokio::test]
async fn with_nobody_there_it_starts_as_any_other() {
    let replica = Backend::named("ok").await;
    let mut world = world(&replica).await;
    let first = world.router.take().unwrap();
    tokio::task::spawn_blocking(|| first.stop()).await.unwrap();
    world.router = Some(next(&world).await);
    assert_eq!(world.get().await, "ok");
}

/// A request that takes its time when the router is told to stop has its time.
#[tokio::test]
async fn a_router_that_stops_lets_a_slow_request_end() {
    for way in Way::BOTH {
        let slow = Backend::new(|mut stream, _| async move {
            while read_request(&mut stream).await.is_some() {
                tokio::time::sleep(Duration::from_millis(2200)).await;
                let _ = stream.write_all(answer(200, "slow").as_bytes()).await;
            }
        })
        .await;
        let mut world = world(&slow).await;
        let mut client = world.connect().await.going(way);
        client.send(&format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", way.field())).await;
        world.until("r", |tally| !tally.in_flight.is_empty()).await;
        let router = world.router.take().unwrap();
        let stopped = tokio::task::spawn_blocking(|| router.stop());
        assert_eq!(client.answer().await.unwrap().body, "slow", "{way:?}");
        stopped.await.unwrap();
    }
}
