//! What replicas are started with, and what stands in the way.

use std::{collections::BTreeMap, sync::Arc};

use tidegate_ports::ScaleOrder;
use tidegate_units::ObjectKey;
use tidegate_workload::{
    ConfigMap, ContainerPort, Entries, EnvFrom, EnvSource, EnvVar, FieldPath, FileSource,
    HostAlias, Secret, Volume, VolumeMount, VolumeSource,
};

use super::{Stage, end, eventually, get, order, ready, service, shell, template, until};

fn literal(name: &str, text: &str) -> EnvVar {
    EnvVar { name: name.to_owned(), source: EnvSource::Literal(text.to_owned()) }
}

/// Settings, secrets, fields of the replica, and references among them.
pub async fn the_environment_is_what_the_manifest_says(stage: &dyn Stage) {
    let runtime = stage.open();
    let mut web = service(stage);
    web.env_from = vec![EnvFrom::ConfigMap {
        name: "settings".to_owned(),
        prefix: "SET_".to_owned(),
        optional: false,
    }];
    let secret = EnvSource::SecretKey {
        name: "login".to_owned(),
        key: "password".to_owned(),
        optional: false,
    };
    web.env = vec![
        EnvVar { name: "PASSWORD".to_owned(), source: secret },
        EnvVar { name: "POD".to_owned(), source: EnvSource::Field(FieldPath::Name) },
        EnvVar { name: "SPACE".to_owned(), source: EnvSource::Field(FieldPath::Namespace) },
        literal("LEVEL", "$(SET_LEVEL)-$(PASSWORD)"),
    ];
    let template = template(stage, vec![web]);
    let key = ObjectKey::new("default", "any");
    let data = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    let map = ConfigMap { key: key.clone(), data: data("LEVEL", "info"), bytes: BTreeMap::new() };
    let secret = Secret { key, data: data("password", "hunter2"), bytes: BTreeMap::new() };
    let scale = ScaleOrder {
        config_maps: Arc::new([("settings".to_owned(), map)].into()),
        secrets: Arc::new([("login".to_owned(), secret)].into()),
        ..order(1, 1, &template)
    };
    runtime.scale(scale).await.unwrap();
    let replica = ready(&*runtime, 1).await.remove(0);
    for (name, expect) in [
        ("SET_LEVEL", "info"),
        ("PASSWORD", "hunter2"),
        ("LEVEL", "info-hunter2"),
        ("POD", replica.id.as_str()),
        ("SPACE", "default"),
        ("TIDEGATE_CONTAINER", "main"),
    ] {
        assert_eq!(get(&replica, &format!("/env/{name}")).await, expect, "{name}");
    }
    end(&*runtime, 2, &template).await;
}

/// A `ConfigMap` as files, which nobody may write.
pub async fn a_volume_is_seen_where_it_is_mounted(stage: &dyn Stage) {
    let runtime = stage.open();
    let line = "cat /etc/tidegate-test/greeting; (echo x > /etc/tidegate-test/new) || echo fixed; \
                exec sleep 1000";
    let mut container = shell(stage, line);
    container.mounts = vec![VolumeMount {
        volume: "settings".to_owned(),
        path: "/etc/tidegate-test".to_owned(),
        sub_path: None,
        expand: false,
        read_only: false,
    }];
    let entries = Entries { name: "settings".to_owned(), optional: false, items: Vec::new() };
    let source = VolumeSource::Files { sources: vec![FileSource::ConfigMap(entries)], mode: 0o644 };
    let mut template = template(stage, vec![container]);
    template.volumes = vec![Volume { name: "settings".to_owned(), source }];
    let map = ConfigMap {
        key: ObjectKey::new("default", "settings"),
        data: [("greeting".to_owned(), "good day\n".to_owned())].into(),
        bytes: BTreeMap::new(),
    };
    let scale = ScaleOrder {
        config_maps: Arc::new([("settings".to_owned(), map)].into()),
        ..order(1, 1, &template)
    };
    runtime.scale(scale).await.unwrap();
    let id = ready(&*runtime, 1).await.remove(0).id;
    eventually("both are told", async || {
        let text = super::logs::text(&*runtime, &id).await;
        text.contains("good day\n") && text.contains("fixed\n")
    })
    .await;
    end(&*runtime, 2, &template).await;
}

/// Also where several containers share one network.
pub async fn names_of_its_own_are_known(stage: &dyn Stage) {
    let runtime = stage.open();
    let mut main = shell(stage, "exec sleep 1000");
    main.name = String::from("other");
    let reader = shell(stage, "cat /etc/hosts; exec sleep 1000");
    for (generation, containers) in [(1, vec![reader.clone()]), (3, vec![reader, main])] {
        let mut template = template(stage, containers);
        let names = ["db.test".to_owned(), "cache.test".to_owned()];
        template.host_aliases =
            vec![HostAlias { address: [192, 0, 2, 7].into(), names: names.to_vec() }];
        runtime.scale(order(generation, 1, &template)).await.unwrap();
        let id = ready(&*runtime, 1).await.remove(0).id;
        eventually("both names are there", async || {
            let text = super::logs::text(&*runtime, &id).await;
            let line = |name: &str| {
                text.lines().any(|line| line.starts_with("192.0.2.7") && line.contains(name))
            };
            line("db.test") && line("cache.test") && text.contains("localhost")
        })
        .await;
        end(&*runtime, generation + 1, &template).await;
    }
}

/// At 127.0.0.1, by the port that the environment says.
pub async fn containers_of_a_replica_find_each_other(stage: &dyn Stage) {
    let runtime = stage.open();
    let mut side = service(stage);
    side.name = String::from("side");
    side.ports = vec![ContainerPort { number: 9090, name: Some("side".to_owned()), udp: false }];
    side.env = vec![literal("NAME", "the side")];
    let template = template(stage, vec![service(stage), side]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let replica = ready(&*runtime, 1).await.remove(0);
    assert_eq!(get(&replica, "/via/side").await, "the side");
    assert_eq!(get(&replica, "/env/TIDEGATE_CONTAINER").await, "main");

    // One of them ends; the other, and the way to it, stay.
    let born = get(&replica, "/born").await;
    super::ask(replica.ports["side"], "/exit").await;
    until(&*runtime, "the side is back", |all| {
        all[0].restarts == 1 && all[0].state == tidegate_ports::ReplicaState::Ready
    })
    .await;
    assert_eq!(get(&replica, "/born").await, born);
    assert_eq!(get(&replica, "/via/side").await, "the side");
    end(&*runtime, 2, &template).await;
}

/// It says what to do, and goes when that was done.
pub async fn what_is_missing_is_an_obstacle_until_it_is_there(stage: &dyn Stage) {
    let runtime = stage.open();
    let mut web = service(stage);
    web.env_from = vec![EnvFrom::ConfigMap {
        name: "later".to_owned(),
        prefix: String::new(),
        optional: false,
    }];
    let template = template(stage, vec![web]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    until(&*runtime, "an obstacle", |_| !runtime.obstacles().is_empty()).await;
    let told = runtime.obstacles().into_values().next().unwrap();
    assert!(told.contains("there is no ConfigMap \"later\"; create it"), "{told}");
    assert!(runtime.replicas().is_empty());
    let key = ObjectKey::new("default", "later");
    let map = ConfigMap { key, data: BTreeMap::new(), bytes: BTreeMap::new() };
    let scale = ScaleOrder {
        config_maps: Arc::new([("later".to_owned(), map)].into()),
        ..order(2, 1, &template)
    };
    runtime.scale(scale).await.unwrap();
    ready(&*runtime, 1).await;
    assert!(runtime.obstacles().is_empty());
    end(&*runtime, 3, &template).await;
}

/// And the message says why.
pub async fn more_memory_than_the_limit_ends_it(stage: &dyn Stage) {
    let runtime = stage.open();
    // The shell keeps the whole text in memory.
    let mut container = shell(stage, "x=0123456789; while true; do x=$x$x; done");
    container.resources.limits.memory_bytes = Some(40 << 20);
    let template = template(stage, vec![container]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let ended = until(&*runtime, "it is ended", |all| {
        all.first().and_then(|one| one.message.as_ref()).is_some_and(|why| why.contains("ended"))
    });
    let message = ended.await.remove(0).message.unwrap();
    assert!(message.contains("more memory than its limit"), "{message}");
    end(&*runtime, 2, &template).await;
}

/// Memory, and the CPU of one that is busy.
pub async fn what_replicas_use_is_read(stage: &dyn Stage) {
    let runtime = stage.open();
    let mut container = shell(stage, "while true; do :; done");
    container.resources.limits.cpu_millis = Some(300);
    let template = template(stage, vec![container]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    ready(&*runtime, 1).await;
    eventually("it uses what it may", async || {
        let usage = runtime.replicas()[0].usage.unwrap_or_default();
        (100..=400).contains(&usage.cpu_millis) && usage.memory_bytes > 50_000
    })
    .await;
    end(&*runtime, 2, &template).await;
}
