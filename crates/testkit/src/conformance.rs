//! What every [`Runtime`] has to do, as tests that each of them runs: [`conformance!`].
//!
//! A test that cannot be done on this machine fails and says so; none is skipped.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "these are tests, in a crate of their own so that more than one runtime can run them"
)]

pub mod adoption;
pub mod held;
pub mod init;
pub mod life;
pub mod logs;
pub mod probes;
pub mod rights;
pub mod start;

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use tidegate_ports::{ReplicaSeen, ReplicaState, Runtime, ScaleOrder};
use tidegate_units::{Epoch, Generation, ObjectKey, Owner, RevisionHash};
use tidegate_workload::{Container, ContainerPort, PodTemplate, Probe, ProbeAction, WorkloadMeta};

/// How long anything may take that should happen soon. Generous: the machine may be busy.
pub const SOON: Duration = Duration::from_secs(40);

/// What a runtime is tested on: a data folder of its own, and the image of the test's programs.
pub trait Stage: Send + Sync {
    /// Opens the data folder. Whoever opens it again is the next control plane.
    fn open(&self) -> Arc<dyn Runtime>;

    /// The image of all containers, in which `sh`, `sleep` and the service are found.
    fn image(&self) -> String;

    /// The path of the service inside.
    fn service(&self) -> String;

    /// Somebody whom containers can run as; nobody where that takes root.
    fn somebody(&self) -> Option<u32> {
        Some(4711)
    }

    /// What a template needs beside its containers.
    fn finish(&self, template: PodTemplate) -> PodTemplate {
        template
    }
}

/// One `#[tokio::test]` for each thing that a runtime has to do, on the stage that the expression
/// makes.
#[macro_export]
macro_rules! conformance {
    ($stage:expr) => {
        $crate::conformance!(@ $stage;
            life::replicas_are_started_found_and_ended
            life::an_older_order_is_refused_also_after_a_restart
            life::an_order_of_an_epoch_that_has_ended_is_refused
            life::what_ends_is_started_again_after_a_while
            life::a_restart_replaces_one_at_a_time
            life::sigterm_comes_after_the_hook_and_sigkill_after_the_grace_period
            adoption::the_next_control_plane_takes_over_untouched
            adoption::a_retired_replica_waits_for_its_release_over_a_restart
            adoption::what_ended_while_nobody_looked_is_started_again
            init::init_containers_run_one_after_the_other
            init::an_init_container_that_fails_is_run_again
            init::an_init_container_is_adopted_in_the_middle
            init::a_release_ends_an_init_container
            init::a_sidecar_is_there_from_before_to_after
            probes::readiness_follows_the_service
            probes::a_failing_liveness_probe_restarts
            probes::a_command_is_run_beside_the_container
            logs::both_outputs_are_kept_over_restarts_and_after_the_end
            logs::a_log_can_be_followed_from_a_position
            rights::a_container_has_the_rights_that_its_manifest_leaves_it
            rights::nobody_runs_as_root_who_must_not
            start::the_environment_is_what_the_manifest_says
            start::a_volume_is_seen_where_it_is_mounted
            start::names_of_its_own_are_known
            start::containers_of_a_replica_find_each_other
            start::what_is_missing_is_an_obstacle_until_it_is_there
            start::more_memory_than_the_limit_ends_it
            start::what_replicas_use_is_read
        );
    };
    (@ $stage:expr; $($module:ident :: $test:ident)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                $crate::conformance::$module::$test(&$stage).await;
            }
        )*
    };
}

/// A template of these containers.
pub fn template(stage: &dyn Stage, containers: Vec<Container>) -> PodTemplate {
    stage.finish(PodTemplate {
        meta: WorkloadMeta::default(),
        containers,
        init: Vec::new(),
        host_aliases: Vec::new(),
        termination_grace: Duration::from_secs(10),
        images: Vec::new(),
        volumes: Vec::new(),
        pull_secrets: Vec::new(),
    })
}

/// A container that runs the service on port 8080, named `http`.
pub fn service(stage: &dyn Stage) -> Container {
    let mut container = container(stage, &[&stage.service(), "serve"]);
    container.ports =
        vec![ContainerPort { number: 8080, name: Some("http".to_owned()), udp: false }];
    container
}

/// A container that runs a line of shell.
pub(crate) fn shell(stage: &dyn Stage, line: &str) -> Container {
    container(stage, &["sh", "-c", line])
}

fn container(stage: &dyn Stage, command: &[&str]) -> Container {
    Container {
        name: "main".to_owned(),
        image: stage.image(),
        command: words(command),
        ..Container::default()
    }
}

pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

pub(crate) fn probe(action: ProbeAction) -> Probe {
    Probe {
        action,
        initial_delay: Duration::ZERO,
        period: Duration::from_secs(1),
        timeout: Duration::from_secs(5),
        success_threshold: 1,
        failure_threshold: 1,
        termination_grace: None,
    }
}

/// An order for revision `r1` of `default/web`.
pub fn order(generation: u64, replicas: u32, template: &PodTemplate) -> ScaleOrder {
    ScaleOrder {
        owner: Owner::rollout(&ObjectKey::new("default", "web")),
        revision: RevisionHash::from("r1"),
        epoch: Epoch::default(),
        generation: Generation(generation),
        replicas,
        restart_before: None,
        template: Arc::new(template.clone()),
        config_maps: Arc::new(BTreeMap::new()),
        secrets: Arc::new(BTreeMap::new()),
    }
}

/// Waits for the replicas to be as `wanted` says, told of each change by the runtime itself, so
/// that a change that is not announced, or not shown to who looks for what changed alone, makes the
/// test fail.
pub async fn until(
    runtime: &dyn Runtime,
    what: &str,
    wanted: impl Fn(&[ReplicaSeen]) -> bool,
) -> Vec<ReplicaSeen> {
    let mut changes = runtime.changes();
    let deadline = Instant::now() + SOON;
    let (mut since, mut seen) = (0, BTreeMap::new());
    loop {
        changes.borrow_and_update();
        let look = runtime.look(since);
        if look.whole {
            seen.clear();
        }
        since = look.at;
        seen.extend(look.owners);
        let replicas: Vec<ReplicaSeen> = seen.values().flatten().cloned().collect();
        if wanted(&replicas) {
            return replicas;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let told = tokio::time::timeout(left, changes.changed()).await;
        assert!(told.is_ok(), "{what}: {:#?} {:?}", runtime.replicas(), runtime.obstacles());
    }
}

/// Waits until so many replicas are ready, and as many are there.
pub async fn ready(runtime: &dyn Runtime, count: usize) -> Vec<ReplicaSeen> {
    until(runtime, "ready", |replicas| {
        replicas.len() == count && replicas.iter().all(|one| one.state == ReplicaState::Ready)
    })
    .await
}

/// Scales to nothing, releases everything, and waits until nothing is there.
pub async fn end(runtime: &dyn Runtime, generation: u64, template: &PodTemplate) {
    runtime.scale(order(generation, 0, template)).await.unwrap();
    let leaving = |one: &ReplicaSeen| {
        matches!(one.state, ReplicaState::Retiring { .. } | ReplicaState::Stopping)
    };
    let retired = until(runtime, "retired", |replicas| replicas.iter().all(leaving)).await;
    for replica in retired {
        runtime.release(Epoch::default(), &replica.id).await.unwrap();
    }
    until(runtime, "gone", <[ReplicaSeen]>::is_empty).await;
}

/// The body of the answer to a GET at the port `http` of a replica.
pub async fn get(replica: &ReplicaSeen, path: &str) -> String {
    ask(replica.ports["http"], path).await.unwrap_or_default()
}

/// The body of the answer to a GET, if one comes.
pub(crate) async fn ask(address: SocketAddr, path: &str) -> Option<String> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    let asked = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
    });
    asked.await.unwrap()
}

/// Waits for something that no change of the runtime announces.
pub(crate) async fn eventually(what: &str, mut wanted: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !wanted().await {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
