//! All rollouts and the ledger as they go on, as server-sent events.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{
        HeaderMap, HeaderValue, Uri,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde::Deserialize;
use tokio::{sync::watch, time::timeout};

use crate::{
    access::Access,
    caller::Caller,
    happening::{reset, write_entry},
    hub::{Hub, Next},
    limits::HEARTBEAT,
    position::Position,
    problem::{Problem, ProblemKind},
    read,
    routes::Api,
    visible::Visible,
};

/// Ledger entries that are read at once for who is behind: some 100 KiB.
const PAGE: usize = 100;

/// The type of server-sent events.
pub(crate) const EVENT_STREAM: &str = "text/event-stream";

const LAST_EVENT_ID: &str = "last-event-id";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    after: Option<String>,
}

/// What happens to all rollouts from a position on.
pub(crate) async fn watch(
    State(api): State<Api>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked: Asked = read::query(&uri)?;
    // A browser that comes back says where it was in the header field, to the same address as before.
    let after = last_event_id(&headers)
        .map(str::to_owned)
        .or(asked.after)
        .filter(|after| !after.is_empty());
    let after = after.map(|after| after.parse::<Position>()).transpose().map_err(|error| {
        Problem::new(ProblemKind::BadRequest, error.to_string())
            .with_hint("give `position` of GET /v1/rollouts, or the id of the last event")
    })?;
    let follower = Follower::new((api.hub, api.access), after, Visible::to(caller));
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    Ok(event_stream(Body::from_stream(events)))
}

/// Where a browser that comes back was.
pub(crate) fn last_event_id(headers: &HeaderMap) -> Option<&str> {
    let last = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
    last.filter(|last| !last.is_empty())
}

/// An answer of server-sent events, which nothing on the way is to keep back.
pub(crate) fn event_stream(body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// A client that watches: a place in what all share, and nothing of its own that could grow.
struct Follower {
    hub: Hub,
    access: Arc<Access>,
    told: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    visible: Visible,
    /// What it has read; none when it has yet to read the list.
    version: Option<u64>,
    sequence: u64,
}

impl Follower {
    fn new((hub, access): (Hub, Arc<Access>), after: Option<Position>, visible: Visible) -> Self {
        let told = hub.told();
        let now = hub.position();
        let known = after.filter(|after| after.epoch == now.epoch).map(|after| after.version);
        // A ledger that is shorter than what a client has read was put back to what it was.
        let read = after.map(|after| after.sequence).filter(|read| *read <= now.sequence);
        let sequence = read.unwrap_or(now.sequence);
        let stopping = hub.stopping();
        let version = known.filter(|_| read.is_some());
        Self { hub, access, told, stopping, visible, version, sequence }
    }

    /// The next events; none once the server stops, or whoever watches is not let in any more.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            self.visible = Visible::to(self.access.again(self.visible.caller())?);
            self.told.mark_unchanged();
            let next = match self.version {
                Some(version) => self.hub.after(version),
                None => Next::Lost(self.hub.position()),
            };
            let (behind, found) = match next {
                Next::Event(event) if event.after() <= self.sequence => {
                    self.version = Some(event.position().version);
                    let told = self.sequence;
                    self.sequence = event.sequence().max(told);
                    let whole = told == event.after() && self.visible.is_all();
                    let part = || event.part(told, |key| self.visible.shows(key));
                    (None, if whole { Some(event.whole()) } else { part() })
                }
                Next::Event(event) => (Some(event.after()), None),
                Next::Nothing(sequence) if sequence > self.sequence => (Some(sequence), None),
                Next::Nothing(_) => (None, Some(self.wait().await?).filter(|it| !it.is_empty())),
                Next::Lost(now) => {
                    self.version = Some(now.version);
                    let sequence = self.sequence;
                    (None, Some(reset(Position { sequence, ..now })))
                }
            };
            let found = match behind {
                Some(until) => Some(self.catch_up(until).await?),
                None => found,
            };
            if let Some(found) = found.filter(|found| !found.is_empty()) {
                return Some(found);
            }
        }
    }

    /// Waits for another event: nothing then, and a sign of life when none comes; none when the server
    /// stops.
    async fn wait(&mut self) -> Option<Bytes> {
        tokio::select! {
            changed = timeout(HEARTBEAT, self.told.changed()) => match changed {
                Ok(changed) => changed.ok().map(|()| Bytes::new()),
                Err(_) => Some(Bytes::from_static(b":\n\n")),
            },
            _ = self.stopping.wait_for(|stopping| *stopping) => None,
        }
    }

    /// The next entries that it has not read, from the ledger itself, up to `until`. None ends the
    /// watch: where the ledger cannot be read, nothing is skipped.
    async fn catch_up(&mut self, until: u64) -> Option<Bytes> {
        let page = self.hub.control().ledger(self.sequence, PAGE).await;
        let page = page.inspect_err(|problem| {
            tracing::warn!(%problem, "a watch ends, as the ledger cannot be read");
        });
        let now = self.hub.position();
        let mut text = String::new();
        let page = page.ok()?;
        for entry in page.iter().filter(|entry| entry.sequence <= until) {
            self.sequence = entry.sequence;
            if self.visible.shows_entry(entry) {
                let (version, sequence) = (self.version.unwrap_or_default(), entry.sequence);
                write_entry(&mut text, Position { version, sequence, ..now }, entry);
            }
        }
        (!page.is_empty()).then(|| text.into())
    }
}
