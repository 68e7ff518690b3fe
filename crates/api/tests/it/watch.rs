//! Rollouts as they go on.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::{Method, body::Incoming};
use serde_json::Value;
use tokio::time::{Instant, timeout};

use crate::house::{House, TOKEN, rollout};

/// The events of a watch, as a client cuts them.
struct Watch {
    body: Incoming,
    text: String,
}

impl Watch {
    async fn begin(house: &House) -> Self {
        Self::of(house, "rollouts/web").await
    }

    async fn of(house: &House, what: &str) -> Self {
        let bearer = format!("Bearer {TOKEN}");
        let path = &format!("/v1/namespaces/default/{what}/watch");
        let headers = [("authorization", bearer.as_str())];
        let response = house.begin(Method::GET, path, &headers, "").await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), text: String::new() }
    }

    /// The next event's name and data; none at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let line = |name: &str| {
                    let mut lines = event.lines().filter_map(|line| line.strip_prefix(name));
                    lines.next().map(str::trim)
                };
                let found = line("event:").zip(line("data:"));
                let found = found
                    .map(|(name, data)| (name.to_owned(), serde_json::from_str(data).unwrap()));
                self.text = String::from(rest);
                if found.is_some() {
                    return found;
                }
                continue;
            }
            let frame =
                timeout(Duration::from_secs(20), self.body.frame()).await.unwrap()?.unwrap();
            self.text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    }

    async fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        loop {
            let (name, view) = self.next().await.expect("the watch ended");
            assert_eq!(name, "view");
            if holds(&view) {
                return view;
            }
        }
    }
}

#[tokio::test]
async fn a_watch_tells_at_once_and_then_each_change_and_at_last_that_it_is_gone() {
    let house = House::with_web().await;
    let mut watch = Watch::begin(&house).await;
    let (name, first) = watch.next().await.unwrap();
    assert_eq!((name.as_str(), &first["report"]["phase"]), ("view", &"Healthy".into()));
    house.apply(&rollout("v2")).await;
    let paused = watch.until(|view| view["report"]["phase"] == "Paused").await;
    assert_eq!(paused["report"]["wanted_weight"], 10);
    house.act("abort", "").await;
    watch.until(|view| view["report"]["phase"] == "Degraded").await;
    let path = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/web";
    assert_eq!(house.ask(Method::DELETE, path, "").await.status, 200);
    loop {
        match watch.next().await {
            Some((name, _)) if name == "gone" => break,
            Some(_) => {}
            None => panic!("the watch ended without a word"),
        }
    }
    assert_eq!(watch.next().await, None);
}

const EXPERIMENT: &str = "apiVersion: argoproj.io/v1alpha1
kind: Experiment
metadata: {name: ab}
spec:
  templates:
    - name: only
      selector: {matchLabels: {app: ab}}
      template:
        metadata: {labels: {app: ab}}
        spec: {containers: [{name: web, image: 'shop/ab:v1'}]}
";

#[tokio::test]
async fn an_experiment_is_followed_to_its_end() {
    let house = House::build().await;
    house.apply(EXPERIMENT).await;
    let mut watch = Watch::of(&house, "experiments/ab").await;
    watch.until(|view| view["report"]["phase"] == "Running").await;
    let path = "/v1/namespaces/default/experiments/ab/terminate";
    assert_eq!(house.ask(Method::POST, path, "").await.status, 204);
    let ended = watch.until(|view| view["report"]["phase"] == "Successful").await;
    assert_eq!((&ended["key"], &ended["spec"]["terminate"]), (&"default/ab".into(), &true.into()));
    let missing = "/v1/namespaces/default/experiments/gone/watch";
    house.ask(Method::GET, missing, "").await.refused(404, "gone", "");
}

#[tokio::test]
async fn a_watch_tells_five_times_a_second_at_most() {
    let house = House::with_web().await;
    let begin = Instant::now();
    let mut watch = Watch::begin(&house).await;
    watch.next().await.unwrap();
    house.apply(&rollout("v2")).await;
    // A request every 10 ms changes the counts all the time, so there is something to tell.
    for _ in 0..11 {
        watch.next().await.unwrap();
    }
    // Eleven times 200 ms lie between them, however late each is read.
    assert!(begin.elapsed() > Duration::from_millis(2190), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn what_is_not_there_cannot_be_watched() {
    let house = House::build().await;
    for what in ["watch", "view", "history"] {
        let path = format!("/v1/namespaces/default/rollouts/web/{what}");
        house.get(&path).await.refused(404, "there is no Rollout default/web", "get rollouts -A");
    }
}
