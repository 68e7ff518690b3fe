//! Replicas outlive the control plane that started them, and the next one takes them over.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tidegate_ports::{ReplicaSeen, ReplicaState, Runtime};
use tidegate_units::Epoch;
use tidegate_workload::PodTemplate;

use crate::fixture::{
    World, alive, end, eventually, get, kill, order, port, probe, program, ready, service,
    shell_that_says_up, until,
};

/// A control plane in a process of its own.
struct Host(Child);

impl Host {
    /// Returns when its replicas are ready.
    fn start(world: &World, template: &PodTemplate, replicas: u32) -> Self {
        let mut host = Self::spawn(world, template, replicas);
        let mut line = String::new();
        let output = host.0.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        host
    }

    fn spawn(world: &World, template: &PodTemplate, replicas: u32) -> Self {
        // Whoever runs the tests in the background has them ignore what a terminal sends, and so
        // would the host.
        let child = Command::new("env")
            .arg("--default-signal=HUP,INT,QUIT")
            .arg(program())
            .arg("host")
            .arg(world.data())
            .arg(serde_json::to_string(template).unwrap())
            .arg(replicas.to_string())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        Self(child)
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn pids(replicas: &[ReplicaSeen]) -> BTreeMap<String, u32> {
    replicas.iter().map(|one| (one.id.to_string(), one.pids["main"])).collect()
}

fn web(world: &World) -> PodTemplate {
    let mut web = service(&["serve"]);
    web.ports = vec![port(8080, "http")];
    world.template(vec![web])
}

#[tokio::test]
async fn what_a_killed_control_plane_left_is_taken_over_untouched() {
    let world = World::new();
    let template = web(&world);
    let host = Host::start(&world, &template, 3);
    let before = world.processes();
    assert_eq!(before.len(), 3);
    host.kill();

    let runtime = world.open();
    // At once, before any probe: the router's next snapshot must not be empty.
    let adopted = runtime.replicas();
    assert!(adopted.iter().all(|one| one.state == ReplicaState::Ready), "{adopted:#?}");
    assert_eq!(
        pids(&adopted).values().copied().collect::<BTreeSet<_>>(),
        before.iter().copied().collect()
    );
    for replica in &adopted {
        assert_eq!(get(replica.ports["http"], "/id").await, replica.id.as_str());
        assert_eq!((replica.restarts, &replica.message), (0, &None));
    }
    // The order was taken over too: what is killed now is started again, and new ones are found
    // other ports.
    let victim = &adopted[0];
    kill(victim.pids["main"], Signal::KILL);
    until(&runtime, "it is started again", |all| {
        all.iter()
            .any(|one| one.id == victim.id && one.restarts == 1 && one.state == ReplicaState::Ready)
    })
    .await;
    runtime.scale(order(2, 5, &template)).await.unwrap();
    let five = ready(&runtime, 5).await;
    let ports: BTreeSet<_> = five.iter().map(|one| one.ports["http"]).collect();
    assert_eq!(ports.len(), 5);
    assert_eq!(pids(&five)[adopted[1].id.as_str()], adopted[1].pids["main"]);
    end(&runtime, 3, &template).await;
    assert_eq!(world.processes(), [0; 0]);
}

#[tokio::test]
async fn what_ended_while_nobody_looked_is_started_again() {
    let world = World::new();
    let template = web(&world);
    let host = Host::start(&world, &template, 2);
    let victim = world.processes()[0];
    host.kill();
    kill(victim, Signal::KILL);
    eventually("it ends", || !alive(victim)).await;

    let runtime = world.open();
    let replicas = ready(&runtime, 2).await;
    let restarts: Vec<u32> = replicas.iter().map(|one| one.restarts).collect();
    assert_eq!(restarts.iter().sum::<u32>(), 1, "{restarts:?}");
    assert_eq!(world.processes().len(), 2);
    end(&runtime, 2, &template).await;
}

#[tokio::test]
async fn a_pid_that_was_lent_again_is_not_taken_for_the_replica() {
    let world = World::new();
    let template = web(&world);
    Host::start(&world, &template, 1).kill();
    let victim = world.processes()[0];
    kill(victim, Signal::KILL);
    eventually("it ends", || !alive(victim)).await;
    // The record now names a process of ours that never was the replica's.
    let mut stranger = Command::new("sleep").arg("1000").spawn().unwrap();
    let folder = world.data().join("runtime/replicas");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&file).unwrap();
    let renamed = text.replace(&format!("\"pid\":{victim}"), &format!("\"pid\":{}", stranger.id()));
    assert_ne!(text, renamed);
    std::fs::write(&file, renamed).unwrap();

    let runtime = world.open();
    let replicas = ready(&runtime, 1).await;
    assert_ne!(replicas[0].pids["main"], stranger.id());
    end(&runtime, 2, &template).await;
    assert!(stranger.try_wait().unwrap().is_none(), "the stranger was left alone");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[tokio::test]
async fn a_retired_replica_waits_for_its_release_over_a_restart() {
    let world = World::new();
    let template = web(&world);
    {
        let runtime = world.open();
        runtime.scale(order(1, 1, &template)).await.unwrap();
        ready(&runtime, 1).await;
        runtime.scale(order(2, 0, &template)).await.unwrap();
        until(&runtime, "it retires", |all| matches!(all[0].state, ReplicaState::Retiring { .. }))
            .await;
    }
    let runtime = world.open();
    let replica = runtime.replicas().remove(0);
    assert!(matches!(replica.state, ReplicaState::Retiring { .. }), "{replica:?}");
    assert_eq!(get(replica.ports["http"], "/id").await, replica.id.as_str());
    // Killed, it is not started again: nobody wants it.
    kill(replica.pids["main"], Signal::KILL);
    let told = "it ended; how is unknown, since an earlier server had started it";
    until(&runtime, "it ends", |all| {
        all[0].pids.is_empty() && all[0].message.as_deref() == Some(told)
    })
    .await;
    runtime.release(Epoch::default(), &replica.id).await.unwrap();
    until(&runtime, "it is gone", <[ReplicaSeen]>::is_empty).await;
}

#[tokio::test]
async fn a_stop_that_was_cut_short_is_completed() {
    let world = World::new();
    let stubborn =
        shell_that_says_up("trap '' TERM; touch up-$HOSTNAME; while :; do sleep 0.05; done");
    let mut template = world.template(vec![stubborn]);
    template.termination_grace = Duration::from_secs(3);
    {
        let runtime = world.open();
        runtime.scale(order(1, 1, &template)).await.unwrap();
        let replica = ready(&runtime, 1).await.remove(0);
        runtime.scale(order(2, 0, &template)).await.unwrap();
        until(&runtime, "it retires", |all| matches!(all[0].state, ReplicaState::Retiring { .. }))
            .await;
        runtime.release(Epoch::default(), &replica.id).await.unwrap();
    }
    assert!(!world.processes().is_empty());
    let runtime = world.open();
    until(&runtime, "it is gone", <[ReplicaSeen]>::is_empty).await;
    assert_eq!(world.processes(), [0; 0]);
}

#[tokio::test]
async fn an_adopted_replica_is_probed_on() {
    let world = World::new();
    let mut web = service(&["serve"]);
    web.ports = vec![port(8080, "http")];
    let flag = world.path("healthy");
    std::fs::write(&flag, "yes").unwrap();
    web.readiness = Some(probe(crate::probes::http("/file/healthy")));
    let template = world.template(vec![web]);
    Host::start(&world, &template, 1).kill();

    let runtime = world.open();
    assert_eq!(runtime.replicas()[0].state, ReplicaState::Ready);
    std::fs::remove_file(&flag).unwrap();
    let seen =
        until(&runtime, "it is not ready", |all| all[0].state == ReplicaState::NotReady).await;
    assert_eq!(
        seen[0].message.as_deref(),
        Some("readiness probe: GET /file/healthy was answered with 503")
    );
    assert_eq!(seen[0].ready_since, None);
    std::fs::write(&flag, "yes").unwrap();
    ready(&runtime, 1).await;
    end(&runtime, 2, &template).await;
}

#[tokio::test]
async fn killed_at_any_moment_it_leaves_no_process_that_nobody_knows() {
    for delay in [0, 3, 6, 9, 12, 16, 20, 25, 30, 40, 60, 90] {
        let world = World::new();
        let template = web(&world);
        let mut child = Host::spawn(&world, &template, 3);
        tokio::time::sleep(Duration::from_millis(delay)).await;
        child.0.kill().unwrap();
        child.0.wait().unwrap();

        let runtime = world.open();
        runtime.scale(order(1, 3, &template)).await.unwrap();
        let known: BTreeSet<u32> = pids(&ready(&runtime, 3).await).into_values().collect();
        // What was made for a replica that was not written down yet ends by itself, a moment later.
        let all = || world.processes().into_iter().collect::<BTreeSet<u32>>();
        let what = format!("killed after {delay} ms: {known:?} are not all of those that run");
        eventually(&what, || all() == known).await;
        end(&runtime, 2, &template).await;
        assert_eq!(world.processes(), [0; 0], "killed after {delay} ms");
    }
}

#[tokio::test]
async fn signals_of_the_terminal_do_not_reach_replicas() {
    for signal in [Signal::INT, Signal::HUP, Signal::QUIT] {
        let world = World::new();
        let template = web(&world);
        let mut host = Host::start(&world, &template, 1);
        let pids = world.processes();
        // What the terminal does on Ctrl-C: all of the foreground process group are told.
        let group = Pid::from_raw(i32::try_from(host.0.id()).unwrap()).unwrap();
        kill_process_group(group, signal).unwrap();
        assert!(!host.0.wait().unwrap().success());
        assert_eq!(world.processes(), pids, "{signal:?}");
    }
}

#[tokio::test]
async fn two_runtimes_cannot_share_a_folder() {
    let world = World::new();
    let _first = world.open();
    let told = tidegate_runtime_process::ProcessRuntime::open(world.settings()).unwrap_err();
    assert!(told.to_string().contains("another server runs replicas from"), "{told}");
}
