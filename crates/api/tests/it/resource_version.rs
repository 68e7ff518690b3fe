//! `metadata.resourceVersion`, as Kubernetes' clients use it.

use hyper::Method;
use serde_json::{Value, json};

use crate::house::{Answer, House, rollout};

const CONFIG: &str = "/api/v1/namespaces/default/configmaps/web";

async fn config(value: &str) -> House {
    let house = House::build().await;
    let text = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web}}\ndata: {{a: '{value}'}}\n"
    );
    assert_eq!(house.apply(&text).await.status, 200);
    house
}

async fn read(house: &House, path: &str) -> Value {
    house.get(path).await.json()
}

fn outcome(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()[0]["outcome"].clone()
}

#[tokio::test]
async fn what_was_read_is_applied_again_and_changes_nothing() {
    let house = House::with_web().await;
    house.until(|view| view["report"]["phase"] == "Healthy").await;
    let entries = house.store.ledger().len();
    let path = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/web";
    let web = read(&house, path).await;
    assert!(web["status"].is_object() && web["metadata"]["creationTimestamp"].is_string(), "{web}");
    assert_eq!(outcome(&house.apply(&web.to_string()).await), "unchanged");
    assert_eq!(house.store.ledger().len(), entries);
    // A list says the same of each.
    let list = read(&house, "/apis/argoproj.io/v1alpha1/rollouts").await;
    assert_eq!(list["items"][0]["metadata"]["resourceVersion"], web["metadata"]["resourceVersion"]);
    // What is kept is what was wanted.
    house.apply(&rollout("v2")).await;
    let mut edited = read(&house, path).await;
    edited["spec"]["replicas"] = json!(3);
    edited["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    assert_eq!(outcome(&house.apply(&edited.to_string()).await), "configured");
    let diff = house.store.ledger().last().unwrap().draft.detail["manifest"].to_string();
    assert!(!diff.contains("creationTimestamp") && !diff.contains("\"status\""), "{diff}");
}

#[tokio::test]
async fn a_version_that_is_stale_is_a_conflict_and_names_the_one_of_now() {
    let house = config("1").await;
    let mut seen = read(&house, CONFIG).await;
    seen["data"]["a"] = json!("2");
    assert_eq!(outcome(&house.apply(&seen.to_string()).await), "configured");
    let now = read(&house, CONFIG).await["metadata"]["resourceVersion"].clone();
    let now = now.as_str().unwrap();
    assert_ne!(seen["metadata"]["resourceVersion"], now);
    seen["data"]["a"] = json!("3");
    let entries = house.store.ledger().len();
    for path in ["/v1/apply", "/v1/apply?dryRun=All"] {
        let stale = house.ask(Method::POST, path, &seen.to_string()).await;
        stale.refused(409, now, "read it again");
        assert_eq!(stale.json()["type"], "urn:tidegate:problem:conflict");
    }
    // Of a text nothing is done then, and without a version all of it.
    let other = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}});
    let both = format!("{other}\n---\n{seen}\n");
    house.apply(&both).await.refused(409, "was changed since", "");
    assert_eq!(house.store.ledger().len(), entries);
    assert_eq!(read(&house, CONFIG).await["data"]["a"], "2");
    for version in [json!(""), json!(null)] {
        seen["metadata"]["resourceVersion"] = version;
        assert_eq!(house.apply(&seen.to_string()).await.status, 200);
    }
    assert_eq!(read(&house, CONFIG).await["data"]["a"], "3");
}

#[tokio::test]
async fn a_version_of_what_is_not_there_or_is_no_version_is_a_conflict() {
    let house = config("1").await;
    let with = |name: &str, version: &str| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "resourceVersion": version}})
            .to_string()
    };
    house.apply(&with("gone", "0123456789abcdef")).await.refused(409, "is not there", "");
    house.apply(&with("web", "17")).await.refused(409, "not 17", "");
}

#[tokio::test]
async fn of_many_who_saw_the_same_one_is_let_through() {
    let house = std::sync::Arc::new(config("0").await);
    let seen = read(&house, CONFIG).await;
    let mut all = tokio::task::JoinSet::new();
    for number in 1..=8 {
        let (house, mut wish) = (std::sync::Arc::clone(&house), seen.clone());
        wish["data"]["a"] = json!(number.to_string());
        all.spawn(async move { house.apply(&wish.to_string()).await.status.as_u16() });
    }
    let mut answers = all.join_all().await;
    answers.sort_unstable();
    assert_eq!(answers, [200, 409, 409, 409, 409, 409, 409, 409]);
    // The first half of an `ETag` is the version, so that `If-Match` takes it.
    let tag = house.get(CONFIG).await.headers["etag"].to_str().unwrap().to_owned();
    let now = read(&house, CONFIG).await["metadata"]["resourceVersion"].clone();
    assert!(tag.starts_with(&format!("\"{}.", now.as_str().unwrap())), "{tag} {now}");
}
