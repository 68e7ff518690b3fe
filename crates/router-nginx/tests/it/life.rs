//! Deaths, adoption and the end.

use std::{sync::Arc, time::Duration};

use tidegate_ports::Router as _;
use tidegate_router_nginx::{NginxRouter, left_behind};
use tidegate_steering::Kept as _;
use tokio::{net::TcpStream, time::sleep};

use crate::{
    client::get,
    replica::Replica,
    world::{World, kill, settings},
};

fn pid(world: &World) -> u32 {
    left_behind(world.folder.path()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keeper_that_is_gone_leaves_nginx_to_the_next() {
    let mut world = World::new().await;
    let (old, new) = (Replica::start("old").await, Replica::start("new").await);
    world.split(&[(&old, 100)]).await;
    get(world.address, "/").await;
    // What was counted before belongs to another epoch.
    world.until("old", |tally| tally.total.requests == 1).await;
    let (first, before) = (pid(&world), world.read().await);
    let config = world.folder.path().join("router/nginx/nginx.conf");
    let written = std::fs::metadata(&config).unwrap().modified().unwrap();
    world.router = Arc::new(NginxRouter::open(settings(world.folder.path())).await);
    assert_eq!(pid(&world), first, "it was adopted, not started anew");
    assert_eq!(std::fs::metadata(&config).unwrap().modified().unwrap(), written);
    assert_eq!(get(world.address, "/").await.body, "old");
    let after = world.read().await;
    assert!(after.epoch > before.epoch);
    assert_eq!(after.generation, before.generation);
    world.until("old", |tally| tally.total.requests == 1).await;
    world.split(&[(&new, 100)]).await;
    assert_eq!(get(world.address, "/").await.body, "new");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keeper_that_died_within_a_change_finishes_it() {
    let mut world = World::new().await;
    let old = Replica::start("old").await;
    world.split(&[(&old, 100)]).await;
    let first = pid(&world);
    // The next configuration was put in place, but nobody told nginx.
    let config = world.folder.path().join("router/nginx/nginx.conf");
    let text = std::fs::read_to_string(&config).unwrap();
    let (line, rest) = text.split_once('\n').unwrap();
    let (words, number) = line.rsplit_once(' ').unwrap();
    let next = number.parse::<u64>().unwrap() + 1;
    std::fs::write(&config, format!("{words} {next}\n{rest}")).unwrap();
    world.router = Arc::new(NginxRouter::open(settings(world.folder.path())).await);
    assert_eq!(pid(&world), first);
    assert_eq!(get(world.address, "/").await.body, "old");
    world.until("old", |tally| tally.total.requests == 1).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_nginx_that_was_killed_is_started_again_with_the_same_routes() {
    let mut world = World::new().await;
    let old = Replica::start("old").await;
    world.split(&[(&old, 100)]).await;
    let first = pid(&world);
    let workers = std::fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap();
    kill(first, "-KILL");
    for worker in workers.split_whitespace() {
        // It may have seen already that its master is gone.
        std::process::Command::new("kill").args(["-KILL", worker]).output().unwrap();
    }
    for _ in 0..400 {
        sleep(Duration::from_millis(50)).await;
        world.router.beat().await;
        if left_behind(world.folder.path()).is_some() {
            break;
        }
        assert!(world.router.read().await.is_err(), "nobody carries requests");
    }
    assert_ne!(pid(&world), first);
    assert_eq!(get(world.address, "/").await.body, "old");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_once_the_last_request_has() {
    let mut world = World::new().await;
    let old = Replica::start("old").await;
    world.split(&[(&old, 100)]).await;
    let address = world.address;
    let long = tokio::spawn(async move { get(address, "/held").await });
    old.until_asked(1).await;
    let router = Arc::clone(&world.router);
    let stopped = tokio::spawn(async move { router.stop().await });
    for _ in 0..2000 {
        if TcpStream::connect(address).await.is_err() {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    assert!(TcpStream::connect(address).await.is_err(), "it goes on to listen");
    assert!(left_behind(world.folder.path()).is_some() && !stopped.is_finished());
    old.release();
    assert_eq!(long.await.unwrap().body, "old");
    stopped.await.unwrap();
    assert_eq!(left_behind(world.folder.path()), None);
}
