//! An engine that goes away and comes back, and containers that nobody knows.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use tidegate_ports::{ReplicaState, Runtime};
use tidegate_runtime_container::{ContainerRuntime, EngineSocket};
use tidegate_testkit::conformance::{Stage as _, end, get, order, ready, service, template, until};

use crate::world::World;

#[tokio::test]
async fn replicas_serve_while_the_engine_is_away() {
    let world = World::new();
    // What stands for the engine going away: its socket is no longer found.
    let link = world.folder.path().join("engine.sock");
    let come = || std::os::unix::fs::symlink(world.podman.socket(), &link).unwrap();
    come();
    let mut settings = world.settings();
    settings.engine = EngineSocket::read(&link.display().to_string()).unwrap();
    let runtime: Arc<dyn Runtime> = Arc::new(ContainerRuntime::open(settings.clone()).unwrap());
    let template = template(&world, vec![service(&world)]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let replica = ready(&*runtime, 1).await.remove(0);

    fs::remove_file(&link).unwrap();
    runtime.scale(order(2, 2, &template)).await.unwrap();
    let second = until(&*runtime, "the second cannot be started", |all| {
        all.iter().any(|one| {
            one.message.as_ref().is_some_and(|why| why.contains("no container engine answers at"))
        }) || !runtime.obstacles().is_empty()
    });
    second.await;
    // Nor is the next control plane misled.
    drop(runtime);
    let runtime: Arc<dyn Runtime> = Arc::new(ContainerRuntime::open(settings).unwrap());
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        let all = runtime.replicas();
        let same = all.iter().find(|one| one.id == replica.id).unwrap();
        assert_eq!((same.state, same.restarts), (ReplicaState::Ready, 0), "{same:#?}");
        assert_eq!(get(&replica, "/id").await, replica.id.as_str());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    come();
    let both = ready(&*runtime, 2).await;
    assert!(both.iter().any(|one| one.id == replica.id && one.restarts == 0));
    end(&*runtime, 3, &template).await;
    assert_eq!(world.containers(), [""; 0]);
}

#[tokio::test]
async fn a_container_that_no_record_knows_is_ended() {
    let world = World::new();
    let template = template(&world, vec![service(&world)]);
    let runtime = world.open();
    runtime.scale(order(1, 1, &template)).await.unwrap();
    ready(&*runtime, 1).await;
    drop(runtime);
    assert_eq!(world.containers().len(), 1);
    for folder in ["replicas", "orders"] {
        fs::remove_dir_all(world.folder.path().join("data/containers").join(folder)).unwrap();
    }
    let runtime = ContainerRuntime::open(world.settings()).unwrap();
    assert_eq!(runtime.orphans().await, 1);
    let deadline = Instant::now() + Duration::from_secs(40);
    while runtime.orphans().await > 0 {
        assert!(Instant::now() < deadline, "{:?}", world.containers());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(world.containers(), [""; 0]);
}

#[tokio::test]
async fn an_engine_that_never_was_is_an_obstacle_with_its_mend() {
    let world = World::new();
    let mut settings = world.settings();
    settings.engine = EngineSocket::read("unix:///no/engine.sock").unwrap();
    let runtime = ContainerRuntime::open(settings).unwrap();
    let template = template(&world, vec![service(&world)]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    until(&runtime, "an obstacle", |_| !runtime.obstacles().is_empty()).await;
    let told = runtime.obstacles().into_values().next().unwrap();
    assert!(told.contains("no container engine answers at /no/engine.sock"), "{told}");
    assert!(told.contains("systemctl start podman.socket"), "{told}");
}
