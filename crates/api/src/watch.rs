//! A rollout as it is, and as it goes on.

use std::{convert::Infallible, future::ready, time::Duration};

use axum::{
    Json,
    extract::{Path, State},
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, StreamExt as _, stream};
use tidegate_controller::{HistoryItem, Kind, Refused, RolloutView};
use tidegate_units::ObjectKey;
use tokio::{sync::watch::Receiver, time::Instant};

use crate::{
    limits::{HEARTBEAT, WATCH_PERIOD},
    problem::Problem,
    routes::Api,
};

/// All that is known of a rollout now.
pub(crate) async fn view(
    State(api): State<Api>,
    Path((namespace, name)): Path<(String, String)>,
) -> Result<Json<RolloutView>, Problem> {
    let key = ObjectKey::new(&namespace, &name);
    api.control.rollout(&key).map(Json).ok_or_else(|| not_found(key))
}

/// The revisions of a rollout, newest first.
pub(crate) async fn history(
    State(api): State<Api>,
    Path((namespace, name)): Path<(String, String)>,
) -> Result<Json<Vec<HistoryItem>>, Problem> {
    let key = ObjectKey::new(&namespace, &name);
    api.control.history(&key).map(Json).ok_or_else(|| not_found(key))
}

/// All that is known of a rollout, as server-sent events: at once, and then after each change. The
/// event `view` carries it; `gone` says that the rollout is no more, and ends the stream.
pub(crate) async fn watch(
    State(api): State<Api>,
    Path((namespace, name)): Path<(String, String)>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let key = ObjectKey::new(&namespace, &name);
    let changes = api.control.changes();
    let Some(first) = api.control.rollout(&key) else {
        return Err(not_found(key));
    };
    let watching = Watching {
        changes,
        stopping: api.stopping.clone(),
        due: Instant::now() + WATCH_PERIOD,
        last: Some(first.clone()),
        api,
        key,
    };
    let later = stream::unfold(watching, |mut watching| async move {
        let event = watching.next().await?;
        Some((event, watching))
    });
    let events = stream::once(ready(view_event(&first))).chain(later).map(Ok);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

fn not_found(key: ObjectKey) -> Problem {
    Refused::NotFound { kind: Kind::Rollout, key }.into()
}

/// A client that follows a rollout.
struct Watching {
    api: Api,
    key: ObjectKey,
    changes: Receiver<u64>,
    stopping: Receiver<bool>,
    /// When the next event may be sent.
    due: Instant,
    /// What was sent last; none once the rollout is gone.
    last: Option<RolloutView>,
}

impl Watching {
    /// The next event; none when there will be no more.
    async fn next(&mut self) -> Option<Event> {
        loop {
            self.last.as_ref()?;
            self.changed().await?;
            let Some(view) = self.api.control.rollout(&self.key) else {
                self.last = None;
                return Some(Event::default().event("gone").data("{}"));
            };
            if self.last.as_ref().is_some_and(|last| same(last, &view)) {
                continue;
            }
            let event = view_event(&view);
            self.last = Some(view);
            self.due = Instant::now() + WATCH_PERIOD;
            return Some(event);
        }
    }

    /// Waits for a change and until the next event may be sent; none when the server stops.
    async fn changed(&mut self) -> Option<()> {
        let change = async {
            self.changes.changed().await.ok()?;
            tokio::time::sleep_until(self.due).await;
            self.changes.mark_unchanged();
            Some(())
        };
        tokio::select! {
            changed = change => changed,
            _ = self.stopping.wait_for(|stopping| *stopping) => None,
        }
    }
}

/// Whether two views tell the same, whenever they were taken.
fn same(before: &RolloutView, after: &RolloutView) -> bool {
    let mut before = before.clone();
    before.at = after.at;
    before == *after
}

fn view_event(view: &RolloutView) -> Event {
    let event = Event::default().event("view").retry(Duration::from_secs(1));
    event.json_data(view).unwrap_or_else(|error| {
        tracing::error!(%error, rollout = %view.key, "a view cannot be written as JSON");
        Event::default().comment("this view cannot be written")
    })
}
