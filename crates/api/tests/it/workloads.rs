//! Rollouts whose pod template is that of a Deployment, whichever comes first.

use hyper::Method;

use crate::house::House;

const ROLLOUT: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web-pods, scaleDown: progressively}
  strategy: {canary: {}}
";

fn deployment(version: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web-pods}}\nspec:\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    \
         spec: {{containers: [{{name: web, image: 'web:{version}', ports: [{{containerPort: 8080}}]}}]}}\n"
    )
}

async fn healthy(house: &House, image: &str) {
    let view = house
        .until(|view| view["report"]["phase"] == "Healthy" && view["images"][0] == image)
        .await;
    assert_eq!(view.images, [image]);
}

#[tokio::test]
async fn a_rollout_waits_for_its_deployment_and_follows_it() {
    let house = House::build().await;
    house.apply(ROLLOUT).await;
    let view = house.until(|view| view["report"]["phase"] == "Degraded").await;
    assert!(view.status.message.contains("no Deployment default/web-pods"), "{view:#?}");
    let condition = format!("{:?}", view.status.conditions[0].kind);
    assert_eq!(condition, "InvalidSpec");
    let answer = house.apply(&deployment("v1")).await.json();
    assert_eq!((&answer[0]["kind"], &answer[1]["kind"]), (&"Deployment".into(), &"Rollout".into()));
    healthy(&house, "web:v1").await;
    house.apply(&deployment("v2")).await;
    healthy(&house, "web:v2").await;
    let again = house.apply(&format!("{ROLLOUT}---\n{}", deployment("v2"))).await.text();
    assert!(!again.contains("configured"), "{again}");
    let alone = house.apply(ROLLOUT).await.text();
    assert!(alone.contains("unchanged"), "{alone}");
}

#[tokio::test]
async fn what_people_ask_of_the_template_is_done_to_the_deployment() {
    let house = House::build().await;
    house.apply(&deployment("v1")).await;
    house.apply(ROLLOUT).await;
    house.apply(&ROLLOUT.replace("{name: web}", "{name: other}")).await;
    healthy(&house, "web:v1").await;
    house.act("set-image", r#"{"images": {"web": "web:v2"}}"#).await;
    healthy(&house, "web:v2").await;
    let path = "/apis/apps/v1/namespaces/default/deployments/web-pods";
    let image = "/spec/template/spec/containers/0/image";
    assert_eq!(house.get(path).await.json().pointer(image), Some(&"web:v2".into()));
    let other = house.get("/v1/namespaces/default/rollouts/other/view").await.json();
    assert_eq!(other["images"][0], "web:v2", "whoever follows the Deployment follows it");
    house.act("undo", "").await;
    healthy(&house, "web:v1").await;
    assert_eq!(house.get(path).await.json().pointer(image), Some(&"web:v1".into()));
    house.act("restart", "").await;
    house.until(|view| !view["status"]["restarted_at"].is_null()).await;
}

#[tokio::test]
async fn a_deployment_that_goes_takes_nothing_with_it_and_one_that_is_wrong_changes_nothing() {
    let house = House::build().await;
    house.apply(&format!("{ROLLOUT}---\n{}", deployment("v1"))).await;
    healthy(&house, "web:v1").await;
    let wrong = deployment("v2").replace("name: web, image", "name: web, tty: true, image");
    let answer = house.apply(&wrong).await;
    answer.refused(422, "1 problem was found", "");
    assert!(answer.text().contains("tty"), "{}", answer.text());
    let path = "/apis/apps/v1/namespaces/default/deployments/web-pods";
    assert!(!house.get(path).await.text().contains("web:v2"));
    house.ask(Method::DELETE, path, "").await;
    let answer = house.apply(&ROLLOUT.replace("spec:\n", "spec:\n  replicas: 2\n")).await.text();
    assert!(answer.contains("configured"), "{answer}");
    let view = house.until(|view| view["replicas_wanted"] == 2).await;
    assert_eq!(view.images, ["web:v1"]);
    healthy(&house, "web:v1").await;
}
