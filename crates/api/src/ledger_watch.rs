//! The ledger as it goes on, as server-sent events.

use std::convert::Infallible;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};
use futures_util::stream;
use tokio::{
    sync::watch::Receiver,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    caller::Caller,
    fleet_watch::{event_stream, last_event_id},
    happening::write_entry,
    ledger_filter::LedgerAsked,
    limits::{HEARTBEAT, WATCH_PERIOD},
    problem::{Problem, ProblemKind},
    read,
    routes::Api,
    visible::Visible,
};

/// Entries that are read at once: some 100 KiB.
const PAGE: usize = 100;

/// Each entry after a sequence number that matches, now and when it is written. The id of an event is how far the
/// ledger was looked through.
pub(crate) async fn watch(
    State(api): State<Api>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked: LedgerAsked = read::query(&uri)?;
    asked.without_end()?;
    // A browser that comes back says where it was in the header field, to the same address as before.
    let last = last_event_id(&headers).map(str::parse::<u64>).transpose().map_err(|_| {
        Problem::new(ProblemKind::BadRequest, "`Last-Event-ID` is no sequence number")
            .with_hint("give the id of the last event, or `after`")
    })?;
    let head = api.control.fleet().head();
    let after = last.or(asked.after).unwrap_or(head);
    let follower = Follower {
        changes: api.control.fleet_changes(),
        stopping: api.stopping.clone(),
        visible: Visible::to(caller),
        // A ledger that is shorter than what a client has read was put back to what it was.
        put_back: after > head,
        after: after.min(head),
        told: Instant::now(),
        due: Instant::now(),
        asked,
        api,
    };
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    Ok(event_stream(Body::from_stream(events)))
}

/// A client that watches: a place in the ledger.
struct Follower {
    api: Api,
    changes: Receiver<u64>,
    stopping: Receiver<bool>,
    visible: Visible,
    asked: LedgerAsked,
    after: u64,
    put_back: bool,
    /// When anything was sent last.
    told: Instant,
    /// When the ledger may be read again.
    due: Instant,
}

impl Follower {
    /// The next events; none once the server stops, whoever watches is not let in any more, or the ledger cannot be
    /// read: nothing is skipped.
    async fn next(&mut self) -> Option<Bytes> {
        if std::mem::take(&mut self.put_back) {
            return Some(self.sent(format!(
                "id: {0}\nevent: reset\ndata: {{\"position\":\"{0}\"}}\n\n",
                self.after
            )));
        }
        loop {
            self.visible = Visible::to(self.api.access.again(self.visible.caller())?);
            if *self.stopping.borrow() {
                return None;
            }
            self.changes.mark_unchanged();
            let page = self.api.control.ledger(self.after, PAGE).await;
            let page = page.inspect_err(|problem| {
                tracing::warn!(%problem, "a watch ends, as the ledger cannot be read");
            });
            let page = page.ok()?;
            let mut text = String::new();
            for entry in &page {
                self.after = entry.sequence;
                if self.asked.takes(entry) && self.visible.shows_entry(entry) {
                    write_entry(&mut text, entry.sequence, entry);
                }
            }
            if !text.is_empty() {
                return Some(self.sent(text));
            }
            if page.len() < PAGE {
                self.wait().await?;
            }
            if self.told.elapsed() >= HEARTBEAT {
                // No event, but from here on a client that comes back goes on.
                return Some(self.sent(format!(":\nid: {}\n\n", self.after)));
            }
        }
    }

    fn sent(&mut self, text: String) -> Bytes {
        self.told = Instant::now();
        text.into()
    }

    /// Waits for a change, or until there has to be a sign of life; none when the server stops.
    async fn wait(&mut self) -> Option<()> {
        let beat = HEARTBEAT.saturating_sub(self.told.elapsed());
        let change = async {
            let changed = timeout(beat, self.changes.changed()).await;
            sleep_until(self.due).await;
            changed.map_or(Some(()), Result::ok)
        };
        let goes_on = tokio::select! {
            changed = change => changed,
            _ = self.stopping.wait_for(|stopping| *stopping) => None,
        };
        self.due = Instant::now() + WATCH_PERIOD;
        goes_on
    }
}
