//! Rollouts whose pod template is that of a Deployment.

use tidegate_manifest::{Resource, read_file, resource_of};
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
        assert_eq!(reading.left, [], "it is read with its Rollout");
        let [document] = reading.documents.as_slice() else { panic!("{reading:#?}") };
        let found = rollout(&document.resource);
        assert_eq!(
            (found.spec.replicas, found.template.containers[0].image.as_str()),
            (2, "web:1")
        );
        assert_eq!(found.selector["app"], "web");
        // What is stored stands by itself.
        assert_eq!(document.manifest.pointer("/spec/workloadRef"), None);
        assert_eq!(rollout(&resource_of(&document.manifest).unwrap()), found);
    }
}

#[test]
fn a_deployment_that_nobody_refers_to_is_left_alone() {
    for other in [
        ROLLOUT.replace("name: web, scaleDown", "name: api, scaleDown"),
        ROLLOUT.replace("{name: web}", "{name: web, namespace: shop}"),
    ] {
        let text = format!("{other}---\n{DEPLOYMENT}");
        assert!(read_file("web.yaml", &text).is_err(), "{text}");
    }
    let reading = read_file("web.yaml", DEPLOYMENT).unwrap();
    assert_eq!((reading.documents.len(), reading.left.len()), (0, 1));
}
