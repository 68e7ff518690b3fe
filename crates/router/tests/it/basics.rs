//! Tables, weights and readings.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tidegate_ports::{Router as _, RouterError};
use tidegate_router::{ServeError, start};
use tidegate_traffic::RouteTable;
use tidegate_units::{Generation, Weight};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UnixStream},
};

use crate::{
    backend::Backend,
    fixture::{SOON, Wire, World, free_address, key, listener},
};

#[tokio::test]
async fn requests_are_shared_out_exactly_by_weight_and_counted() {
    let (stable, canary) = (Backend::named("stable").await, Backend::named("canary").await);
    let mut world = World::new();
    world.apply(&[("s", 95, &[stable.address]), ("c", 5, &[canary.address])]).await;
    let mut client = world.connect().await;
    let mut counts = BTreeMap::new();
    for _ in 0..200 {
        *counts.entry(client.get().await.body).or_insert(0) += 1;
    }
    assert_eq!(counts["stable"], 190);
    assert_eq!(counts["canary"], 10);
    let (stable, canary) = (world.tally("s").await, world.tally("c").await);
    assert_eq!(stable.total.requests, 190);
    assert_eq!(stable.total.by_class, [0, 190, 0, 0, 0]);
    assert_eq!(stable.total.latency.count(), 190);
    assert_eq!(canary.total.requests, 10);
    assert!(stable.in_flight.is_empty());
}

#[tokio::test]
async fn a_thousandth_of_the_requests_is_one_in_a_thousand() {
    let (stable, canary) = (Backend::named("stable").await, Backend::named("canary").await);
    let mut world = World::new();
    let mut table = world.table(&[("s", 0, &[stable.address]), ("c", 0, &[canary.address])]);
    let weight = Weight::of(1, 1000).unwrap();
    table.listeners[0].destinations[0].weight = weight.rest();
    table.listeners[0].destinations[1].weight = weight;
    world.client().apply(&table).await.unwrap();
    let mut client = world.connect().await;
    for _ in 0..3000 {
        client.get().await;
    }
    let (stable, canary) = (world.tally("s").await, world.tally("c").await);
    assert_eq!((stable.total.requests, canary.total.requests), (2997, 3));
}

#[tokio::test]
async fn an_open_connection_follows_the_new_table_at_its_next_request() {
    let (one, two) = (Backend::named("one").await, Backend::named("two").await);
    let mut world = World::new();
    world.apply(&[("one", 100, &[one.address])]).await;
    let mut client = world.connect().await;
    assert_eq!(client.get().await.body, "one");
    world.apply(&[("one", 0, &[one.address]), ("two", 100, &[two.address])]).await;
    assert_eq!(client.get().await.body, "two");
    world.apply(&[("one", 100, &[one.address])]).await;
    assert_eq!(client.get().await.body, "one");
}

#[tokio::test]
async fn an_older_generation_is_refused_and_the_same_is_taken_again() {
    let mut world = World::new();
    let older = world.table(&[]);
    let newer = world.table(&[]);
    let client = world.client();
    client.apply(&newer).await.unwrap();
    client.apply(&newer).await.unwrap();
    let stale = RouterError::Stale { holds: Generation(2), offered: Generation(1) };
    assert_eq!(client.apply(&older).await, Err(stale));
    assert_eq!(client.read().await.unwrap().generation, Generation(2));
}

#[tokio::test]
async fn the_last_table_is_served_after_a_restart_with_no_control_plane() {
    let one = Backend::named("one").await;
    let mut world = World::new();
    world.apply(&[("one", 100, &[one.address])]).await;
    let epoch = world.client().read().await.unwrap().epoch;
    world.router.take().unwrap().stop();
    assert!(!world.client().is_up().await);
    world.router = Some(start(world.settings.clone()).unwrap());
    assert_eq!(world.get().await, "one");
    let reading = world.client().read().await.unwrap();
    assert_eq!(reading.generation, Generation(1));
    assert_ne!(reading.epoch, epoch);
}

/// Whenever a control plane dies, its order was carried out as a whole or never began.
#[tokio::test]
async fn a_control_plane_that_dies_has_given_its_order_or_none() {
    let (one, other) = (Backend::named("one").await, free_address());
    let mut world = World::new();
    let (mut held, mut given, mut taken) = (Generation(0), BTreeMap::new(), 0);
    for round in 0..40_u32 {
        let mut table = world.table(&[("one", 100, &[one.address])]);
        if round % 2 == 0 {
            table.listeners[0].address = other;
        }
        given.insert(table.generation, table.listeners[0].address);
        give_and_die(&world, &serde_json::to_string(&table).unwrap(), round).await;
        tokio::time::sleep(Duration::from_millis(40)).await;
        let now = world.client().read().await.unwrap().generation;
        assert!(now >= held, "{now:?} after {held:?}");
        taken += u32::from(now > held);
        held = now;
        let Some(address) = given.get(&now) else {
            assert_eq!(now, Generation(0));
            continue;
        };
        let answer = answer_at(*address).await;
        let path = world.folder.path().join("router/table.json");
        let kept: RouteTable = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        // On a busy machine an order is taken some time after who gave it died, as well between two of
        // these looks.
        if world.client().read().await.unwrap().generation == now {
            assert_eq!(answer.as_deref(), Some("one"), "round {round}");
            assert!(kept.generation >= now && given.contains_key(&kept.generation), "{kept:?}");
        }
    }
    assert!(taken > 0, "no order was ever taken");
}

/// What is answered at an address, if anything listens there.
async fn answer_at(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await.ok()?;
    Some(text.split_once("\r\n\r\n")?.1.to_owned())
}

async fn give_and_die(world: &World, body: &str, round: u32) {
    let socket = world.folder.path().join("router/control.sock");
    let mut dying = UnixStream::connect(socket).await.unwrap();
    let length = body.len();
    let order = format!("PUT /table HTTP/1.1\r\nhost: r\r\ncontent-length: {length}\r\n\r\n{body}");
    dying.write_all(order.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_micros(50) * round).await;
}

#[tokio::test]
async fn a_damaged_table_starts_an_empty_router() {
    let mut world = World::new();
    world.apply(&[]).await;
    world.router.take().unwrap().stop();
    let path = world.folder.path().join("router/table.json");
    std::fs::write(path, "{").unwrap();
    world.router = Some(start(world.settings.clone()).unwrap());
    assert_eq!(world.client().read().await.unwrap().generation, Generation(0));
}

#[tokio::test]
async fn a_second_router_in_the_same_folder_is_refused() {
    let world = World::new();
    let error = start(world.settings.clone()).unwrap_err();
    assert!(matches!(error, ServeError::Running(_)), "{error}");
    assert!(world.client().is_up().await);
}

#[tokio::test]
async fn a_listener_that_cannot_be_opened_is_told_and_opened_later() {
    let one = Backend::named("one").await;
    let mut world = World::new();
    let taken = std::net::TcpListener::bind(world.listen).unwrap();
    let free = free_address();
    let mut table = world.table(&[("one", 100, &[one.address])]);
    let mut other = listener(free, &[("one", 100, &[one.address])]);
    other.service = key().sibling("other");
    table.listeners.push(other);
    world.client().apply(&table).await.unwrap();
    let refused = world.client().read().await.unwrap().refused;
    assert_eq!(refused.keys().collect::<Vec<_>>(), [&key()]);
    assert!(refused[&key()].contains("in use"), "{refused:?}");
    assert_eq!(Wire::new(free).await.get().await.body, "one");
    drop(taken);
    let begun = Instant::now();
    while !world.client().read().await.unwrap().refused.is_empty() {
        assert!(begun.elapsed() < SOON, "it is not opened");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(world.get().await, "one");
}
