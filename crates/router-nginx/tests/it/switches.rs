//! Changes while requests come.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use tidegate_units::ReplicaId;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
    time::sleep,
};

use crate::{
    client::{ask, get},
    replica::Replica,
    world::World,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switches_under_load_lose_nothing_and_hold_at_once() {
    let mut world = World::new().await;
    let (old, new) = (Replica::start("old").await, Replica::start("new").await);
    world.split(&[(&old, 100)]).await;
    let (done, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let (address, done) = (world.address, Arc::clone(&done));
            let answered = Arc::clone(&answered);
            tokio::spawn(async move {
                while !done.load(SeqCst) {
                    let answer = ask(address, "GET", "/", &[], "").await.unwrap();
                    assert_eq!(answer.status, 200, "{answer:?}");
                    answered.fetch_add(1, SeqCst);
                    sleep(Duration::from_millis(2)).await;
                }
            })
        })
        .collect();
    for turn in 0..8 {
        // Each switch is made under load, however slow the machine is.
        let enough = answered.load(SeqCst) + 50;
        while answered.load(SeqCst) < enough && !clients.iter().any(JoinHandle::is_finished) {
            sleep(Duration::from_millis(2)).await;
        }
        let (to, from) = if turn % 2 == 0 { (&new, &old) } else { (&old, &new) };
        world.split(&[(to, 100), (from, 0)]).await;
        // When it says so, all new requests follow.
        for _ in 0..10 {
            assert_eq!(get(world.address, "/").await.body, to.name);
        }
    }
    done.store(true, SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    let sent = answered.load(SeqCst) + 80;
    let counted = async |revision: &str| world.tally(revision).await.total.requests;
    for _ in 0..1000 {
        if counted("old").await + counted("new").await == sent {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    let (of_old, of_new) = (world.tally("old").await.total, world.tally("new").await.total);
    assert_eq!(of_old.requests + of_new.requests, sent);
    assert_eq!((of_old.errors() + of_new.errors(), of_old.cancelled + of_new.cancelled), (0, 0));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_left_is_busy_until_its_last_request_has_ended() {
    let mut world = World::new().await;
    let (old, new) = (Replica::start("old").await, Replica::start("new").await);
    world.split(&[(&old, 100)]).await;
    let address = world.address;
    let long = tokio::spawn(async move { get(address, "/held").await });
    old.until_asked(1).await;
    world.split(&[(&new, 100)]).await;
    let busy = world.tally("old").await.in_flight;
    assert!(busy.get(&ReplicaId::from("old-0")).is_some_and(|count| *count > 0), "{busy:?}");
    assert_eq!(get(address, "/").await.body, "new");
    old.release();
    assert_eq!(long.await.unwrap().body, "old");
    world.until("old", |tally| tally.in_flight.is_empty()).await;
    assert_eq!(world.tally("old").await.total.requests, 1, "the old log was read to its end");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tunnel_outlives_a_switch() {
    let mut world = World::new().await;
    let (old, new) = (Replica::start("old").await, Replica::start("new").await);
    world.split(&[(&old, 100)]).await;
    let mut tunnel = TcpStream::connect(world.address).await.unwrap();
    let head = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
    tunnel.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    tunnel.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    world.split(&[(&new, 100)]).await;
    tunnel.write_all(b"still here").await.unwrap();
    let mut echoed = Vec::new();
    while !String::from_utf8_lossy(&echoed).ends_with("still here") {
        let mut piece = [0; 256];
        let count = tunnel.read(&mut piece).await.unwrap();
        assert!(count > 0, "the tunnel was cut");
        echoed.extend_from_slice(&piece[..count]);
    }
    assert_eq!(get(world.address, "/").await.body, "new");
    drop(tunnel);
    world.until("old", |tally| tally.total.by_code.count(101) == 1).await;
    world.end().await;
}
