//! A process that can open no file more: nobody is held to be gone whom it cannot look at.
//!
//! A test program of its own, since the limit is one of the whole process.
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tidegate_ports::{ReplicaSeen, ReplicaState, Runtime};
use tidegate_runtime_process::{Launcher, ProcessRuntime, ProcessSettings};
use tidegate_testkit::conformance::{order, ready, until};
use tidegate_units::Epoch;
use tidegate_workload::{Container, ImageRule, PodTemplate, WorkloadMeta};

#[tokio::test]
async fn a_replica_is_not_forgotten_while_nobody_can_see_whether_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let program = PathBuf::from(env!("CARGO_BIN_EXE_tidegate-runtime-test-program"));
    let launcher = Launcher { program, args: vec!["launch".to_owned()] };
    let runtime = ProcessRuntime::open(ProcessSettings::new(data, launcher)).unwrap();
    let drained = folder.path().join("drained");
    let template = template(folder.path());
    runtime.scale(order(1, 1, &template)).await.unwrap();
    ready(&runtime, 1).await;
    runtime.scale(order(2, 0, &template)).await.unwrap();
    let retiring = |one: &ReplicaSeen| matches!(one.state, ReplicaState::Retiring { .. });
    let retired = until(&runtime, "retired", |seen| seen.iter().all(retiring)).await;
    let [replica] = retired.as_slice() else { panic!("{retired:?}") };
    let pid = *replica.pids.values().next().unwrap();

    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(0), ..before }).unwrap();
    let released = runtime.release(Epoch::default(), &replica.id).await;
    // Longer than it takes to end it, and less than its grace period.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let there: Vec<_> = runtime.replicas().into_iter().map(|replica| replica.id).collect();
    setrlimit(Resource::Nofile, before).unwrap();

    released.unwrap();
    assert_eq!(
        there,
        std::slice::from_ref(&replica.id),
        "it runs, and nobody knows of it any more"
    );
    until(&runtime, "it has ended", <[_]>::is_empty).await;
    // It may not be taken yet, as a zombie.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "it runs on: {stat}");
    assert_eq!(fs::read_to_string(drained).unwrap(), "once\n", "how often it was told to end");
}

/// A service that says when it is told to end, and ends.
fn template(folder: &Path) -> PodTemplate {
    let line = "trap 'echo once >> drained; exit 0' TERM; while :; do sleep 0.02; done";
    PodTemplate {
        meta: WorkloadMeta::default(),
        containers: vec![Container {
            name: "main".to_owned(),
            image: "test/image:1".to_owned(),
            command: ["sh", "-c", line].map(str::to_owned).into(),
            ..Container::default()
        }],
        init: Vec::new(),
        host_aliases: Vec::new(),
        termination_grace: Duration::from_secs(20),
        pull_secrets: Vec::new(),
        images: vec![ImageRule {
            image: "test/image:*".to_owned(),
            command: Vec::new(),
            args: Vec::new(),
            env: BTreeMap::new(),
            folder: Some(folder.display().to_string()),
        }],
        volumes: Vec::new(),
    }
}
