//! Manifests in.

use hyper::Method;
use serde_json::json;

use crate::house::{House, SERVICE, rollout};

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: '1'}\n";
const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\nstringData: {password: hunter2}\n";

#[tokio::test]
async fn a_file_is_applied_in_the_order_in_which_its_resources_need_each_other() {
    let house = House::build().await;
    let text = [&rollout("v1"), SERVICE, SECRET, CONFIG].join("---\n");
    let kinds = |answer: &crate::house::Answer| {
        let applied = answer.json();
        let applied = applied.as_array().unwrap().clone();
        applied.iter().map(|one| format!("{} {}", one["kind"], one["outcome"])).collect::<Vec<_>>()
    };
    let first = house.apply(&text).await;
    assert_eq!(
        kinds(&first),
        [
            r#""Secret" "created""#,
            r#""ConfigMap" "created""#,
            r#""Service" "created""#,
            r#""Rollout" "created""#,
        ]
    );
    let second = house.apply(&text).await;
    assert!(
        kinds(&second).iter().all(|one| one.ends_with(r#""unchanged""#)),
        "{second:?}",
        second = kinds(&second)
    );
    let third = house.apply(&CONFIG.replace("'1'", "'2'")).await;
    assert_eq!(kinds(&third), [r#""ConfigMap" "configured""#]);
}

#[tokio::test]
async fn of_a_file_with_a_problem_nothing_is_applied() {
    let house = House::build().await;
    let wrong = rollout("v1").replace("setWeight: 10", "setWeight: 101");
    let answer = house.apply(&format!("{SERVICE}---\n{wrong}")).await;
    answer.refused(422, "1 problem was found", "");
    let problem = &answer.json()["problems"][0];
    assert_eq!(problem["file"], "web.yaml");
    assert_eq!(problem["field"], "spec.strategy.canary.steps[0].setWeight");
    assert!(problem["line"].as_u64().unwrap() > 10, "{problem}");
    assert_eq!(house.get("/api/v1/services").await.json()["items"], json!([]));
    assert_eq!(house.store.words(), Vec::<String>::new());
}

#[tokio::test]
async fn what_makes_no_sense_as_a_whole_is_refused() {
    let house = House::build().await;
    house.apply("# nothing\n").await.refused(400, "no resource", "apiVersion");
    let twice = house.apply(&format!("{CONFIG}---\n{CONFIG}")).await;
    twice.refused(422, "1 problem was found", "");
    assert!(twice.text().contains("ConfigMap default/web is given twice"), "{}", twice.text());
    house.ask(Method::POST, "/v1/apply?dryRun=perhaps", CONFIG).await.refused(400, "dryRun", "");
    assert_eq!(house.get("/api/v1/configmaps").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_changes_nothing() {
    let house = House::with_web().await;
    let before = house.store.ledger().len();
    let text = [SERVICE, CONFIG, &rollout("v2")].join("---\n");
    let answer = house.ask(Method::POST, "/v1/apply?dryRun=true", &text).await.json();
    let outcomes = [&answer[0]["outcome"], &answer[1]["outcome"], &answer[2]["outcome"]];
    assert_eq!(outcomes, ["created", "unchanged", "configured"]);
    assert_eq!(house.get("/api/v1/configmaps").await.json()["items"], json!([]));
    assert_eq!(house.store.ledger().len(), before);
}

#[tokio::test]
async fn with_a_full_disk_an_apply_is_refused() {
    let house = House::build().await;
    house.store.fail();
    let answer = house.apply(CONFIG).await;
    answer.refused(503, "", "try again");
    house.store.recover();
    assert_eq!(house.apply(CONFIG).await.status, 200);
}

#[tokio::test]
async fn what_is_of_another_kind_is_left_alone_and_told() {
    let house = House::build().await;
    let other = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\n";
    let answer = house.apply(&format!("{other}---\n{CONFIG}")).await.json();
    assert_eq!(answer[0]["outcome"], "created");
    assert_eq!(
        (&answer[1]["kind"], &answer[1]["line"]),
        (&json!("PodDisruptionBudget"), &json!(1))
    );
    assert!(answer[1]["reason"].as_str().unwrap().contains("maxUnavailable"), "{answer}");
}
