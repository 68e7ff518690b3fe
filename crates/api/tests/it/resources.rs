//! Resources at the addresses of Kubernetes.

use hyper::Method;
use serde_json::json;

use crate::house::{House, rollout};

#[tokio::test]
async fn a_rollout_has_the_status_fields_of_argo() {
    let house = House::with_web().await;
    house.apply(&rollout("v2")).await;
    house.until(|view| view["report"]["phase"] == "Paused").await;
    let path = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/web";
    let document = house.get(path).await.json();
    assert_eq!(document["apiVersion"], "argoproj.io/v1alpha1");
    assert_eq!(document["kind"], "Rollout");
    assert_eq!(document["metadata"]["namespace"], "default");
    assert_eq!(document["metadata"]["labels"], json!({"team": "shop"}));
    assert_eq!(document["spec"]["template"]["spec"]["containers"][0]["image"], "web:v2");
    let status = &document["status"];
    assert_eq!(status["phase"], "Paused");
    assert_eq!(status["currentStepIndex"], 1);
    assert_eq!(status["controllerPause"], true);
    assert_eq!(status["pauseConditions"][0]["reason"], "CanaryPauseStep");
    assert_eq!(status["canary"]["weights"]["canary"]["weight"], 10);
    assert_eq!(status["canary"]["weights"]["stable"]["weight"], 90);
    assert_eq!(status["canary"]["weights"]["verified"], true);
    assert_ne!(status["stableRS"], status["currentPodHash"]);
    assert_eq!(status["updatedReplicas"], 1);
    assert_eq!(status["readyReplicas"], 3);
    let kinds = status["conditions"].as_array().unwrap();
    assert!(kinds.iter().any(|one| one["type"] == "Paused" && one["status"] == "True"), "{status}");
}

#[tokio::test]
async fn weights_are_told_out_of_what_the_manifest_makes_of_all_traffic() {
    let house = House::with_web().await;
    let fine = rollout("v2")
        .replace("trafficRouting:", "trafficRouting:\n        maxTrafficWeight: 1000")
        .replace("setWeight: 10", "setWeight: 1");
    house.apply(&fine).await;
    house.until(|view| view["report"]["phase"] == "Paused").await;
    let path = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/web";
    let weights = &house.get(path).await.json()["status"]["canary"]["weights"];
    assert_eq!(weights["canary"]["weight"], 1);
    assert_eq!(weights["stable"]["weight"], 999);
    assert_eq!(weights["verified"], true);
}

#[tokio::test]
async fn a_blue_green_rollout_tells_who_is_active_and_who_is_previewed() {
    let house = House::with_web().await;
    let canary = "    canary:
      trafficRouting:
        plugins:
          tidegate/router: {}
      steps:
      - setWeight: 10
      - pause: {}
";
    let blue_green = "    blueGreen: {activeService: web, autoPromotionEnabled: false}\n";
    let text = rollout("v2");
    assert!(text.contains(canary));
    house.apply(&text.replace(canary, blue_green)).await;
    house.until(|view| view["report"]["phase"] == "Paused").await;
    let path = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/web";
    let status = house.get(path).await.json()["status"].clone();
    assert_eq!(status["message"], "BlueGreenPause");
    assert_eq!(status["pauseConditions"][0]["reason"], "BlueGreenPause");
    assert_eq!(status["controllerPause"], true);
    assert_eq!(status["blueGreen"]["activeSelector"], status["stableRS"]);
    assert_eq!(status["blueGreen"]["previewSelector"], status["currentPodHash"]);
    assert_ne!(status["stableRS"], status["currentPodHash"]);
    assert_eq!((&status["canary"], &status["currentStepIndex"]), (&json!(null), &json!(null)));
    house.act("promote", "").await;
    house.until(|view| view["report"]["phase"] == "Healthy").await;
    let status = house.get(path).await.json()["status"].clone();
    assert_eq!(status["blueGreen"]["activeSelector"], status["currentPodHash"]);
}

#[tokio::test]
async fn a_service_tells_where_it_listens() {
    let house = House::with_web().await;
    let one = house.get("/api/v1/namespaces/default/services/web").await.json();
    let all = house.get("/api/v1/services").await.json();
    for document in [&one, &all["items"][0]] {
        let ingress = &document["status"]["loadBalancer"]["ingress"][0];
        assert_eq!(ingress["ip"], "127.0.0.1", "{document}");
        assert!(ingress["ports"][0]["port"].as_u64().unwrap() > 0, "{document}");
    }
}

#[tokio::test]
async fn lists_are_of_one_namespace_or_of_all() {
    let house = House::with_web().await;
    let config =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\ndata: {}\n";
    house.apply(config).await;
    let names = async |path: &str| {
        let list = house.get(path).await.json();
        let items = list["items"].as_array().unwrap().clone();
        (list["kind"].as_str().unwrap().to_owned(), items.len())
    };
    assert_eq!(names("/api/v1/configmaps").await, ("ConfigMapList".to_owned(), 1));
    assert_eq!(names("/api/v1/namespaces/shop/configmaps").await.1, 1);
    assert_eq!(names("/api/v1/namespaces/default/configmaps").await.1, 0);
    let rollouts = "/apis/argoproj.io/v1alpha1/rollouts";
    assert_eq!(names(rollouts).await, ("RolloutList".to_owned(), 1));
    let item = &house.get(rollouts).await.json()["items"][0];
    assert_eq!(item["status"]["phase"], "Healthy");
}

#[tokio::test]
async fn the_values_of_a_secret_are_never_shown() {
    let house = House::build().await;
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: hunter2}\n";
    assert_eq!(house.apply(secret).await.status, 200);
    for path in ["/api/v1/secrets", "/api/v1/namespaces/default/secrets/db", "/v1/ledger"] {
        let text = house.get(path).await.text();
        assert!(text.contains("db"), "{text}");
        assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "{text}");
    }
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_what_is_not_there_is_told() {
    let house = House::with_web().await;
    let service = "/api/v1/namespaces/default/services/web";
    let answer = house.ask(Method::DELETE, service, "").await;
    assert_eq!(answer.json()["status"], "Success");
    house.get(service).await.refused(404, "there is no Service default/web", "get services -A");
    house.ask(Method::DELETE, service, "").await.refused(404, "Service default/web", "");
    let rollout = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/web";
    assert_eq!(house.ask(Method::DELETE, rollout, "").await.status, 200);
    for _ in 0..500 {
        if house.get(rollout).await.status == 404 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the rollout is still there");
}

#[tokio::test]
async fn a_template_of_the_cluster_belongs_to_no_namespace() {
    let house = House::build().await;
    let template = "apiVersion: argoproj.io/v1alpha1\nkind: ClusterAnalysisTemplate\nmetadata: {name: a, namespace: shop}\nspec: {metrics: [{name: m, provider: {prometheus: {query: up}}}]}\n";
    assert_eq!(house.apply(template).await.status, 200);
    let all = "/apis/argoproj.io/v1alpha1/clusteranalysistemplates";
    let list = house.get(all).await.json();
    assert_eq!(list["kind"], "ClusterAnalysisTemplateList");
    let one = format!("{all}/a");
    let document = house.get(&one).await.json();
    assert_eq!(document, list["items"][0]);
    assert_eq!(document["metadata"]["name"], "a");
    assert_eq!(document["metadata"].get("namespace"), None);
    assert_eq!(document["spec"]["metrics"][0]["name"], "m");
    let other = "/apis/argoproj.io/v1alpha1/analysistemplates/a";
    house.get(other).await.refused(404, "AnalysisTemplate belongs to a namespace", "NAMESPACE");
    assert_eq!(house.ask(Method::DELETE, &one, "").await.json()["status"], "Success");
    house.get(&one).await.refused(404, "ClusterAnalysisTemplate", "");
}
