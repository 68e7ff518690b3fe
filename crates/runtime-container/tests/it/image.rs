//! Images: from registries, open and guarded, by digest.

use std::{collections::BTreeMap, sync::Arc};

use tidegate_ports::{ReplicaState, RunsAs, Runtime, ScaleOrder};
use tidegate_runtime_container::ContainerRuntime;
use tidegate_testkit::conformance::{Stage as _, end, get, order, ready, service, template, until};
use tidegate_units::{Epoch, ObjectKey, RevisionHash};
use tidegate_workload::{PodTemplate, PullPolicy, Secret};

use crate::{
    proxy::{Mood, Proxy},
    registry::{Door, Registry},
    world::{IMAGE, World, import},
};

fn of(world: &World, image: &str) -> PodTemplate {
    let mut web = service(world);
    web.image = String::from(image);
    template(world, vec![web])
}

async fn obstacle(runtime: &dyn Runtime, expect: &str) {
    let told = || runtime.obstacles().into_values().next().unwrap_or_default();
    until(runtime, expect, |_| told().contains(expect)).await;
    assert!(runtime.replicas().is_empty());
}

/// Ends the one replica of a revision.
async fn leave(runtime: &dyn Runtime, order: ScaleOrder) {
    runtime.scale(ScaleOrder { replicas: 0, ..order }).await.unwrap();
    let is_retiring = |state| matches!(state, ReplicaState::Retiring { .. });
    let retired = until(runtime, "retired", |all| is_retiring(all[0].state)).await;
    runtime.release(Epoch::default(), &retired[0].id).await.unwrap();
    until(runtime, "gone", <[_]>::is_empty).await;
}

#[tokio::test]
async fn all_replicas_of_a_revision_run_the_digest_that_the_first_one_ran() {
    let world = World::new();
    let registry = Registry::start(world.podman, Door::Open);
    for version in ["one", "two"] {
        let change = format!("ENV VERSION={version}");
        import(world.podman, &format!("localhost/web:{version}"), &[&change]);
    }
    registry.push(world.podman, "localhost/web:one", "acme/web:v1");
    let template = of(&world, &registry.name("acme/web:v1"));
    let runtime = world.open();
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let first = ready(&*runtime, 1).await.remove(0);
    assert_eq!(get(&first, "/env/VERSION").await, "one");
    assert_eq!(first.runs_as, RunsAs::Containers);
    let repository = registry.name("acme/web@sha256:");
    assert!(first.images["main"].starts_with(&repository), "{:?}", first.images);

    // The tag moves on, also in the engine; a revision does not.
    registry.push(world.podman, "localhost/web:two", "acme/web:v1");
    world.podman.must(&["pull", "-q", &registry.name("acme/web:v1")]);
    drop(runtime);
    let runtime = world.open();
    runtime.scale(order(2, 2, &template)).await.unwrap();
    for replica in ready(&*runtime, 2).await {
        assert_eq!(get(&replica, "/env/VERSION").await, "one", "{}", replica.id);
        assert_eq!(replica.images, first.images);
    }
    end(&*runtime, 3, &template).await;

    let next = ScaleOrder { revision: RevisionHash::from("r2"), ..order(4, 1, &template) };
    runtime.scale(next.clone()).await.unwrap();
    assert_eq!(get(&ready(&*runtime, 1).await[0], "/env/VERSION").await, "two");
    leave(&*runtime, next).await;
}

#[tokio::test]
async fn a_guarded_registry_wants_the_credentials_of_the_template() {
    let world = World::new();
    let registry = Registry::start(world.podman, Door::Guarded);
    registry.push(world.podman, IMAGE, "acme/secret:v1");
    let image = registry.name("acme/secret:v1");
    let runtime = world.open();
    runtime.scale(order(1, 1, &of(&world, &image))).await.unwrap();
    obstacle(&*runtime, "name a Secret with credentials in imagePullSecrets").await;

    let host = image.split('/').next().unwrap();
    let config = format!(r#"{{"auths":{{"{host}":{{"username":"ada","password":"s3cret"}}}}}}"#);
    let secret = Secret {
        key: ObjectKey::new("default", "login"),
        data: BTreeMap::from([(".dockerconfigjson".to_owned(), config)]),
        bytes: BTreeMap::new(),
    };
    let template = PodTemplate { pull_secrets: vec!["login".to_owned()], ..of(&world, &image) };
    // Another revision: the first one's pull has just failed, and is tried again a while later.
    let scale = ScaleOrder {
        revision: RevisionHash::from("r2"),
        secrets: Arc::new([("login".to_owned(), secret)].into()),
        ..order(2, 1, &template)
    };
    runtime.scale(order(2, 0, &template)).await.unwrap();
    runtime.scale(scale.clone()).await.unwrap();
    ready(&*runtime, 1).await;
    leave(&*runtime, scale).await;
}

#[tokio::test]
async fn an_image_that_is_not_to_be_had_is_told_with_its_mend() {
    let world = World::new();
    let runtime = world.open();
    let check = async |generation, image: &str, policy, expect: &str| {
        let mut template = of(&world, image);
        template.containers[0].pull_policy = policy;
        runtime.scale(order(generation, 1, &template)).await.unwrap();
        obstacle(&*runtime, expect).await;
        runtime.scale(order(generation + 1, 0, &template)).await.unwrap();
        assert!(runtime.obstacles().is_empty());
    };
    let closed = tidegate_testkit::ports::free_port();
    check(1, "Not/A:Name", None, "is no name of an image").await;
    check(3, "localhost/none:1", Some(PullPolicy::Never), "imagePullPolicy is Never").await;
    check(5, &format!("127.0.0.1:{closed}/web:1"), None, "cannot be pulled from 127.0.0.1").await;
}

#[tokio::test]
async fn what_is_not_what_its_digest_says_is_not_run() {
    let world = World::new();
    let registry = Registry::start(world.podman, Door::Open);
    import(world.podman, "localhost/changed:1", &["ENV CHANGED=yes"]);
    registry.push(world.podman, "localhost/changed:1", "acme/changed:v1");
    // Else the engine knows by the digest that it has it.
    world.podman.must(&["rmi", "localhost/changed:1"]);
    let digest = registry.tamper("acme/changed", "v1");
    let template = of(&world, &registry.name(&format!("acme/changed@{digest}")));
    let runtime = world.open();
    runtime.scale(order(1, 1, &template)).await.unwrap();
    obstacle(&*runtime, "is not what its digest says").await;
    let nothing = of(&world, &registry.name(&format!("acme/changed@sha256:{}", "0".repeat(64))));
    runtime.scale(order(2, 1, &nothing)).await.unwrap();
    obstacle(&*runtime, "look at its name and tag").await;
    runtime.scale(order(3, 0, &nothing)).await.unwrap();
}

/// What Podman 4.3 says of a pull for which it has no room.
const FULL: &str = concat!(
    r#"{"status":"Pulling fs layer","progressDetail":{},"id":"264fb6253856"}"#,
    "\n",
    r#"{"progressDetail":{},"error":"writing blob: adding layer with blob \"sha256:264fb\": "#,
    r#"ApplyLayer stdout:  stderr: write /lib64/ld.so: no space left on device exit status 1"}"#,
);

#[tokio::test]
async fn a_pull_that_finds_no_room_is_told_and_made_again() {
    let world = World::new();
    let registry = Registry::start(world.podman, Door::Open);
    registry.push(world.podman, IMAGE, "acme/large:v1");
    let proxy = Proxy::before(world.podman.socket(), world.folder.path());
    proxy.set(Mood::Answering("/images/create", 200, FULL));
    let mut settings = world.settings();
    settings.engine = proxy.socket();
    let runtime: Arc<dyn Runtime> = Arc::new(ContainerRuntime::open(settings).unwrap());
    let template = of(&world, &registry.name("acme/large:v1"));
    runtime.scale(order(1, 1, &template)).await.unwrap();
    obstacle(&*runtime, "its disk is full: make room there").await;
    proxy.set(Mood::Good);
    ready(&*runtime, 1).await;
    assert!(runtime.obstacles().is_empty());
    end(&*runtime, 2, &template).await;
}
