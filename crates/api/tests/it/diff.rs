//! What revisions differ in.

use serde_json::json;

use crate::house::{House, rollout};

const PATH: &str = "/v1/namespaces/default/rollouts/web/diff";
const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\nstringData: {password: hunter2}\n";

#[tokio::test]
async fn two_revisions_are_compared_field_by_field_and_as_text() {
    let house = House::with_web().await;
    house.get(PATH).await.refused(409, "nothing to compare with", "`from` and `to`");
    house.apply(SECRET).await;
    let reference = "        env:
        - name: PASSWORD
          valueFrom:
            secretKeyRef: {name: web, key: password}
        ports:";
    house.apply(&rollout("v2").replace("        ports:", reference)).await;
    house.until(|view| view["report"]["phase"] == "Paused").await;
    let answer = house.get(PATH).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(!answer.text().contains("hunter2"), "{}", answer.text());
    let diff = answer.json();
    assert_eq!((&diff["from"]["number"], &diff["to"]["number"]), (&json!(1), &json!(2)));
    let text = diff["text"].as_str().unwrap();
    assert!(text.starts_with("--- revision 1\n+++ revision 2\n@@ "), "{text}");
    let has = |sign: char, end: &str| {
        text.lines().any(|line| line.starts_with(sign) && line.ends_with(end))
    };
    assert!(has('-', "image: \"web:v1\"") && has('+', "image: \"web:v2\""), "{text}");
    let changes = diff["changes"].as_array().unwrap();
    let image = json!({"path": "$.spec.containers[0].image", "change": "changed", "from": "web:v1", "to": "web:v2"});
    assert!(changes.contains(&image), "{changes:#?}");
    let env = changes.iter().find(|one| one["path"] == "$.spec.containers[0].env").unwrap();
    assert_eq!(env["to"][0]["valueFrom"]["secretKeyRef"]["key"], "password");
    let back = house.get(&format!("{PATH}?from=2&to=1")).await.json();
    assert!(back["changes"].as_array().unwrap().iter().any(|one| one["change"] == "removed"));
    let same = house.get(&format!("{PATH}?from=2&to=2")).await.json();
    assert_eq!((&same["text"], &same["changes"]), (&json!(""), &json!([])));
    house.get(&format!("{PATH}?from=9")).await.refused(404, "no revision 9", "that are kept: 2, 1");
    house.get(&format!("{PATH}?from=-1")).await.refused(400, "from", "");
    let nobody = "/v1/namespaces/default/rollouts/nobody/diff";
    house.get(nobody).await.refused(404, "no Rollout default/nobody", "");
}
