//! What a real server tells real receivers, also when it is killed.

use std::time::{Duration, Instant};

use tidegate_e2e::{House, Manifest, Step};
use tidegate_rollout::Phase;

use crate::receivers::{Came, Hooks, Mailbox};

const PATIENCE: Duration = Duration::from_mins(1);

async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

fn settings(hooks: &Hooks, mail: u16) -> String {
    let address = hooks.address;
    format!(
        r"apiVersion: v1
kind: ConfigMap
metadata: {{name: argo-rollouts-notification-configmap, namespace: argo-rollouts}}
data:
  service.webhook.audit: |
    url: http://{address}/audit
    headers: [{{name: Authorization, value: Bearer $audit}}]
  service.webhook.strict: |
    url: http://{address}/strict
  service.webhook.slow: |
    url: http://{address}/slow
  service.cdevents.bus: |
    url: http://{address}/bus
  service.email: |
    host: 127.0.0.1
    port: {mail}
    from: Tidegate <tidegate@example.com>
---
apiVersion: v1
kind: Secret
metadata: {{name: argo-rollouts-notification-secret, namespace: argo-rollouts}}
stringData: {{audit: very-s3cret}}
"
    )
}

fn manifest(house: &House, version: &str) -> String {
    let text = Manifest::good(version)
        .steps(&[Step::Weight(20), Step::Hold])
        .yaml(Some(house.sample()), house.address());
    let annotations = ["audit", "strict", "slow", "bus"].map(|service| {
        format!("    notifications.argoproj.io/subscribe.on-rollout-aborted.{service}: \"\"\n")
    });
    let mail =
        "    notifications.argoproj.io/subscribe.on-rollout-aborted.email: on-call@example.com\n";
    let annotations =
        format!("metadata:\n  name: web\n  annotations:\n{}{mail}", annotations.concat());
    let (service, rollout) = text.split_once("kind: Rollout").unwrap();
    let rollout = rollout.replacen("metadata: {name: web}", annotations.trim_end(), 1);
    assert!(rollout.contains("subscribe"), "{rollout}");
    format!("{service}kind: Rollout{rollout}")
}

/// All that came is the same delivery.
fn is_one(came: &[Came]) -> bool {
    came.iter().all(|one| Some(one) == came.first())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abort_is_told_to_all_who_are_named_whatever_they_answer_and_whoever_dies() {
    let mut house = House::build().unwrap();
    let (hooks, mut mailbox) = (Hooks::open().await, Mailbox::open());
    hooks.answer("/audit", &[503, 503]);
    // Also to the second time, where the server is killed before it has written down the first.
    hooks.answer("/strict", &[422, 422]);
    hooks.answer("/slow", &[0]);
    house.apply_text(&settings(&hooks, mailbox.port)).unwrap();
    house.apply_text(&manifest(&house, "v1")).unwrap();
    house.until_stable("v1").await.unwrap();
    house.apply_text(&manifest(&house, "v2")).unwrap();
    house.until("it holds", PATIENCE, |view| view.report.phase == Phase::Paused).await.unwrap();
    house.tidegate(&["rollout", "abort", "web", "--reason", "the mail says so"]).unwrap();

    // One that never answers, and the server is killed while it is asked.
    until("the slow one is asked", || (!hooks.came("/slow").is_empty()).then_some(())).await;
    house.kill_server().unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    house.start_server().unwrap();

    until("the slow one has it", || (hooks.came("/slow").len() == 2).then_some(())).await;
    assert!(is_one(&hooks.came("/slow")), "{:?}", hooks.came("/slow"));
    until("the audit has it", || (hooks.came("/audit").len() >= 3).then_some(())).await;
    assert!(is_one(&hooks.came("/audit")), "{:?}", hooks.came("/audit"));
    let (_, told) = hooks.came("/audit").remove(0);
    assert!(told.starts_with("Rollout default/web has been aborted: by "), "{told}");
    assert!(told.ends_with("the mail says so."), "{told}");

    let mail = mailbox.next();
    assert!(mail.contains("\"recipients\": [\"on-call@example.com\"]"), "{mail}");
    assert!(mail.contains("Subject: Rollout default/web has been aborted"), "{mail}");

    let both = ["dev.cdevents.incident.detected.0.3.0", "dev.cdevents.service.rolledback.0.3.0"];
    let has = |kind: &str| hooks.came("/bus").iter().any(|(_, body)| body.contains(kind));
    until("the bus has both", || both.iter().all(|kind| has(kind)).then_some(())).await;

    // What was refused for good waits for a person.
    let list = || house.tidegate(&["notify", "dead-letters", "-o", "json"]).unwrap();
    let dead = until("it is given up", || {
        let read: serde_json::Value = serde_json::from_str(&list()).unwrap();
        read.pointer("/items/0").cloned()
    });
    let dead = dead.await;
    let field = |name: &str| dead.get(name).unwrap().as_str().unwrap().to_owned();
    assert_eq!(field("service"), "strict");
    assert!(field("reason").contains("422"), "{dead}");
    let before = hooks.came("/strict").len();
    assert!(before <= 2, "it was asked {before} times");
    hooks.answer("/strict", &[]);
    house.tidegate(&["notify", "retry", &field("id")]).unwrap();
    until("the strict one has it", || (hooks.came("/strict").len() > before).then_some(())).await;
    assert!(is_one(&hooks.came("/strict")));
    until("none is left", || (!list().contains("strict")).then_some(())).await;

    let shown = house.tidegate(&["notify", "list"]).unwrap();
    assert!(
        shown.contains("on-rollout-aborted") && shown.contains("on-call@example.com"),
        "{shown}"
    );
    assert!(shown.contains("0 wait to be delivered, 0 could not be"), "{shown}");
    let ledger = house.tidegate(&["ledger", "show", "-o", "json"]).unwrap();
    for word in ["NotificationGivenUp", "NotificationRetried"] {
        assert!(ledger.contains(word), "{word}");
    }
    for text in [ledger, shown, house.log(), list()] {
        assert!(!text.contains("very-s3cret"), "{text}");
    }
    let tried = house.tidegate(&["notify", "test", "audit"]).unwrap();
    assert!(tried.contains("audit took it"), "{tried}");
    house.end().unwrap();
}
