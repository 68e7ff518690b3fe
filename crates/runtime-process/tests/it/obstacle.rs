//! What stands in the way of a revision, and images that do not.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, sync::Arc};

use tidegate_ports::{ReplicaState, Runtime, ScaleOrder};
use tidegate_units::{ObjectKey, Owner};
use tidegate_workload::{ConfigMap, EnvSource, EnvVar, ImageRule, PodTemplate};

use crate::fixture::{World, end, get, key, order, port, program, ready, service, shell, until};

/// The obstacle that a template meets.
async fn told(template: &PodTemplate) -> String {
    let world = World::new();
    let runtime = world.open();
    runtime.scale(order(1, 1, template)).await.unwrap();
    until(&runtime, "there is an obstacle", |_| !runtime.obstacles().is_empty()).await;
    assert_eq!(runtime.replicas().len(), 0);
    let of = (Owner::rollout(&key()), order(1, 1, template).revision);
    let told = runtime.obstacles()[&of].clone();
    // Wanted no more, it is no obstacle any more.
    runtime.scale(order(2, 0, template)).await.unwrap();
    assert!(runtime.obstacles().is_empty());
    told
}

#[tokio::test]
async fn a_revision_that_cannot_run_says_why() {
    let world = World::new();
    let check = async |change: &dyn Fn(&mut PodTemplate), expect: &str| {
        let mut template = world.template(vec![shell("exec sleep 1000")]);
        change(&mut template);
        let told = told(&template).await;
        assert!(told.contains(expect), "{expect:?} in {told:?}");
    };
    check(&|template| template.images.clear(), "add a rule for it to the image map").await;
    check(
        &|template| template.containers[0].image = "file:/no/where".to_owned(),
        "there is no /no/where",
    )
    .await;
    check(&|template| template.containers[0].command.clear(), "has no command").await;
    check(
        &|template| template.containers[0].working_dir = Some("no".to_owned()),
        "workingDir \"no\"",
    )
    .await;
    check(
        &|template| {
            template.containers[0].env = vec![EnvVar {
                name: "LEVEL".to_owned(),
                source: EnvSource::ConfigMapKey {
                    name: "settings".to_owned(),
                    key: "level".to_owned(),
                    optional: false,
                },
            }];
        },
        "there is no ConfigMap \"settings\"",
    )
    .await;
}

#[tokio::test]
async fn a_config_map_that_comes_later_removes_the_obstacle() {
    let world = World::new();
    let runtime = world.open();
    let mut web = service(&["serve"]);
    web.ports = vec![port(8080, "http")];
    web.env.push(EnvVar {
        name: "LEVEL".to_owned(),
        source: EnvSource::ConfigMapKey {
            name: "settings".to_owned(),
            key: "level".to_owned(),
            optional: false,
        },
    });
    let template = world.template(vec![web]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    until(&runtime, "there is an obstacle", |_| !runtime.obstacles().is_empty()).await;
    let settings = ConfigMap {
        key: ObjectKey::new("default", "settings"),
        data: [("level".to_owned(), "debug".to_owned())].into(),
        bytes: BTreeMap::new(),
    };
    let order = ScaleOrder {
        config_maps: Arc::new([("settings".to_owned(), settings)].into()),
        ..order(2, 1, &template)
    };
    runtime.scale(order).await.unwrap();
    let replica = ready(&runtime, 1).await.remove(0);
    assert!(runtime.obstacles().is_empty());
    assert_eq!(get(replica.ports["http"], "/env/LEVEL").await, "debug");
    end(&runtime, 3, &template).await;
}

#[tokio::test]
async fn a_program_that_cannot_be_started_says_so() {
    let world = World::new();
    let runtime = world.open();
    let mut main = shell("");
    main.command = vec!["/no/such/program".to_owned()];
    let template = world.template(vec![main]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let seen = until(&runtime, "it backs off", |all| {
        all.first().is_some_and(|one| one.state == ReplicaState::BackOff)
    })
    .await;
    let told = seen[0].message.clone().unwrap();
    assert!(
        told.starts_with("cannot start \"/no/such/program\": No such file or directory"),
        "{told}"
    );
    assert!(seen[0].pids.is_empty());
    end(&runtime, 2, &template).await;
}

#[tokio::test]
async fn a_folder_is_an_image() {
    let world = World::new();
    let runtime = world.open();
    let app = world.path("app");
    fs::create_dir_all(&app).unwrap();
    fs::copy(program(), app.join("server")).unwrap();
    fs::write(app.join("greeting"), "hello from the image").unwrap();
    fs::set_permissions(app.join("server"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut web = shell("");
    web.image = format!("file:{}", app.display());
    web.command = vec!["./server".to_owned(), "serve".to_owned(), "$(PORT)".to_owned()];
    web.ports = vec![port(8080, "http")];
    web.env = vec![EnvVar {
        name: "TEST_WORLD".to_owned(),
        source: EnvSource::Literal(world.folder.path().display().to_string()),
    }];
    let template = world.template(vec![web]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let first = ready(&runtime, 1).await.remove(0);
    assert_eq!(get(first.ports["http"], "/file/greeting").await, "hello from the image");

    // What was built since does not change what the revision is.
    fs::write(app.join("greeting"), "something else").unwrap();
    runtime.scale(order(2, 2, &template)).await.unwrap();
    for replica in ready(&runtime, 2).await {
        assert_eq!(get(replica.ports["http"], "/file/greeting").await, "hello from the image");
    }
    end(&runtime, 3, &template).await;
}

#[tokio::test]
async fn a_manifest_for_containers_runs_by_the_image_map_of_the_settings() {
    let world = World::new();
    let mut settings = world.settings();
    settings.images = vec![ImageRule {
        image: "ghcr.io/acme/*:*".to_owned(),
        command: vec![program().display().to_string(), "serve".to_owned()],
        args: vec!["$1".to_owned()],
        env: BTreeMap::from([
            ("VERSION".to_owned(), "$tag".to_owned()),
            ("TEST_WORLD".to_owned(), world.folder.path().display().to_string()),
        ]),
        folder: Some(world.folder.path().display().to_string()),
    }];
    let runtime = tidegate_runtime_process::ProcessRuntime::open(settings).unwrap();
    let mut web = shell("");
    web.command.clear();
    web.image = "ghcr.io/acme/web:1.2.3".to_owned();
    web.ports = vec![port(8080, "http")];
    // As manifests for containers do; on one machine the replica is given another.
    web.env =
        vec![EnvVar { name: "PORT".to_owned(), source: EnvSource::Literal("8080".to_owned()) }];
    let template = world.template(vec![web]);
    runtime.scale(order(1, 2, &template)).await.unwrap();
    for replica in ready(&runtime, 2).await {
        let address = replica.ports["8080"];
        assert_eq!(get(address, "/env/VERSION").await, "1.2.3");
        assert_eq!(get(address, "/env/HOSTNAME").await, replica.id.as_str());
        assert_eq!(get(address, "/env/CARGO_MANIFEST_DIR").await, "", "none of the server's own");
    }
    end(&runtime, 2, &template).await;
}

#[tokio::test]
async fn names_that_are_paths_are_refused() {
    let world = World::new();
    let runtime = world.open();
    let template = world.template(vec![shell("exec sleep 1000")]);
    let climbing = ScaleOrder {
        owner: Owner::rollout(&ObjectKey::new("..", "web")),
        ..order(1, 1, &template)
    };
    let told = runtime.scale(climbing).await.unwrap_err().to_string();
    assert!(told.starts_with("\"..\" cannot be the name of a file"), "{told}");
    let mut named = template.clone();
    named.containers[0].name = "a/b".to_owned();
    assert!(runtime.scale(order(1, 1, &named)).await.is_err());
    assert!(runtime.replicas().is_empty());
}

#[tokio::test]
async fn more_replicas_than_the_machine_may_run_are_an_obstacle_and_not_the_end_of_it() {
    let world = World::new();
    let mut settings = world.settings();
    settings.most_replicas = 2;
    let runtime = tidegate_runtime_process::ProcessRuntime::open(settings).unwrap();
    let template = world.template(vec![shell("exec sleep 1000")]);
    runtime.scale(order(1, 1_000_000, &template)).await.unwrap();
    until(&runtime, "there is an obstacle", |_| !runtime.obstacles().is_empty()).await;
    let told = runtime.obstacles().into_values().next().unwrap();
    assert!(
        told.starts_with("1000000 replicas are wanted, and this machine runs at most 2"),
        "{told}"
    );
    ready(&runtime, 2).await;
    runtime.scale(order(2, 2, &template)).await.unwrap();
    until(&runtime, "there is none any more", |_| runtime.obstacles().is_empty()).await;
    end(&runtime, 3, &template).await;
}
