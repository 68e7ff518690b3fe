//! Probes against real services.

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use tidegate_ports::{ReplicaState, Runtime};
use tidegate_workload::{PortRef, ProbeAction};

use crate::fixture::{
    World, end, eventually, get, order, port, probe, ready, service, shell, until,
};

pub(crate) fn http(path: &str) -> ProbeAction {
    ProbeAction::Http {
        path: path.to_owned(),
        port: PortRef::Name("http".to_owned()),
        host: None,
        headers: BTreeMap::new(),
        tls: false,
    }
}

fn exec(line: &str) -> ProbeAction {
    ProbeAction::Exec { command: ["sh", "-c", line].map(str::to_owned).into() }
}

fn tcp() -> ProbeAction {
    ProbeAction::Tcp { port: PortRef::Number(8080), host: None }
}

#[tokio::test]
async fn each_kind_of_readiness_probe_follows_the_service() {
    for (action, file) in [(http("/file/up"), "up"), (exec("test -e up"), "up")] {
        let world = World::new();
        let runtime = world.open();
        let mut web = service(&["serve"]);
        web.ports = vec![port(8080, "http")];
        web.readiness = Some(probe(action));
        let template = world.template(vec![web]);
        runtime.scale(order(1, 1, &template)).await.unwrap();
        let seen = until(&runtime, "it says why it is not ready", |all| {
            !all.is_empty() && all[0].message.is_some() && all[0].state == ReplicaState::Starting
        })
        .await;
        assert!(seen[0].message.as_deref().unwrap().starts_with("readiness probe: "));
        fs::write(world.path(file), "x").unwrap();
        ready(&runtime, 1).await;
        fs::remove_file(world.path(file)).unwrap();
        until(&runtime, "it is not ready", |all| all[0].state == ReplicaState::NotReady).await;
        end(&runtime, 2, &template).await;
    }
}

#[tokio::test]
async fn a_service_is_ready_soon_after_it_is_up_whatever_the_period() {
    let world = World::new();
    let runtime = world.open();
    let mut web = service(&["serve"]);
    web.ports = vec![port(8080, "http")];
    let mut slow = probe(tcp());
    slow.period = Duration::from_mins(1);
    web.readiness = Some(slow.clone());
    web.startup = Some(slow);
    let template = world.template(vec![web]);
    let began = Instant::now();
    runtime.scale(order(1, 1, &template)).await.unwrap();
    ready(&runtime, 1).await;
    // Each of both probes would have waited for its second period.
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    end(&runtime, 2, &template).await;
}

#[tokio::test]
async fn without_a_readiness_probe_it_is_ready_when_its_first_port_listens() {
    let world = World::new();
    let runtime = world.open();
    let serve = crate::fixture::program().display().to_string();
    let mut web = shell(&format!("while ! test -e go; do sleep 0.02; done; exec {serve} serve"));
    web.ports = vec![port(8080, "http")];
    let template = world.template(vec![web]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let seen =
        until(&runtime, "it waits", |all| all.first().is_some_and(|one| one.message.is_some()))
            .await;
    let told = seen[0].message.clone().unwrap();
    assert!(told.contains("nothing listens on its first port yet"), "{told}");
    assert!(told.contains("PORT"), "{told}");
    assert_eq!(seen[0].state, ReplicaState::Starting);
    fs::write(world.path("go"), "").unwrap();
    ready(&runtime, 1).await;
    end(&runtime, 2, &template).await;
}

#[tokio::test]
async fn a_failing_liveness_probe_restarts_and_a_failing_startup_probe_too() {
    for startup in [false, true] {
        let world = World::new();
        let runtime = world.open();
        let mut main = shell("echo started >> starts; exec sleep 1000");
        let mut failing = probe(exec("test -e alive"));
        failing.failure_threshold = 2;
        if startup {
            main.startup = Some(failing);
        } else {
            main.liveness = Some(failing);
        }
        let template = world.template(vec![main]);
        runtime.scale(order(1, 1, &template)).await.unwrap();
        let seen = until(&runtime, "it is restarted", |all| {
            all.first().is_some_and(|one| one.state == ReplicaState::BackOff)
        })
        .await;
        let kind = if startup { "startup" } else { "liveness" };
        let told = seen[0].message.clone().unwrap();
        assert!(
            told.starts_with(&format!(
                "restarted, for its {kind} probe: \"sh\" ended with exit status: 1"
            )),
            "{told}"
        );
        fs::write(world.path("alive"), "").unwrap();
        let seen = ready(&runtime, 1).await;
        assert_eq!(seen[0].restarts, 1);
        let starts = || fs::read_to_string(world.path("starts")).unwrap();
        eventually("it was started twice", || starts() == "started\nstarted\n").await;
        end(&runtime, 2, &template).await;
    }
}

#[tokio::test]
async fn no_other_probe_is_tried_before_the_startup_probe_passes() {
    let world = World::new();
    let runtime = world.open();
    let mut main = shell("exec sleep 1000");
    let mut startup = probe(exec("test -e up"));
    startup.failure_threshold = 100;
    main.startup = Some(startup);
    main.readiness = Some(probe(exec("echo r >> tried")));
    main.liveness = Some(probe(exec("echo l >> tried")));
    let template = world.template(vec![main]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    until(&runtime, "the startup probe is tried", |all| {
        all.first().is_some_and(|one| one.message.is_some())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!world.path("tried").exists());
    fs::write(world.path("up"), "").unwrap();
    ready(&runtime, 1).await;
    assert!(fs::read_to_string(world.path("tried")).unwrap().contains('r'));
    end(&runtime, 2, &template).await;
}

#[tokio::test]
async fn a_probe_that_hangs_is_ended_with_all_that_it_started() {
    let world = World::new();
    let runtime = world.open();
    let mut main = shell("exec sleep 1000");
    let mut hanging = probe(exec("sleep 999 & sleep 998"));
    hanging.timeout = Duration::from_millis(200);
    main.readiness = Some(hanging);
    let template = world.template(vec![main]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let seen =
        until(&runtime, "it times out", |all| all.first().is_some_and(|one| one.message.is_some()))
            .await;
    assert_eq!(
        seen[0].message.as_deref(),
        Some("readiness probe: \"sh\" did not end within 200ms")
    );
    end(&runtime, 2, &template).await;
    assert_eq!(world.processes(), [0; 0]);
}

#[tokio::test]
async fn containers_side_by_side_find_each_other() {
    let world = World::new();
    let runtime = world.open();
    let mut web = service(&["serve"]);
    web.ports = vec![port(8080, "http")];
    let mut side = service(&["serve"]);
    side.name = "side".to_owned();
    side.ports = vec![port(9090, "admin")];
    let template = world.template(vec![web, side]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let replica = ready(&runtime, 1).await.remove(0);
    let admin = replica.ports["admin"];
    assert_eq!(get(replica.ports["http"], "/env/PORT_ADMIN").await, admin.port().to_string());
    assert_eq!(get(admin, "/env/PORT").await, admin.port().to_string());
    assert_eq!(replica.pids.len(), 2);
    end(&runtime, 2, &template).await;
}

#[tokio::test]
async fn tries_between_two_periods_do_not_count_as_failures() {
    let world = World::new();
    let runtime = world.open();
    let mut main = shell("exec sleep 1000");
    let mut failing = probe(exec("echo >> tries; false"));
    failing.failure_threshold = 6;
    main.startup = Some(failing);
    let template = world.template(vec![main]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    until(&runtime, "it runs", |all| all.first().is_some_and(|one| !one.pids.is_empty())).await;
    let began = Instant::now();
    until(&runtime, "it is restarted", |all| all[0].state == ReplicaState::BackOff).await;
    // The sixth failure that counts comes five periods of a second after the first, which may have been
    // made some time before the look at the clock. Without the periods six take 600 ms.
    let took = began.elapsed();
    assert!(took > Duration::from_secs(3), "{took:?}");
    let tries = fs::read_to_string(world.path("tries")).unwrap().lines().count();
    assert!(tries > 6, "it was tried more often than it counted: {tries}");
    end(&runtime, 2, &template).await;
}
