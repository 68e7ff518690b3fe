//! What runs before the containers of a replica, and beside them.

use std::time::Duration;

use tidegate_ports::{InitSeen, ReplicaState, Runtime};
use tidegate_units::ReplicaId;
use tidegate_workload::{
    Container, InitContainer, InitKind, PodTemplate, ProbeAction, Volume, VolumeMount, VolumeSource,
};

use super::{
    Stage, end, eventually, get, order, probe, ready, service, shell, template, until, words,
};

/// An engine that stops many containers at once takes its time to tell this one, which counts.
const BUSY_GRACE: Duration = Duration::from_secs(35);

/// A container of this name that runs a line of shell, and sees what it shares at `/shared`.
fn named(stage: &dyn Stage, name: &str, line: &str) -> Container {
    sharing(Container { name: name.to_owned(), ..shell(stage, line) })
}

fn sharing(container: Container) -> Container {
    let mount = VolumeMount {
        volume: "shared".to_owned(),
        path: "/tidegate-shared".to_owned(),
        sub_path: None,
        expand: false,
        read_only: false,
    };
    Container { mounts: vec![mount], ..container }
}

fn task(stage: &dyn Stage, name: &str, line: &str) -> InitContainer {
    InitContainer { container: named(stage, name, line), kind: InitKind::Task }
}

fn sidecar(stage: &dyn Stage, name: &str, line: &str) -> InitContainer {
    InitContainer { container: named(stage, name, line), kind: InitKind::Sidecar }
}

/// These, and after them a service.
fn with(stage: &dyn Stage, init: Vec<InitContainer>, main: Container) -> PodTemplate {
    let source = VolumeSource::Scratch { memory: false };
    PodTemplate {
        init,
        volumes: vec![Volume { name: "shared".to_owned(), source }],
        ..template(stage, vec![sharing(main)])
    }
}

async fn log(runtime: &dyn Runtime, id: &ReplicaId, container: &str) -> String {
    super::logs::of(runtime, id, Some(container)).await
}

/// Each has ended before the next begins, and what it wrote is there.
pub async fn init_containers_run_one_after_the_other(stage: &dyn Stage) {
    let runtime = stage.open();
    let first = "sleep 1; echo first > /tidegate-shared/text; echo \"$TIDEGATE_CONTAINER ran\"";
    let second = "cat /tidegate-shared/text && sleep 1 && echo second >> /tidegate-shared/text";
    let mut template = with(
        stage,
        vec![task(stage, "one", first), task(stage, "two", second)],
        shell(stage, "cat /tidegate-text; exec sleep 1000"),
    );
    // A file that is made only by then.
    let mount = &mut template.containers[0].mounts[0];
    mount.sub_path = Some("text".to_owned());
    mount.path = String::from("/tidegate-text");
    runtime.scale(order(1, 1, &template)).await.unwrap();
    for passed in [0, 1] {
        let seen = Some(InitSeen { passed, of: 2 });
        let step = until(&*runtime, "one after the other", |all| {
            all.first().is_some_and(|one| one.init == seen)
        });
        assert_eq!(step.await[0].state, ReplicaState::Starting);
    }
    let replica = ready(&*runtime, 1).await.remove(0);
    assert_eq!((replica.init, replica.restarts, replica.message), (None, 0, None));
    eventually("it saw what both wrote", async || {
        log(&*runtime, &replica.id, "main").await == "first\nsecond\n"
    })
    .await;
    assert_eq!(log(&*runtime, &replica.id, "one").await, "one ran\n");
    end(&*runtime, 2, &template).await;
}

/// As often as it takes, and nothing after it is started before.
pub async fn an_init_container_that_fails_is_run_again(stage: &dyn Stage) {
    let runtime = stage.open();
    let line = "test -e /tidegate-shared/tried || { touch /tidegate-shared/tried; exit 3; }";
    let template = with(stage, vec![task(stage, "prepare", line)], service(stage));
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let failed = until(&*runtime, "it backs off", |all| {
        all.first().is_some_and(|one| one.state == ReplicaState::BackOff)
    });
    let failed = failed.await.remove(0);
    assert_eq!(failed.init, Some(InitSeen { passed: 0, of: 1 }));
    let message = failed.message.unwrap();
    assert!(message.contains("prepare: it ended with exit code 3; started again"), "{message}");
    let replica = ready(&*runtime, 1).await.remove(0);
    assert_eq!((replica.id, replica.restarts, replica.init), (failed.id, 1, None));
    end(&*runtime, 2, &template).await;
}

/// The next control plane waits for what runs; two of one are never there together.
pub async fn an_init_container_is_adopted_in_the_middle(stage: &dyn Stage) {
    let line = "cd /tidegate-shared; test -e held && test \"$(cat held)\" = yes && echo twice; \
                echo yes > held; echo begun; sleep 4; echo no > held; echo done";
    let template = with(stage, vec![task(stage, "prepare", line)], service(stage));
    let runtime = stage.open();
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let running = Some(InitSeen { passed: 0, of: 1 });
    let begun =
        until(&*runtime, "it is known", |all| all.first().is_some_and(|one| one.init == running));
    let id = begun.await.remove(0).id;
    eventually("it has begun", async || log(&*runtime, &id, "prepare").await.contains("begun"))
        .await;
    drop(runtime);
    let runtime = stage.open();
    assert_eq!(runtime.replicas()[0].init, running);
    let replica = ready(&*runtime, 1).await.remove(0);
    assert_eq!(replica.id, id);
    let text = log(&*runtime, &id, "prepare").await;
    assert!(text.contains("done") && !text.contains("twice"), "{text}");

    // What has passed is not run again.
    let born = get(&replica, "/born").await;
    drop(runtime);
    let runtime = stage.open();
    assert_eq!(runtime.replicas()[0].init, None);
    assert_eq!(get(&ready(&*runtime, 1).await[0], "/born").await, born);
    assert_eq!(log(&*runtime, &id, "prepare").await, text);
    end(&*runtime, 2, &template).await;
}

/// At the release of its replica, within the grace period.
pub async fn a_release_ends_an_init_container(stage: &dyn Stage) {
    let runtime = stage.open();
    let line = "trap 'echo told; exit 1' TERM; echo begun; while true; do sleep 0.1; done";
    let mut template = with(stage, vec![task(stage, "prepare", line)], service(stage));
    template.termination_grace = BUSY_GRACE;
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let known = until(&*runtime, "it is known", |all| all.len() == 1).await.remove(0);
    eventually("it has begun", async || {
        log(&*runtime, &known.id, "prepare").await.contains("begun")
    })
    .await;
    end(&*runtime, 2, &template).await;
    eventually("it was told", async || log(&*runtime, &known.id, "prepare").await.contains("told"))
        .await;
}

/// A sidecar has started before what comes after it does, and ends after that.
pub async fn a_sidecar_is_there_from_before_to_after(stage: &dyn Stage) {
    let runtime = stage.open();
    let line = "trap 'cat /tidegate-shared/text; exit 0' TERM; sleep 1; \
                touch /tidegate-shared/up; while true; do sleep 0.1; done";
    let mut side = sidecar(stage, "side", line);
    let up = words(&["sh", "-c", "test -e /tidegate-shared/up"]);
    let mut startup = probe(ProbeAction::Exec { command: up });
    startup.failure_threshold = 30;
    side.container.startup = Some(startup);
    let check = "test -e /tidegate-shared/up && echo after > /tidegate-shared/text";
    let line = "trap 'sleep 1; echo ended >> /tidegate-shared/text; exit 0' TERM; \
                touch /tidegate-shared/main; while true; do sleep 0.1; done";
    let mut main = shell(stage, line);
    let main_up = words(&["sh", "-c", "test -e /tidegate-shared/main"]);
    main.readiness = Some(probe(ProbeAction::Exec { command: main_up }));
    let init = vec![side, task(stage, "check", check)];
    let mut template = with(stage, init, main);
    template.termination_grace = BUSY_GRACE;
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let replica = ready(&*runtime, 1).await.remove(0);
    assert_eq!((replica.restarts, replica.init), (0, None));
    end(&*runtime, 2, &template).await;
    eventually("it ended after the others", async || {
        log(&*runtime, &replica.id, "side").await.contains("after\nended\n")
    })
    .await;
}
