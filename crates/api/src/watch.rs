//! A rollout as it is, and as it goes on; an experiment is followed as a rollout is.

use std::{convert::Infallible, future::ready, time::Duration};

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::{
        Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, StreamExt as _, stream};
use serde::Serialize;
use tidegate_controller::{ControlPlane, ExperimentView, Kind, Refused, RolloutView};
use tidegate_units::{ObjectKey, Timestamp};
use tokio::{sync::watch::Receiver, time::Instant};

use crate::{
    caller::Caller,
    etag::versioned,
    limits::{HEARTBEAT, WATCH_PERIOD},
    problem::Problem,
    routes::Api,
};

/// What can be followed as it goes on.
pub(crate) trait Followed: PartialEq + Serialize + Send + Sized + 'static {
    const KIND: Kind;

    /// All that is known of it now, if it is there.
    fn look(control: &ControlPlane, key: &ObjectKey) -> Option<Self>;

    /// What is told of it, whenever it was looked at.
    fn content(&self) -> Self;
}

impl Followed for RolloutView {
    const KIND: Kind = Kind::Rollout;

    fn look(control: &ControlPlane, key: &ObjectKey) -> Option<Self> {
        control.rollout(key)
    }

    fn content(&self) -> Self {
        Self { at: Timestamp::default(), ..self.clone() }
    }
}

impl Followed for ExperimentView {
    const KIND: Kind = Kind::Experiment;

    fn look(control: &ControlPlane, key: &ObjectKey) -> Option<Self> {
        control.experiment(key)
    }

    fn content(&self) -> Self {
        Self { at: Timestamp::default(), ..self.clone() }
    }
}

/// All that is known of a rollout or an experiment now.
pub(crate) async fn view<V: Followed>(
    State(api): State<Api>,
    Path((namespace, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = ObjectKey::new(&namespace, &name);
    // First the version: what is seen may be newer than what is held to, and never older.
    let version = api.control.version(V::KIND, &key);
    let view = V::look(&api.control, &key).ok_or_else(|| not_found::<V>(key))?;
    versioned(&headers, version, &view.content(), &view)
}

/// The revisions of a rollout, newest first.
pub(crate) async fn history(
    State(api): State<Api>,
    Path((namespace, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = ObjectKey::new(&namespace, &name);
    let version = api.control.version(Kind::Rollout, &key);
    let history = api.control.history(&key).ok_or_else(|| not_found::<RolloutView>(key))?;
    versioned(&headers, version, &history, &history)
}

/// The same, as server-sent events: at once, and then after each change. The event `view` carries it; `gone` says
/// that it is no more, and ends the stream.
pub(crate) async fn watch<V: Followed>(
    State(api): State<Api>,
    Path((namespace, name)): Path<(String, String)>,
    caller: Caller,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let key = ObjectKey::new(&namespace, &name);
    let changes = api.control.changes();
    let Some(first) = V::look(&api.control, &key) else {
        return Err(not_found::<V>(key));
    };
    let told = view_event(&key, &first);
    let watching = Watching {
        changes,
        stopping: api.stopping.clone(),
        due: Instant::now() + WATCH_PERIOD,
        last: Some(first.content()),
        api,
        caller,
        key,
    };
    let later = stream::unfold(watching, |mut watching| async move {
        let event = watching.next().await?;
        Some((event, watching))
    });
    let events = stream::once(ready(told)).chain(later).map(Ok);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

fn not_found<V: Followed>(key: ObjectKey) -> Problem {
    Refused::NotFound { kind: V::KIND, key }.into()
}

/// A client that follows one of them.
struct Watching<V> {
    api: Api,
    caller: Caller,
    key: ObjectKey,
    changes: Receiver<u64>,
    stopping: Receiver<bool>,
    /// When the next event may be sent.
    due: Instant,
    /// What was sent last; none once it is gone.
    last: Option<V>,
}

impl<V: Followed> Watching<V> {
    /// The next event; none when there will be no more.
    async fn next(&mut self) -> Option<Event> {
        loop {
            self.last.as_ref()?;
            self.changed().await?;
            // Their token may be worth nothing by now, or may no longer reach so far.
            let caller = self.api.access.again(&self.caller)?;
            if !caller.sees(&self.key.namespace, &self.key.name) {
                return None;
            }
            let Some(view) = V::look(&self.api.control, &self.key) else {
                self.last = None;
                return Some(Event::default().event("gone").data("{}"));
            };
            let content = view.content();
            if self.last.as_ref().is_some_and(|last| *last == content) {
                continue;
            }
            let event = view_event(&self.key, &view);
            self.last = Some(content);
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

fn view_event(key: &ObjectKey, view: &impl Followed) -> Event {
    let event = Event::default().event("view").retry(Duration::from_secs(1));
    event.json_data(view).unwrap_or_else(|error| {
        tracing::error!(%error, %key, "a view cannot be written as JSON");
        Event::default().comment("this view cannot be written")
    })
}
