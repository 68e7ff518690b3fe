//! Rollouts whose pod template is that of a Deployment.

use tidegate_manifest::{Kind, Resource, read_file, resource_of, with_workload, workload_of};
use tidegate_rollout::RolloutResource;

fn rollout(resource: &Resource) -> &RolloutResource {
    match resource {
        Resource::Rollout(rollout) => rollout,
        other => panic!("{other:#?}"),
    }
}

const ROLLOUT: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  replicas: 2
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web, scaleDown: onsuccess}
  strategy: {canary: {}}
";

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'web:1'}]}
";

#[test]
fn the_template_and_the_selector_are_the_deployments() {
    for text in [format!("{ROLLOUT}---\n{DEPLOYMENT}"), format!("{DEPLOYMENT}---\n{ROLLOUT}")] {
        let reading = read_file("web.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!((reading.documents.len(), reading.notes.len(), reading.left.len()), (2, 0, 0));
        let of = |kind| reading.documents.iter().find(|one| one.resource.kind() == kind).unwrap();
        let (document, deployment) = (of(Kind::Rollout), of(Kind::Deployment));
        let found = rollout(&document.resource);
        assert_eq!(
            (found.spec.replicas, found.template.containers[0].image.as_str()),
            (2, "web:1")
        );
        assert_eq!(found.selector["app"], "web");
        // What is stored is what was written; the two are put together wherever it is read.
        assert_eq!(workload_of(&document.manifest), Some("web"));
        let whole = with_workload(&document.manifest, &deployment.manifest);
        assert_eq!(rollout(&resource_of(&whole).unwrap()), found);
    }
}

#[test]
fn a_deployment_that_is_elsewhere_may_come_later() {
    for other in [
        ROLLOUT.replace("name: web, scaleDown", "name: api, scaleDown"),
        ROLLOUT.replace("{name: web}", "{name: web, namespace: shop}"),
    ] {
        let text = format!("{other}---\n{DEPLOYMENT}");
        let reading = read_file("web.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
        let found = rollout(&reading.documents[0].resource);
        assert_eq!((found.template.containers.len(), found.selector.len()), (0, 0));
        let told: Vec<_> = reading.notes.iter().map(|note| note.message.as_str()).collect();
        assert!(told[0].contains("which is not in this file"), "{told:?}");
        assert!(told[1].contains("not run by itself"), "{told:?}");
    }
}

#[test]
fn a_deployment_that_nobody_refers_to_may_hold_anything() {
    let odd = DEPLOYMENT.replace("spec: {containers:", "spec: {hostname: x, containers:");
    let reading = read_file("web.yaml", &odd).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!((reading.documents.len(), reading.notes.len()), (1, 1));
    let told = read_file("web.yaml", &format!("{ROLLOUT}---\n{odd}")).unwrap_err().to_string();
    assert!(told.contains("spec.template.spec.hostname"), "{told}");
}
