//! Who is told what happened, by a courier that does what each test says.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use hyper::Method;
use serde_json::{Value, json};
use tidegate_api::{NotificationSettings, Options};
use tidegate_notify::{Letter, Sources};
use tidegate_ports::{Again, Courier, Undelivered};
use tidegate_testkit::MemoryStore;

use crate::house::{House, SERVICE, TOKEN, rollout};

/// Brings what it is given as often as it is told, and then fails or not as it is told.
#[derive(Default)]
struct Scripted {
    /// How the next ones end; all is well after them.
    ends: Mutex<VecDeque<Undelivered>>,
    brought: Mutex<Vec<Letter>>,
}

#[async_trait]
impl Courier for Scripted {
    async fn bring(&self, letter: &Letter) -> Result<(), Undelivered> {
        self.brought.lock().unwrap().push(letter.clone());
        self.ends.lock().unwrap().pop_front().map_or(Ok(()), Err)
    }
}

impl Scripted {
    fn failing(ends: impl IntoIterator<Item = Again>) -> Arc<Self> {
        let end = |again| Undelivered {
            problem: "the receiver answered 500 to hook-t0ken".to_owned(),
            answer: Some("you sent hook-t0ken".to_owned()),
            again,
        };
        let ends = Mutex::new(ends.into_iter().map(end).collect());
        Arc::new(Self { ends, ..Self::default() })
    }

    /// The bodies of what was brought, each with its delivery.
    fn bodies(&self) -> Vec<(String, String)> {
        let brought = self.brought.lock().unwrap();
        let body = |letter: &Letter| match letter {
            Letter::Http(letter) => {
                let mut headers = letter.headers.iter();
                let id = headers.find(|(name, _)| name == "Tidegate-Delivery").unwrap().1.clone();
                (id, letter.body.clone())
            }
            Letter::Mail(_) => panic!("a mail"),
        };
        brought.iter().map(body).collect()
    }
}

const HOUR: Duration = Duration::from_hours(1);

fn settings() -> NotificationSettings {
    let settings = [
        (
            "service.webhook.hook",
            "url: http://hook.example/x\nheaders: [{name: X-Token, value: $token}]\n",
        ),
        (
            "template.rollout-completed",
            "webhook: {hook: {method: POST, body: 'done {{.rollout.metadata.name}} {{.event.detail.revision}}'}}\n",
        ),
    ];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let secrets = [("token".to_owned(), "hook-t0ken".to_owned())].into();
    NotificationSettings::Given(Sources { settings, secrets })
}

fn with(courier: &Arc<Scripted>) -> impl FnOnce(&mut Options) + use<> {
    let courier = Arc::clone(courier);
    move |options| {
        options.courier = courier;
        options.notifications = settings();
    }
}

/// `web`, which tells the hook when it is completed, and somebody whom the settings do not know.
fn told(version: &str) -> String {
    rollout(version).replacen(
        "  name: web\n",
        "  name: web\n  annotations:\n    notifications.argoproj.io/subscribe.on-rollout-completed.hook: \"\"\n    notifications.argoproj.io/subscribe.on-rollout-completed.nobody: x\n",
        1,
    )
}

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn dead_letters(house: &House) -> Vec<Value> {
    house.get("/v1/notifications/dead-letters").await.json()["items"].as_array().unwrap().clone()
}

/// What is at an address, asked as of this machine: that is what scrapers have to do.
async fn shown(house: &House, path: &str) -> String {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("authorization", bearer.as_str()), ("host", "localhost")];
    house.ask_with(Method::GET, path, &headers, "").await.text()
}

async fn pending(house: &House) -> u64 {
    house.get("/v1/notifications").await.json()["pending"].as_u64().unwrap()
}

async fn words(house: &House) -> Vec<String> {
    let ledger = house.get("/v1/ledger?limit=1000").await.json();
    let entries = ledger["entries"].as_array().unwrap().iter();
    let own = entries.filter(|entry| entry["subject"]["kind"] == "Notification");
    own.map(|entry| {
        format!(
            "{} by {}",
            entry["what"].as_str().unwrap(),
            entry["actor"]["kind"].as_str().unwrap()
        )
    })
    .collect()
}

async fn released(courier: &Arc<Scripted>) -> House {
    let house = House::with(with(courier)).await;
    let answer = house.apply(&format!("{SERVICE}---\n{}", told("v1"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    house.until(|view| view["report"]["phase"] == "Healthy").await;
    house
}

#[tokio::test]
async fn what_is_subscribed_is_told_once_and_what_nobody_takes_is_a_dead_letter() {
    let courier = Scripted::failing([]);
    let house = released(&courier).await;
    until("it is told", async || (courier.bodies().len() == 1).then_some(())).await;
    assert!(courier.bodies()[0].1.starts_with("done web "), "{:?}", courier.bodies());
    let letters = until("the other is given up", async || {
        Some(dead_letters(&house).await).filter(|letters| letters.len() == 1)
    });
    let letter = letters.await.remove(0);
    assert_eq!(letter["reason"], "the settings have no service \"nobody\"");
    assert_eq!(letter["service"], "nobody");
    assert_eq!((&letter["namespace"], &letter["name"]), (&json!("default"), &json!("web")));
    until("nothing waits", async || (pending(&house).await == 0).then_some(())).await;
    assert_eq!(words(&house).await, ["NotificationGivenUp by controller"]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(courier.bodies().len(), 1);
}

#[tokio::test]
async fn what_fails_is_tried_again_and_without_a_secret_in_any_answer() {
    let courier = Scripted::failing([Again::Later(None), Again::Never]);
    let house = released(&courier).await;
    let is_hook = |letter: &Value| letter["service"] == "hook";
    let letter =
        until("it is given up", async || dead_letters(&house).await.into_iter().find(is_hook))
            .await;
    assert_eq!(courier.bodies().len(), 2);
    assert_eq!(courier.bodies()[0], courier.bodies()[1]);
    assert_eq!(letter["tries"], 2);
    assert_eq!(letter["reason"], "the receiver answered 500 to (secret)");
    assert_eq!(letter["answer"], "you sent (secret)");
    let id = letter["id"].as_str().unwrap();

    let retried =
        house.ask(Method::POST, &format!("/v1/notifications/dead-letters/{id}/retry"), "").await;
    assert_eq!(retried.status, 204, "{}", retried.text());
    until("it is told", async || (courier.bodies().len() == 3).then_some(())).await;
    assert_eq!(courier.bodies()[2], courier.bodies()[0]);
    until("nothing waits", async || (pending(&house).await == 0).then_some(())).await;
    assert!(!dead_letters(&house).await.iter().any(is_hook));
    house
        .ask(Method::POST, &format!("/v1/notifications/dead-letters/{id}/retry"), "")
        .await
        .refused(404, "there is no dead letter", "lists them");
    assert!(words(&house).await.contains(&"NotificationRetried by person".to_owned()));

    let other = dead_letters(&house).await.remove(0);
    let path = format!("/v1/notifications/dead-letters/{}", other["id"].as_str().unwrap());
    assert_eq!(house.ask(Method::DELETE, &path, "").await.status, 204);
    assert_eq!(dead_letters(&house).await, Vec::<Value>::new());

    for path in
        ["/v1/notifications", "/v1/notifications/dead-letters", "/v1/ledger?limit=1000", "/metrics"]
    {
        let text = shown(&house, path).await;
        assert!(!text.contains("hook-t0ken"), "{path}: {text}");
    }
    let metrics = shown(&house, "/metrics").await;
    for line in [
        "tidegate_notification_deliveries_total{service=\"hook\",outcome=\"delivered\"} 1",
        "tidegate_notification_deliveries_total{service=\"hook\",outcome=\"failed\"} 2",
        "tidegate_notification_deliveries_total{service=\"hook\",outcome=\"given_up\"} 1",
        "tidegate_notifications_pending 0",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

/// The server ends, in order or not, while something waits: the next one delivers it, and nothing else.
#[tokio::test]
async fn what_waits_when_a_server_ends_is_told_by_the_next_one() {
    let courier = Scripted::failing([Again::Later(Some(HOUR))]);
    let mut house = released(&courier).await;
    until("it was tried", async || (courier.bodies().len() == 1).then_some(())).await;
    until("the other is given up", async || (dead_letters(&house).await.len() == 1).then_some(()))
        .await;
    let id = courier.bodies()[0].0.clone();
    house.end().await;

    // Due at once, as if the hour were over.
    let store: Arc<MemoryStore> = Arc::clone(&house.store);
    let again = Scripted::failing([]);
    let next = House::over(store, with(&again)).await;
    assert_eq!(pending(&next).await, 1);
    assert_eq!(again.bodies(), []);
    // What happens now is told, and what was told is not.
    next.apply(&told("v2")).await;
    next.until(|view| view["report"]["phase"] == "Paused").await;
    assert_eq!(next.act("promote-full", "").await.status, 204);
    until("the new one is told", async || (again.bodies().len() == 1).then_some(())).await;
    assert_ne!(again.bodies()[0].0, id);
    assert_eq!(pending(&next).await, 1);
}

#[tokio::test]
async fn a_new_server_does_not_tell_the_past() {
    let silent = Scripted::failing([]);
    let mut house = House::with(|_| {}).await;
    house.apply(&format!("{SERVICE}---\n{}", told("v1"))).await;
    house.until(|view| view["report"]["phase"] == "Healthy").await;
    house.end().await;
    let next = House::over(Arc::clone(&house.store), with(&silent)).await;
    next.apply(&told("v2")).await;
    next.until(|view| view["report"]["phase"] == "Paused").await;
    next.act("promote-full", "").await;
    until("the new one is told", async || (!silent.bodies().is_empty()).then_some(())).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(silent.bodies().len(), 1, "{:?}", silent.bodies());
}

#[tokio::test]
async fn settings_are_applied_as_argo_rollouts_has_them() {
    let courier = Scripted::failing([]);
    let brings = Arc::clone(&courier);
    let house = House::with(|options| options.courier = brings).await;
    let applied = house
        .apply(
            r"apiVersion: v1
kind: ConfigMap
metadata: {name: argo-rollouts-notification-configmap, namespace: argo-rollouts}
data:
  service.webhook.hook: |
    url: http://hook.example/$path
  service.teams: |
    recipientUrls: {}
  defaultTriggers: |
    - on-rollout-completed
---
apiVersion: v1
kind: Secret
metadata: {name: argo-rollouts-notification-secret, namespace: argo-rollouts}
stringData:
  path: s3cret-path
",
        )
        .await;
    assert_eq!(applied.status, 200, "{}", applied.text());
    house.apply(&format!("{SERVICE}---\n{}", told("v1"))).await;
    house.until(|view| view["report"]["phase"] == "Healthy").await;
    until("it is told", async || (courier.bodies().len() == 1).then_some(())).await;
    let shown = house.get("/v1/notifications").await;
    assert!(!shown.text().contains("s3cret-path"), "{}", shown.text());
    let shown = shown.json();
    assert_eq!(
        shown["services"],
        json!([{"name": "hook", "kind": "webhook", "server": "hook.example"}])
    );
    assert!(
        shown["problems"][0].as_str().unwrap().starts_with("service.teams: there is no service")
    );
    assert_eq!(shown["subscriptions"][0]["trigger"], "on-rollout-completed");
    assert_eq!(shown["subscriptions"].as_array().unwrap().len(), 2);
    assert_eq!(shown["triggers"].as_array().unwrap().len(), tidegate_notify::Reason::ALL.len());
}

#[tokio::test]
async fn a_message_is_tried_without_anything_having_happened() {
    let courier = Scripted::failing([]);
    let house = House::with(with(&courier)).await;
    let attempt = async |body: Value| {
        house.ask(Method::POST, "/v1/notifications/trials", &body.to_string()).await
    };
    let shown = attempt(json!({"trigger": "on-rollout-aborted"})).await.json();
    assert_eq!(
        shown["messages"][0]["message"],
        "Rollout default/example has been aborted: this is a test."
    );
    assert_eq!(shown["delivered"], false);
    assert_eq!(courier.bodies(), []);
    let rollout = json!({"metadata": {"name": "mine", "namespace": "shop"}, "spec": {}});
    let sent = attempt(json!({"service": "hook", "rollout": rollout})).await.json();
    assert_eq!(sent["delivered"], true, "{sent}");
    assert_eq!(courier.bodies()[0].1, "done mine 5d4f8c7b9");
    attempt(json!({"trigger": "on-x"})).await.refused(404, "no trigger \"on-x\"", "lists them");
    attempt(json!({"service": "x"})).await.refused(404, "no service \"x\"", "lists those");
    attempt(json!({"svc": "x"})).await.refused(400, "svc", "");
    assert_eq!(words(&house).await, Vec::<String>::new());

    let courier = Scripted::failing([Again::Never]);
    let house = House::with(with(&courier)).await;
    let body = json!({"service": "hook"}).to_string();
    let failed = house.ask(Method::POST, "/v1/notifications/trials", &body).await.json();
    assert_eq!(failed["delivered"], false);
    assert_eq!(failed["problem"], "the receiver answered 500 to (secret)");
}
