//! An engine in trouble.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use tidegate_ports::{ReplicaState, Runtime};
use tidegate_runtime_container::ContainerRuntime;
use tidegate_testkit::conformance::{
    SOON, Stage as _, end, get, order, ready, service, template, until,
};
use tidegate_workload::{Container, PodTemplate, Probe, ProbeAction};

use crate::{
    proxy::{Mood, Proxy},
    world::World,
};

/// A world whose engine has moods.
fn moody() -> (World, Proxy, Arc<dyn Runtime>) {
    let world = World::new();
    let proxy = Proxy::before(world.podman.socket(), world.folder.path());
    let mut settings = world.settings();
    settings.engine = proxy.socket();
    let runtime = Arc::new(ContainerRuntime::open(settings).unwrap());
    (world, proxy, runtime)
}

/// A service that is looked at by commands: one failure is enough.
fn probed(world: &World, command: &str) -> PodTemplate {
    let probe = Probe {
        action: ProbeAction::Exec { command: vec!["sh".into(), "-c".into(), command.into()] },
        initial_delay: Duration::ZERO,
        period: Duration::from_secs(1),
        timeout: Duration::from_secs(1),
        success_threshold: 1,
        failure_threshold: 1,
        termination_grace: None,
    };
    let web = Container { readiness: Some(probe.clone()), liveness: Some(probe), ..service(world) };
    template(world, vec![web])
}

#[tokio::test]
async fn no_healthy_replica_is_down_for_what_its_engine_does_not_get_done() {
    let (world, proxy, runtime) = moody();
    let template = probed(&world, "exit 0");
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let replica = ready(&*runtime, 1).await.remove(0);
    for mood in [
        Mood::Slow("/exec", Duration::from_secs(2)),
        Mood::Answering("/exec", 500, r#"{"message":"write /run: no space left on device"}"#),
        Mood::Hanging,
    ] {
        proxy.set(mood);
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(5) {
            let now = runtime.replicas().remove(0);
            assert_eq!((now.state, now.restarts), (ReplicaState::Ready, 0), "{mood:?}: {now:#?}");
            assert_eq!(get(&replica, "/id").await, replica.id.as_str());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    proxy.set(Mood::Good);
    end(&*runtime, 2, &template).await;
    assert_eq!(world.containers(), [""; 0]);
}

#[tokio::test]
async fn a_command_that_fails_or_is_not_there_counts() {
    let (world, _proxy, runtime) = moody();
    let mut template = probed(&world, "test -e /bin/cat");
    template.containers[0].liveness = None;
    runtime.scale(order(1, 1, &template)).await.unwrap();
    ready(&*runtime, 1).await;
    end(&*runtime, 2, &template).await;
    let failures = [
        (vec!["sh", "-c", "exit 3"], "readiness probe: \"sh\" ended with exit code 3"),
        (vec!["/no/such"], "readiness probe: \"/no/such\""),
        (vec!["sleep", "100"], "readiness probe: \"sleep\" did not end within 1s"),
    ];
    for (generation, (command, expect)) in (3..).step_by(2).zip(failures) {
        let command = command.into_iter().map(str::to_owned).collect();
        template.containers[0].readiness.as_mut().unwrap().action = ProbeAction::Exec { command };
        runtime.scale(order(generation, 1, &template)).await.unwrap();
        let seen = until(&*runtime, expect, |all| {
            all.iter()
                .any(|one| one.message.as_ref().is_some_and(|message| message.starts_with(expect)))
        });
        assert_ne!(seen.await.remove(0).state, ReplicaState::Ready);
        end(&*runtime, generation + 1, &template).await;
    }
}

#[tokio::test]
async fn an_engine_that_hangs_stops_nothing_and_is_asked_again() {
    let (world, proxy, runtime) = moody();
    let template = template(&world, vec![service(&world)]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let first = ready(&*runtime, 1).await.remove(0);
    proxy.set(Mood::Hanging);
    // Orders are taken, and what is said of the others stays true.
    runtime.scale(order(2, 2, &template)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let all = runtime.replicas();
    let same = all.iter().find(|one| one.id == first.id).unwrap();
    assert_eq!((same.state, same.restarts), (ReplicaState::Ready, 0), "{same:#?}");
    assert_eq!(get(&first, "/id").await, first.id.as_str());
    // So does the next control plane find it.
    drop(runtime);
    let mut settings = world.settings();
    settings.engine = proxy.socket();
    let runtime = ContainerRuntime::open(settings).unwrap();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(2) {
        let all = runtime.replicas();
        let same = all.iter().find(|one| one.id == first.id).unwrap();
        assert_eq!((same.state, same.restarts), (ReplicaState::Ready, 0), "{same:#?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    proxy.set(Mood::Good);
    ready(&runtime, 2).await;
    end(&runtime, 3, &template).await;
    assert_eq!(world.containers(), [""; 0]);
}

#[tokio::test]
async fn two_control_planes_on_one_engine_keep_to_their_own_containers() {
    let (mine, theirs) = (World::new(), World::new());
    let (one, two) = (mine.open(), theirs.open());
    // The same rollout, revision and generation on both.
    let template = template(&mine, vec![service(&mine)]);
    for runtime in [&one, &two] {
        runtime.scale(order(1, 1, &template)).await.unwrap();
    }
    let kept = ready(&*one, 1).await.remove(0);
    ready(&*two, 1).await;
    // One forgets what it ran, and ends what it then finds: its own.
    drop(two);
    for folder in ["replicas", "orders"] {
        fs::remove_dir_all(theirs.folder.path().join("data/containers").join(folder)).unwrap();
    }
    let two = ContainerRuntime::open(theirs.settings()).unwrap();
    assert_eq!(two.orphans().await, 1);
    let deadline = Instant::now() + SOON;
    while two.orphans().await > 0 {
        assert!(Instant::now() < deadline, "{:?}", theirs.containers());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(theirs.containers(), [""; 0]);
    assert_eq!(mine.containers().len(), 1);
    let same = one.replicas().remove(0);
    assert_eq!((same.id, same.state, same.restarts), (kept.id.clone(), ReplicaState::Ready, 0));
    assert_eq!(get(&kept, "/id").await, kept.id.as_str());
    end(&*one, 2, &template).await;
}
