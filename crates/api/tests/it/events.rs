//! Server-sent events, as a client reads them.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::{Method, body::Incoming};
use serde_json::Value;
use tokio::time::timeout;

use crate::house::{House, TOKEN};

/// An event of a watch, as a client cuts it.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) data: Value,
}

pub(crate) struct Watch {
    body: Incoming,
    text: String,
}

impl Watch {
    pub(crate) async fn begin(house: &House, path: &str, last: Option<&str>) -> Self {
        let bearer = format!("Bearer {TOKEN}");
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(last.map(|last| ("last-event-id", last)));
        let response = house.begin(Method::GET, path, &headers, "").await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), text: String::new() }
    }

    /// The next event; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let line = |name: &str| {
                    let mut lines = event.lines().filter_map(|line| line.strip_prefix(name));
                    lines.next().map(|text| text.trim().to_owned())
                };
                let found = line("event:").map(|name| Event {
                    id: line("id:").unwrap(),
                    name,
                    data: serde_json::from_str(&line("data:").unwrap()).unwrap(),
                });
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

    /// All events up to the first one that holds.
    pub(crate) async fn until(&mut self, holds: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let event = self.next().await.expect("the watch ended");
            let last = holds(&event);
            events.push(event);
            if last {
                return events;
            }
        }
    }
}
