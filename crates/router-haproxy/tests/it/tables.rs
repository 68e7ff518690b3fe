//! What is counted, refused and told.

use std::{collections::BTreeMap, net::TcpListener, time::Duration};

use tidegate_ports::{Router as _, RouterError};
use tidegate_router_haproxy::HaproxyRouter;
use tidegate_steering::Kept as _;
use tidegate_testkit::conformance::held;
use tidegate_traffic::{Destination, RouteTable};
use tidegate_units::{Generation, ObjectKey, Weight};
use tokio::{net::TcpStream, time::sleep};

use crate::{
    client::{ask, get},
    replica::Replica,
    world::{World, service, settings},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_counted_by_status_and_time() {
    let mut world = World::new().await;
    let old = Replica::start("old").await;
    world.split(&[(&old, 100)]).await;
    for path in ["/status=503", "/status=404", "/wait=50"] {
        get(world.address, path).await;
    }
    world.until("old", |tally| tally.total.requests == 3).await;
    let tally = world.tally("old").await;
    assert_eq!(tally.total.by_class, [0, 1, 0, 1, 1]);
    assert_eq!((tally.total.by_code.count(404), tally.total.errors()), (1, 1));
    assert!(tally.first_error.is_some());
    let slowest = tally.total.latency.quantile(1.0).unwrap();
    assert!((49_000.0..5_000_000.0).contains(&slowest), "{slowest} µs");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_takes_no_connection_has_not_answered_and_another_stands_in() {
    let mut world = World::new().await;
    let (old, gone) = (Replica::start("old").await, Replica::start("gone").await);
    let mut table = world.table(&[(&old, 50), (&gone, 50)]);
    drop(gone);
    // The task of the listener has to be gone, too.
    let gone = table.listeners[0].destinations[1].endpoints[0].address;
    while TcpStream::connect(gone).await.is_ok() {
        sleep(Duration::from_millis(5)).await;
    }
    world.apply(&table).await.unwrap();
    for _ in 0..40 {
        let answer = ask(world.address, "POST", "/", &[], "x").await.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "old"));
    }
    world.until("old", |tally| tally.total.requests == 40).await;
    let (answered, missing) = (world.tally("old").await.total, world.tally("gone").await.total);
    assert_eq!((answered.requests, answered.errors()), (40, 0));
    // By chance there are fewer in one of 20 thousand million runs.
    assert!(missing.unanswered > 1 && missing.requests == missing.unanswered, "{missing:?}");
    // One without any replica counts the same, and with nobody at all the client is told.
    table.generation = Generation(50);
    table.listeners[0].destinations = vec![Destination {
        owner: None,
        revision: "none".into(),
        weight: Weight::FULL,
        endpoints: vec![],
    }];
    world.apply(&table).await.unwrap();
    let answer = get(world.address, "/").await;
    assert_eq!((answer.status, answer.field("x-tidegate-error")), (503, Some("no-replica")));
    world.until("none", |tally| tally.total.unanswered == 1).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_answer_is_an_error_of_the_replica_and_a_client_that_leaves_is_not() {
    let mut world = World::new().await;
    let old = Replica::start("old").await;
    world.split(&[(&old, 100)]).await;
    for (turn, path) in [(1, "/held"), (2, "/stall=30000")] {
        let address = world.address;
        let leaves = tokio::spawn(async move { get(address, path).await });
        old.until_asked(turn).await;
        leaves.abort();
        world.until("old", |tally| tally.total.cancelled == turn as u64).await;
    }
    old.break_off();
    get(world.address, "/").await;
    world.until("old", |tally| tally.total.unanswered == 1).await;
    let total = world.tally("old").await.total;
    assert_eq!((total.requests, total.by_class), (3, [0; 5]));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_table_is_refused_and_the_same_one_reloads_nothing() {
    let mut world = World::new().await;
    let old = Replica::start("old").await;
    let table = world.table(&[(&old, 100)]);
    let newer = RouteTable { generation: Generation(7), ..table.clone() };
    world.apply(&newer).await.unwrap();
    let config = world.folder.path().join("router/haproxy/haproxy.cfg");
    let before = std::fs::read_to_string(&config).unwrap();
    let stale = RouterError::Stale { holds: Generation(7), offered: Generation(1) };
    assert_eq!(world.apply(&table).await, Err(stale));
    world.apply(&RouteTable { generation: Generation(8), ..table }).await.unwrap();
    assert_eq!(std::fs::read_to_string(&config).unwrap(), before);
    assert_eq!(world.read().await.generation, Generation(8));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_haproxy_does_not_take_changes_nothing_and_is_told() {
    let mut world = World::new().await;
    let (old, new) = (Replica::start("old").await, Replica::start("new").await);
    world.split(&[(&old, 100)]).await;
    let config = world.folder.path().join("router/haproxy/haproxy.cfg");
    let good = std::fs::read_to_string(&config).unwrap();
    let mut table = world.table(&[(&new, 100)]);
    // What no Service can be called: it ends the comment that it stands in.
    table.listeners[0].service = ObjectKey::new("default", "x\n    no_such_directive");
    let refused = world.apply(&table).await.unwrap_err();
    let RouterError::Refused(why) = &refused else { panic!("{refused:?}") };
    assert!(why.contains("no_such_directive"), "{why}");
    assert_eq!(std::fs::read_to_string(&config).unwrap(), good);
    assert_eq!(get(world.address, "/").await.body, "old");
    let reading = world.read().await;
    assert_eq!(reading.generation, Generation(1));
    assert!(
        reading.refused[&table.listeners[0].service]
            .starts_with("haproxy refused the newest routes")
    );
    world.split(&[(&new, 100)]).await;
    assert_eq!(get(world.address, "/").await.body, "new");
    assert_eq!(world.read().await.refused, BTreeMap::new());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_taken_is_told_and_had_once_it_is_free() {
    let mut world = World::new().await;
    let old = Replica::start("old").await;
    let other = TcpListener::bind(world.address).unwrap();
    world.split(&[(&old, 100)]).await;
    let told = world.read().await.refused[&service()].clone();
    assert!(told.contains("in use"), "{told}");
    drop(other);
    for _ in 0..400 {
        world.router.beat().await;
        if world.read().await.refused.is_empty() {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(get(world.address, "/").await.body, "old");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_tells_the_table_that_it_holds_and_so_does_the_next_one() {
    let mut world = World::new().await;
    let (old, new) = (Replica::start("old").await, Replica::start("new").await);
    let tables = [world.table(&[(&old, 100)]), world.table(&[(&old, 80), (&new, 20)])];
    held::is_what_it_was_told_last(&*world.router, [&tables[0], &tables[1]]).await;
    let [_, mut last] = tables;
    last.generation = last.generation.next().next();
    world.apply(&last).await.unwrap();
    let again = HaproxyRouter::open(settings(world.folder.path())).await;
    assert_eq!(again.held().await, Ok(Some(last)));
    drop(again);
    world.end().await;
}
