//! Init containers, and what they mean.

use serde_json::Value;
use tidegate_manifest::{Resource, read, resource_of, with_image};
use tidegate_workload::{HostAlias, InitKind, PodTemplate};

fn manifest(init: &str) -> Value {
    let text = format!(
        "\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  strategy: {{canary: {{}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers: [{{name: web, image: 'web:1'}}]
      {init}
"
    );
    let documents = read("web.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    documents[0].manifest.clone()
}

fn template(manifest: &Value) -> PodTemplate {
    match resource_of(manifest) {
        Ok(Resource::Rollout(rollout)) => (*rollout.template).clone(),
        other => panic!("{other:#?}"),
    }
}

#[test]
fn an_init_container_runs_to_its_end_unless_it_is_a_sidecar() {
    let all = template(&manifest(
        "initContainers:
      - {name: migrate, image: 'web:1', args: [migrate], ports: [{containerPort: 1}]}
      - name: agent
        image: agent:1
        restartPolicy: Always
        ports: [{name: agent, containerPort: 9000}]
        startupProbe: {tcpSocket: {port: agent}}
        lifecycle: {preStop: {sleep: {seconds: 1}}}",
    ));
    let init: Vec<_> =
        all.init.iter().map(|init| (init.container.name.as_str(), init.kind)).collect();
    assert_eq!(init, [("migrate", InitKind::Task), ("agent", InitKind::Sidecar)]);
    assert_eq!(all.init[0].container.args, ["migrate"]);
    assert!(all.init[1].container.startup.is_some());
    let names = |containers: Vec<&tidegate_workload::Container>| -> Vec<String> {
        containers.iter().map(|one| one.name.clone()).collect()
    };
    assert_eq!(names(all.all().collect()), ["web", "migrate", "agent"]);
    assert_eq!(names(all.lasting().collect()), ["web", "agent"]);
}

#[test]
fn a_template_without_init_containers_is_the_revision_that_it_was() {
    let (none, empty) = (template(&manifest("")), template(&manifest("initContainers: []")));
    assert_eq!(none.revision(), empty.revision());
    let one = template(&manifest("initContainers: [{name: a, image: 'a:1'}]"));
    assert_ne!(none.revision(), one.revision());
}

#[test]
fn an_address_has_the_names_that_are_given() {
    let aliases = "hostAliases: [{ip: 10.0.0.7, hostnames: [db, db.shop]}, {ip: '::1'}]";
    let found = template(&manifest(aliases)).host_aliases;
    let names = ["db", "db.shop"].map(str::to_owned).to_vec();
    assert_eq!(found, [HostAlias { address: [10, 0, 0, 7].into(), names }]);
}

#[test]
fn set_image_reaches_init_containers() {
    let before = manifest("initContainers: [{name: migrate, image: 'web:1'}]");
    let one = template(&with_image(&before, "migrate", "web:2").unwrap());
    assert_eq!(
        (one.init[0].container.image.as_str(), &*one.containers[0].image),
        ("web:2", "web:1")
    );
    let all = template(&with_image(&before, "*", "web:2").unwrap());
    assert_eq!(
        (all.init[0].container.image.as_str(), &*all.containers[0].image),
        ("web:2", "web:2")
    );
    let told = with_image(&before, "none", "web:2").unwrap_err().to_string();
    assert_eq!(told, "there is no container \"none\"; the template has web, migrate");
}
