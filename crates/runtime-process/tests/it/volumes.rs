//! Volumes, as the processes of a replica see them.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Duration};

use tidegate_ports::{ReplicaState, Runtime, ScaleOrder};
use tidegate_units::{Epoch, ObjectKey};
use tidegate_workload::{
    ConfigMap, Container, Entries, FileSource, Probe, ProbeAction, Volume, VolumeMount,
    VolumeSource,
};

use crate::fixture::{World, order, shell, until};

fn seen(volume: &str, path: &str) -> VolumeMount {
    VolumeMount {
        volume: volume.to_owned(),
        path: path.to_owned(),
        sub_path: None,
        expand: false,
        read_only: false,
    }
}

fn volume(name: &str, source: VolumeSource) -> Volume {
    Volume { name: name.to_owned(), source }
}

fn settings() -> (Volume, ConfigMap) {
    let entries = Entries { name: "settings".to_owned(), optional: false, items: Vec::new() };
    let source = VolumeSource::Files { sources: vec![FileSource::ConfigMap(entries)], mode: 0o644 };
    let data = BTreeMap::from([("greeting".to_owned(), "hello".to_owned())]);
    let key = ObjectKey::new("default", "settings");
    (volume("settings", source), ConfigMap { key, data, bytes: BTreeMap::new() })
}

/// Passes once a command does.
fn asked(line: &str) -> Probe {
    Probe {
        action: ProbeAction::Exec { command: ["sh", "-c", line].map(str::to_owned).to_vec() },
        initial_delay: Duration::ZERO,
        period: Duration::from_secs(1),
        timeout: Duration::from_secs(5),
        success_threshold: 1,
        failure_threshold: 3,
        termination_grace: None,
    }
}

#[tokio::test]
async fn each_replica_sees_its_volumes_where_it_wants_them_and_nobody_else_does() {
    let world = World::new();
    let name = format!("tidegate-test-{}", std::process::id());
    let (etc, top, deep) =
        (format!("/etc/{name}/conf"), format!("/{name}"), format!("/{name}/inner/hosts"));
    let (settings, map) = settings();
    let write = format!(
        "cat {etc}/greeting > {top}/said; test -e /etc/passwd && echo more >> {top}/said; \
         (echo x > {etc}/greeting) 2>/dev/null || echo fixed >> {top}/said; \
         cat {deep} >> {top}/said; pwd >> {top}/said; mv {top}/said {top}/done; exec sleep 1000"
    );
    let mut main = shell(&write);
    main.working_dir = Some(top.clone());
    main.mounts = vec![
        VolumeMount { sub_path: Some("greeting".to_owned()), ..seen("settings", &deep) },
        seen("shared", &top),
        seen("settings", &etc),
    ];
    let side = Container {
        name: "side".to_owned(),
        readiness: Some(asked("test -s /tmp/elsewhere/done && cp /tmp/elsewhere/done $TEST_WORLD")),
        mounts: vec![seen("shared", "/tmp/elsewhere")],
        ..shell("exec sleep 1000")
    };
    let mut template = world.template(vec![main, side]);
    template.volumes = vec![settings, volume("shared", VolumeSource::Scratch { memory: false })];
    let runtime = world.open();
    let maps = BTreeMap::from([("settings".to_owned(), map)]);
    let wanted = ScaleOrder { config_maps: Arc::new(maps), ..order(1, 1, &template) };
    runtime.scale(wanted).await.unwrap();
    until(&runtime, "it is ready", |seen| seen.iter().any(|one| one.state == ReplicaState::Ready))
        .await;

    let said = fs::read_to_string(world.folder.path().join("done")).unwrap();
    assert_eq!(said, format!("hellomore\nfixed\nhello{top}\n"));
    for path in [format!("/etc/{name}"), top, "/tmp/elsewhere".to_owned()] {
        assert!(!Path::new(&path).exists(), "{path} is seen by others");
    }
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(&name), "{mounts}");

    let id = runtime.replicas()[0].id.clone();
    let own = world.data().join("volumes").join(id.as_str());
    assert!(own.join("shared/done").exists());
    runtime.scale(order(2, 0, &template)).await.unwrap();
    until(&runtime, "it retires", |seen| {
        seen.iter().all(|one| matches!(one.state, ReplicaState::Retiring { .. }))
    })
    .await;
    runtime.release(Epoch::default(), &id).await.unwrap();
    until(&runtime, "it is gone", <[_]>::is_empty).await;
    assert!(!own.exists());
}

#[tokio::test]
async fn what_a_volume_needs_and_is_not_there_is_an_obstacle() {
    let world = World::new();
    let mut main = shell("exec sleep 1000");
    main.mounts = vec![seen("settings", "/etc/app")];
    let mut template = world.template(vec![main]);
    template.volumes = vec![settings().0];
    let runtime = world.open();
    runtime.scale(order(1, 1, &template)).await.unwrap();
    until(&runtime, "there is an obstacle", |_| !runtime.obstacles().is_empty()).await;
    let told: Vec<_> = runtime.obstacles().into_values().collect();
    assert_eq!(told, ["there is no ConfigMap \"settings\"; create it, or mark it optional"]);
}
