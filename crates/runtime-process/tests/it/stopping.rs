//! Release: hook, SIGTERM, grace, SIGKILL, and nothing left.

use std::{
    fs,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use tidegate_ports::{ReplicaSeen, ReplicaState, Runtime};
use tidegate_runtime_process::ProcessRuntime;
use tidegate_units::Epoch;
use tidegate_workload::{PodTemplate, ProbeAction};

use crate::fixture::{
    World, alive, end, eventually, kill, order, ready, shell, shell_that_says_up, until,
};

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
    let line = "trap 'sleep 0.3; echo drained > drained; exit 0' TERM; touch up-$HOSTNAME; while :; do sleep 0.02; done";
    let mut template = world.template(vec![shell_that_says_up(line)]);
    template.termination_grace = Duration::from_mins(2);
    let took = one_life(&runtime, &template).await;
    assert_eq!(fs::read_to_string(world.path("drained")).unwrap(), "drained\n");
    assert!(took < template.termination_grace, "{took:?}: not the whole grace period");
    assert_eq!(world.processes(), [0; 0]);
}

#[tokio::test]
async fn a_process_that_ignores_sigterm_is_killed_when_the_grace_period_is_over() {
    let world = World::new();
    let runtime = world.open();
    let line = "trap '' TERM; touch up-$HOSTNAME; while :; do sleep 0.05; done";
    let mut template = world.template(vec![shell_that_says_up(line)]);
    template.termination_grace = Duration::from_secs(1);
    // Its end is waited for, though not for ever.
    let took = one_life(&runtime, &template).await;
    assert!(took >= Duration::from_secs(1), "{took:?}");
    assert_eq!(world.processes(), [0; 0]);
}

#[tokio::test]
async fn the_hook_runs_before_sigterm_and_its_time_counts() {
    let world = World::new();
    let runtime = world.open();
    let line =
        "trap 'echo term >> order; exit 0' TERM; touch up-$HOSTNAME; while :; do sleep 0.02; done";
    let mut template = world.template(vec![shell_that_says_up(line)]);
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
        Some(ProbeAction::Sleep { duration: Duration::from_mins(5) });
    let took = one_life(&runtime, &template).await;
    assert!(took >= Duration::from_secs(1) && took < Duration::from_mins(5), "{took:?}");
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
        kill(daemon, Signal::KILL);
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
    let line = "trap 'touch told-$HOSTNAME' TERM; touch up-$HOSTNAME; while :; do sleep 0.05; done";
    let mut template = world.template(vec![shell_that_says_up(line)]);
    // Longer than anything is waited for here: the second is not told after the end of the first.
    template.termination_grace = Duration::from_mins(5);
    runtime.scale(order(1, 4, &template)).await.unwrap();
    let replicas = ready(&runtime, 4).await;
    runtime.scale(order(2, 0, &template)).await.unwrap();
    let retires = |one: &ReplicaSeen| matches!(one.state, ReplicaState::Retiring { .. });
    until(&runtime, "all retire", |all| all.iter().all(retires)).await;
    for replica in &replicas {
        runtime.release(Epoch::default(), &replica.id).await.unwrap();
    }
    let told = |one: &ReplicaSeen| world.path(&format!("told-{}", one.id)).exists();
    eventually("all are told", || replicas.iter().all(told)).await;
    for replica in &replicas {
        assert!(alive(replica.pids["main"]), "it was told, and goes on");
        kill(replica.pids["main"], Signal::KILL);
    }
    until(&runtime, "all are gone", <[ReplicaSeen]>::is_empty).await;
}
