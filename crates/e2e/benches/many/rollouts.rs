//! Many rollouts, for benchmarks.

use std::time::Duration;

use serde_json::{Value, json};
use tidegate_controller::ControlPlane;
use tidegate_manifest::resource_of;
use tidegate_rollout::Phase;
use tokio::task::JoinSet;

/// So many people apply at the same time.
const AT_ONCE: usize = 256;

/// Applies a revision of each, by some people at once.
pub(crate) async fn apply(plane: &ControlPlane, count: u32, version: &str) {
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let manifests = [service(number), rollout(number, version)];
        let plane = plane.clone();
        while tasks.len() >= AT_ONCE {
            tasks.join_next().await.unwrap().unwrap();
        }
        tasks.spawn(async move {
            for manifest in manifests {
                let resource = resource_of(&manifest).unwrap();
                plane.apply(resource, manifest, "bench", "Applied").await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

/// Waits until every rollout is in such a phase.
pub(crate) async fn until(plane: &ControlPlane, count: u32, is: impl Fn(Phase) -> bool) {
    loop {
        let views = plane.rollouts(None);
        if views.iter().filter(|view| is(view.report.phase)).count() == count as usize {
            return;
        }
        drop(views);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Prints the median of some times, and how high they went.
pub(crate) fn tell(what: &str, took: &mut [Duration]) {
    took.sort_unstable();
    let millis = |at: usize| took.get(at).map_or(0.0, |took| took.as_secs_f64() * 1000.0);
    let (median, high) = (millis(took.len() / 2), millis(took.len() * 99 / 100));
    let most = millis(took.len().saturating_sub(1));
    println!(
        "{what}: median {median:.1} ms, p99 {high:.1} ms, most {most:.1} ms, of {}",
        took.len()
    );
}

fn service(number: u32) -> Value {
    let [_, _, high, low] = number.to_be_bytes();
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": format!("web-{number}"),
            "annotations": { "tidegate.dev/listen": format!("127.1.{high}.{low}:80") },
        },
        "spec": {
            "selector": { "app": format!("web-{number}") },
            "ports": [{ "port": 80, "targetPort": 8080 }],
        },
    })
}

fn rollout(number: u32, version: &str) -> Value {
    let labels = json!({ "app": format!("web-{number}") });
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": { "name": format!("web-{number}") },
        "spec": {
            "replicas": 1,
            "selector": { "matchLabels": labels },
            "strategy": { "canary": {
                "trafficRouting": { "plugins": { "tidegate/router": {} } },
                "steps": [{ "setWeight": 5 }, { "pause": {} }],
            } },
            "template": {
                "metadata": { "labels": labels },
                "spec": { "containers": [{
                    "name": "web",
                    "image": format!("web:{version}"),
                    "env": [{ "name": "VERSION", "value": version }],
                    "ports": [{ "name": "http", "containerPort": 8080 }],
                    "readinessProbe": { "httpGet": { "path": "/healthz", "port": "http" } },
                }] },
            },
        },
    })
}
