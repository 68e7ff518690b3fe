//! Table changes, drains, sticky clients and the end of a router.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use tidegate_ports::Router as _;
use tidegate_router::start;
use tidegate_testkit::conformance::held;
use tidegate_traffic::{Listener, RouteTable, TableChange, Taken};
use tidegate_units::Generation;
use tokio::{io::AsyncWriteExt, sync::watch, task::JoinHandle};

use crate::{
    backend::{Backend, answer, read_request},
    fixture::{SOON, Way, Wire, World, free_address, key, listener},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_swapped_under_load_lose_no_request() {
    let (one, two) = (Backend::named("one").await, Backend::named("two").await);
    let mut world = World::with(|settings| settings.workers = 2.try_into().unwrap());
    world.apply(&[("one", 100, &[one.address])]).await;
    let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..8)
        .map(|client| {
            let (stop, sent, listen) = (Arc::clone(&stop), Arc::clone(&sent), world.listen);
            let way = Way::BOTH[client % 2];
            tokio::spawn(async move {
                let mut client = Wire::new(listen).await.going(way);
                while !stop.load(SeqCst) {
                    assert_eq!(client.get().await.status, 200);
                    sent.fetch_add(1, SeqCst);
                }
            })
        })
        .collect();
    for step in 0..60_u16 {
        let weight = u8::try_from((step * 7) % 101).unwrap();
        let (a, b) = ([one.address], [two.address]);
        let none = [];
        let first: &[_] = if weight == 100 { &none } else { &a };
        world.apply(&[("one", 100 - weight, first), ("two", weight, &b)]).await;
        // Each table is swapped under load, however slow the machine is.
        let enough = sent.load(SeqCst) + 10;
        while sent.load(SeqCst) < enough && !clients.iter().any(JoinHandle::is_finished) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    stop.store(true, SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    let (one, two) = (world.tally("one").await, world.tally("two").await);
    assert_eq!(one.total.errors() + two.total.errors(), 0);
    let counted = one.total.requests + two.total.requests;
    assert_eq!(counted, sent.load(SeqCst) as u64);
}

#[tokio::test]
async fn a_replica_that_left_finishes_its_request_and_its_idle_connections_close() {
    let (closed, counts) = watch::channel(0);
    let (release, released) = watch::channel(false);
    let leaving = Backend::new(move |mut stream, _| {
        let (closed, mut released) = (closed.clone(), released.clone());
        async move {
            while let Some(request) = read_request(&mut stream).await {
                if request.contains("/held") {
                    released.wait_for(|released| *released).await.unwrap();
                }
                let _ = stream.write_all(answer(200, "leaving").as_bytes()).await;
            }
            closed.send_modify(|count| *count += 1);
        }
    })
    .await;
    let until_closed = async |count: usize| {
        let mut counts = counts.clone();
        let closed = counts.wait_for(|closed| *closed >= count);
        tokio::time::timeout(SOON, closed).await.unwrap().unwrap();
    };
    let staying = Backend::named("staying").await;
    let mut world = World::new();
    world.apply(&[("r", 100, &[leaving.address])]).await;
    let (mut busy, mut idle) = (world.connect().await, world.connect().await);
    busy.send("GET /held HTTP/1.1\r\nhost: web\r\n\r\n").await;
    world.until("r", |tally| !tally.in_flight.is_empty()).await;
    idle.get().await;
    world.apply(&[("r", 100, &[staying.address])]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    // The idle one closes with the next request or sweep.
    assert_eq!(idle.get().await.body, "staying");
    until_closed(1).await;
    assert_eq!(*counts.borrow(), 1);
    let in_flight = world.tally_now("r").await.in_flight;
    let name = format!("r-{}", leaving.address.port());
    assert_eq!(in_flight.get(&name.as_str().into()), Some(&1));
    release.send_replace(true);
    assert_eq!(busy.answer().await.unwrap().body, "leaving");
    until_closed(2).await;
    assert!(world.tally("r").await.in_flight.is_empty());
}

#[tokio::test]
async fn a_listener_that_left_closes_and_one_that_came_opens() {
    let one = Backend::named("one").await;
    let mut world = World::new();
    world.apply(&[("one", 100, &[one.address])]).await;
    let (first, second) = (world.listen, free_address());
    let mut kept = world.connect().await;
    kept.get().await;
    let mut table = world.table(&[("one", 100, &[one.address])]);
    table.listeners = vec![listener(second, &[("one", 100, &[one.address])])];
    world.client().apply(&table).await.unwrap();
    assert_eq!(Wire::new(second).await.get().await.body, "one");
    assert!(tokio::net::TcpStream::connect(first).await.is_err());
    let answer = kept.get().await;
    assert_eq!((answer.status, answer.field("connection")), (503, Some("close")));
    world.apply(&[("one", 100, &[one.address])]).await;
    assert_eq!(world.get().await, "one");
}

#[tokio::test]
async fn a_client_with_a_cookie_keeps_its_revision_while_that_has_weight() {
    let (stable, canary) = (Backend::named("s").await, Backend::named("c").await);
    let mut world = World::new();
    let (s, c) = ([stable.address], [canary.address]);
    world.apply_sticky(&[("s", 50, &s), ("c", 50, &c)]).await;
    let mut client = world.connect().await;
    let mut met = Vec::new();
    for way in [Way::Direct, Way::Direct, Way::Hyper, Way::Hyper] {
        client = client.going(way);
        let first = client.get().await;
        let cookie = first.field("set-cookie").unwrap();
        let expect = format!("tg={}; Max-Age=600; Path=/; HttpOnly; SameSite=Lax", first.body);
        assert_eq!(cookie, expect);
        let request = format!(
            "GET / HTTP/1.1\r\nhost: web\r\ncookie: a=b; tg={}\r\n{}\r\n",
            first.body,
            way.field()
        );
        for _ in 0..5 {
            let again = client.ask(&request).await;
            assert_eq!((&again.body, again.field("set-cookie")), (&first.body, None));
        }
        met.push(first.body);
    }
    met.sort();
    assert_eq!(met, ["c", "c", "s", "s"]);
    world.apply_sticky(&[("s", 100, &s), ("c", 0, &c)]).await;
    let request = "GET / HTTP/1.1\r\nhost: web\r\ncookie: tg=c\r\n\r\n";
    let moved = client.ask(request).await;
    assert_eq!(moved.body, "s");
    assert!(moved.field("set-cookie").unwrap().starts_with("tg=s;"));
}

#[tokio::test]
async fn a_router_that_stops_ends_its_requests_and_asks_clients_to_close() {
    let (slow, release) = Backend::holding("done").await;
    let mut world = World::with(|settings| settings.limits.drain_timeout = Duration::from_mins(5));
    world.apply(&[("r", 100, &[slow.address])]).await;
    let (mut busy, mut idle) = (world.connect().await, world.connect().await);
    idle.get().await;
    busy.send("GET /held HTTP/1.1\r\nhost: web\r\n\r\n").await;
    world.until("r", |tally| !tally.in_flight.is_empty()).await;
    let router = world.router.take().unwrap();
    let begun = Instant::now();
    let stopped = tokio::task::spawn_blocking(|| router.stop());
    while tokio::net::TcpStream::connect(world.listen).await.is_ok() {
        assert!(begun.elapsed() < SOON, "it goes on to listen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let last = idle.get().await;
    assert_eq!((last.body.as_str(), last.field("connection")), ("done", Some("close")));
    release.send_replace(true);
    assert_eq!(busy.answer().await.unwrap().body, "done");
    assert!(idle.is_closed_soon().await);
    stopped.await.unwrap();
    assert!(begun.elapsed() < Duration::from_mins(5), "{:?}", begun.elapsed());
}

/// A replica whose queue of connections is full: the machine leaves one more waiting.
async fn full() -> (tokio::net::TcpListener, Vec<tokio::net::TcpStream>) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    let patience = Duration::from_millis(100);
    while let Ok(stream) =
        tokio::time::timeout(patience, tokio::net::TcpStream::connect(address)).await
    {
        waiting.push(stream.unwrap());
    }
    (listener, waiting)
}

#[tokio::test]
async fn a_request_that_is_sent_again_follows_the_table_of_that_moment() {
    for way in Way::BOTH {
        let (full, _waiting) = full().await;
        let (old, new) = (Backend::named("old").await, Backend::named("new").await);
        let mut world =
            World::with(|settings| settings.limits.connect_timeout = Duration::from_secs(3));
        let full = full.local_addr().unwrap();
        world.apply(&[("r", 100, &[full]), ("old", 0, &[old.address])]).await;
        let mut client = world.connect().await.going(way);
        let asked = tokio::spawn(async move { client.get().await.body });
        world.until("r", |tally| !tally.in_flight.is_empty()).await;
        world.apply(&[("r", 100, &[new.address])]).await;
        assert_eq!(asked.await.unwrap(), "new");
        assert_eq!(world.tally("r").await.total.unanswered, 1);
    }
}

#[tokio::test]
async fn a_signal_ends_a_router_as_if_it_was_told() {
    let replica = Backend::named("ok").await;
    let mut world = World::new();
    world.apply(&[("r", 100, &[replica.address])]).await;
    world.router.take().unwrap().stop();
    let settings = world.settings.clone();
    let router = std::thread::spawn(|| tidegate_router::serve(settings));
    while !world.client().is_up().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(world.get().await, "ok");
    let pid = std::process::id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    tokio::task::spawn_blocking(|| router.join().unwrap().unwrap()).await.unwrap();
    assert!(!world.client().is_up().await);
}

#[tokio::test]
async fn a_router_that_stops_waits_no_longer_than_its_limit() {
    let stuck = Backend::answering(200, "never", Duration::from_hours(1)).await;
    let mut world =
        World::with(|settings| settings.limits.drain_timeout = Duration::from_millis(400));
    world.apply(&[("r", 100, &[stuck.address])]).await;
    let mut client = world.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: web\r\n\r\n").await;
    world.until("r", |tally| !tally.in_flight.is_empty()).await;
    let router = world.router.take().unwrap();
    let stopped = tokio::task::spawn_blocking(|| router.stop());
    tokio::time::timeout(SOON, stopped).await.unwrap().unwrap();
    assert!(client.is_closed_soon().await);
}

#[tokio::test]
async fn a_change_leaves_all_other_services_as_they_are_and_is_kept() {
    let (one, two) = (Backend::named("one").await, Backend::named("two").await);
    let mut world = World::new();
    let second = free_address();
    let mut table = world.table(&[("one", 100, &[one.address])]);
    let mut other = listener(second, &[("one", 100, &[one.address])]);
    other.service = key().sibling("other");
    table.listeners.push(other.clone());
    let client = world.client();
    client.apply(&table).await.unwrap();
    let change = |from, generation, listeners: &[Listener]| TableChange {
        from: Generation(from),
        generation: Generation(generation),
        services: BTreeMap::from([(other.service.clone(), listeners.to_vec())]),
    };
    let mut moved = other.clone();
    moved.destinations = listener(second, &[("two", 100, &[two.address])]).destinations;
    let moved = [moved];
    let of_another = change(7, 8, &moved);
    assert_eq!(client.change(&of_another).await, Ok(Taken::NeedsWhole));
    assert_eq!(Wire::new(second).await.get().await.body, "one");
    assert_eq!(client.change(&change(1, 2, &moved)).await, Ok(Taken::Yes));
    assert_eq!(Wire::new(second).await.get().await.body, "two");
    assert_eq!(world.get().await, "one");
    assert_eq!(client.change(&change(1, 2, &moved)).await, Ok(Taken::NeedsWhole), "it was taken");
    world.router.take().unwrap().stop();
    world.router = Some(start(world.settings.clone()).unwrap());
    let client = world.client();
    assert_eq!(client.read().await.unwrap().generation, Generation(2));
    assert_eq!(Wire::new(second).await.get().await.body, "two");
    assert_eq!(client.change(&change(2, 3, &[])).await, Ok(Taken::Yes), "also after a restart");
    assert!(tokio::net::TcpStream::connect(second).await.is_err(), "it has no listener left");
    assert_eq!(world.get().await, "one");
}

#[tokio::test]
async fn it_tells_the_table_that_it_holds_and_so_does_the_next_one() {
    let mut world = World::new();
    let first = world.table(&[("one", 100, &[free_address()])]);
    let second = world.table(&[("one", 80, &[free_address()]), ("two", 20, &[])]);
    let third = world.table(&[("two", 100, &[])]);
    held::is_what_it_was_told_last(&world.client(), [&first, &second]).await;
    let emptied = world.client().held().await.unwrap().unwrap();
    let (from, generation) = (emptied.generation, emptied.generation.next());
    let services = BTreeMap::from([(key(), third.listeners.clone())]);
    let change = TableChange { from, generation, services };
    assert_eq!(world.client().change(&change).await, Ok(Taken::Yes));
    let changed = RouteTable { generation, ..third };
    assert_eq!(world.client().held().await, Ok(Some(changed.clone())));
    let router = world.router.take().unwrap();
    tokio::task::spawn_blocking(|| router.stop()).await.unwrap();
    world.router = Some(start(world.settings.clone()).unwrap());
    assert_eq!(world.client().held().await, Ok(Some(changed)));
}
