//! Release: hook, SIGTERM, grace, SIGKILL, and nothing left.

use std::{
    fs,
    time::{Duration, Instant},
};

use tidegate_ports::{ReplicaSeen, Runtime};
use tidegate_runtime_process::ProcessRuntime;
use tidegate_workload::{PodTemplate, ProbeAction};

use crate::fixture::{World, alive, end, eventually, order, ready, shell, until};

/// Starts one replica and ends it; how long the end took.
async fn one_life(runtime: &ProcessRuntime, template: &PodTemplate) -> Duration {
    runtime.scale(order(1, 1, template)).await.unwrap();
    ready(runtime, 1).await;
    let began = Instant::now();
    end(runtime, 2, template).await;
    began.elapsed()
}

#[tokio::test]
async fn a_process_may_finish_what_it_does() {
    let world = World::new();
    let runtime = world.open();
    let line = "trap 'sleep 0.3; echo drained > drained; exit 0' TERM; echo > up; while :; do sleep 0.02; done";
    let mut template = world.template(vec![shell(line)]);
    template.containers[0].readiness = Some(crate::fixture::probe(ProbeAction::Exec {
        command: ["test", "-e", "up"].map(str::to_owned).into(),
    }));
    let took = one_life(&runtime, &template).await;
    assert_eq!(fs::read_to_string(world.path("drained")).unwrap(), "drained\n");
    assert!(took < Duration::from_secs(8), "{took:?}: not the whole grace period");
    assert_eq!(world.processes(), [0; 0]);
}

#[tokio::test]
async fn a_process_that_ignores_sigterm_is_killed_when_the_grace_period_is_over() {
    let world = World::new();
    let runtime = world.open();
    let mut template = world.template(vec![shell("trap '' TERM; while :; do sleep 0.05; done")]);
    template.termination_grace = Duration::from_secs(1);
    let took = one_life(&runtime, &template).await;
    assert!(took >= Duration::from_secs(1), "{took:?}");
    assert!(took < Duration::from_secs(6), "{took:?}");
    assert_eq!(world.processes(), [0; 0]);
}

#[tokio::test]
async fn the_hook_runs_before_sigterm_and_its_time_counts() {
    let world = World::new();
    let runtime = world.open();
    let line = "trap 'echo term >> order; exit 0' TERM; echo > up; while :; do sleep 0.02; done";
    let mut template = world.template(vec![shell(line)]);
    template.containers[0].readiness = Some(crate::fixture::probe(ProbeAction::Exec {
        command: ["test", "-e", "up"].map(str::to_owned).into(),
    }));
    template.containers[0].lifecycle.pre_stop = Some(ProbeAction::Exec {
        command: ["sh", "-c", "echo begin >> order; sleep 0.2; echo end >> order"]
            .map(str::to_owned)
            .into(),
    });
    one_life(&runtime, &template).await;
    assert_eq!(fs::read_to_string(world.path("order")).unwrap(), "begin\nend\nterm\n");

    // A hook that takes longer than the grace period is not waited for.
    let world = World::new();
    let runtime = world.open();
    let mut template = world.template(vec![shell("exec sleep 1000")]);
    template.termination_grace = Duration::from_secs(1);
    template.containers[0].lifecycle.pre_stop =
        Some(ProbeAction::Sleep { duration: Duration::from_mins(1) });
    let took = one_life(&runtime, &template).await;
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(8), "{took:?}");
}

#[tokio::test]
async fn daemons_that_left_their_session_end_too() {
    for line in [
        // Twice forked, in a session of its own, with the environment that it was given.
        "(setsid sleep 1001 >/dev/null 2>&1 &); exec sleep 1000",
        // Of the same group, but not of the same parent.
        "(sleep 1002 &); exec sleep 1000",
    ] {
        let world = World::new();
        let runtime = world.open();
        let template = world.template(vec![shell(line)]);
        runtime.scale(order(1, 1, &template)).await.unwrap();
        ready(&runtime, 1).await;
        eventually("the daemon runs", || world.processes().len() >= 2).await;
        end(&runtime, 2, &template).await;
        assert_eq!(world.processes(), [0; 0], "{line}");
    }
}

#[tokio::test]
async fn a_daemon_that_took_off_its_environment_ends_where_there_are_control_groups() {
    let world = World::new();
    let runtime = world.open();
    let template = world.template(vec![shell(
        "(env -i setsid sh -c 'echo $$$$ > daemon; exec sleep 1003' &); exec sleep 1000",
    )]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let replica = ready(&runtime, 1).await.remove(0);
    let read = || fs::read_to_string(world.path("daemon")).unwrap_or_default();
    eventually("the daemon runs", || read().ends_with('\n')).await;
    let daemon: u32 = read().trim().parse().unwrap();
    assert!(alive(daemon));
    let groups = fs::read_to_string(format!("/proc/{}/cgroup", replica.pids["main"])).unwrap();
    let has_group = groups.contains("tidegate/");
    end(&runtime, 2, &template).await;
    if has_group {
        assert!(!alive(daemon));
    } else {
        crate::fixture::kill(daemon, rustix::process::Signal::KILL);
    }
}

#[tokio::test]
async fn what_a_dead_process_left_behind_ends_before_it_is_started_again() {
    let world = World::new();
    let runtime = world.open();
    let template =
        world.template(vec![shell("(setsid sleep 1004 &); echo >> starts; sleep 0.3; exit 3")]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let seen = until(&runtime, "it was started again", |all| {
        all.first().is_some_and(|one| one.restarts >= 2)
    })
    .await;
    assert!(seen[0].restarts >= 2);
    let sleepers = || {
        world
            .processes()
            .into_iter()
            .filter(|pid| {
                fs::read_to_string(format!("/proc/{pid}/cmdline"))
                    .unwrap_or_default()
                    .contains("1004")
            })
            .count()
    };
    assert!(sleepers() <= 1, "only that of the last start");
    end(&runtime, 2, &template).await;
    assert_eq!(world.processes(), [0; 0]);
}

#[tokio::test]
async fn released_replicas_end_side_by_side() {
    let world = World::new();
    let runtime = world.open();
    let mut template = world.template(vec![shell("trap '' TERM; while :; do sleep 0.05; done")]);
    template.termination_grace = Duration::from_secs(1);
    runtime.scale(order(1, 4, &template)).await.unwrap();
    ready(&runtime, 4).await;
    let began = Instant::now();
    end(&runtime, 2, &template).await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(runtime.replicas(), Vec::<ReplicaSeen>::new());
}
