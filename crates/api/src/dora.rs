//! DORA's metrics, from a ledger that is read on from where it was read to.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Json, extract::State, http::Uri};
use serde::Deserialize;
use tidegate_controller::{ControlPlane, Refused};
use tidegate_dora::{Deployments, Grouping, Query, Report, Span};
use tidegate_units::Timestamp;
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    caller::Caller,
    limits::LEDGER_PAGE_LIMIT,
    problem::{Problem, ProblemKind},
    read,
    routes::Api,
};

/// The most deployments that can be listed with each number.
const MOST_LISTED: usize = 10_000;

/// How long nothing is read of its own accord once all is. Whoever asks in between waits for what a minute brings.
const READ_ON_EVERY: Duration = Duration::from_mins(1);

/// What is known of deployments. Each entry is read once.
#[derive(Default)]
pub(crate) struct DeploymentReader {
    known: Mutex<Deployments>,
}

impl DeploymentReader {
    /// Reads the ledger before anybody asks, as whoever asked first would have to wait for all of it: half of the
    /// time, a page each, so that a long one takes nobody's place at the store. Whoever asks meanwhile reads on at once.
    pub(crate) async fn read_ahead(self: Arc<Self>, control: ControlPlane) {
        loop {
            let began = Instant::now();
            let mut known = self.known.lock().await;
            let page = read_page(&mut known, &control).await;
            drop(known);
            let pause = match page {
                Ok(count) if count == LEDGER_PAGE_LIMIT => began.elapsed(),
                // Whoever asks is told why it cannot be read.
                Ok(_) | Err(_) => READ_ON_EVERY,
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// All deployments up to the ledger's end. Whoever gives up half-way leaves what was read.
    pub(crate) async fn read(
        &self,
        control: &ControlPlane,
    ) -> Result<MutexGuard<'_, Deployments>, Refused> {
        let mut known = self.known.lock().await;
        loop {
            if read_page(&mut known, control).await? < LEDGER_PAGE_LIMIT {
                return Ok(known);
            }
        }
    }
}

/// Reads on by one page; says how many entries it had.
async fn read_page(known: &mut Deployments, control: &ControlPlane) -> Result<usize, Refused> {
    let page = control.ledger(known.position(), LEDGER_PAGE_LIMIT).await?;
    for entry in &page {
        known.take(entry);
    }
    Ok(page.len())
}

#[derive(Deserialize)]
struct DoraAsked {
    window: Option<String>,
    until: Option<Timestamp>,
    namespace: Option<String>,
    name: Option<String>,
    #[serde(default)]
    by: Grouping,
    limit: Option<usize>,
}

/// The five metrics.
pub(crate) async fn dora(
    State(api): State<Api>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<Report>, Problem> {
    let asked: DoraAsked = read::query(&uri)?;
    let window = asked.window.map_or(Ok(Span::USUAL), |text| text.parse::<Span>());
    let query = Query {
        until: asked.until.unwrap_or_else(|| api.clock.now()),
        window: window.map_err(|error| Problem::new(ProblemKind::BadRequest, error.to_string()))?,
        namespace: asked.namespace.filter(|it| !it.is_empty()),
        name: asked.name.filter(|it| !it.is_empty()),
        by: asked.by,
        limit: asked.limit.unwrap_or(Query::USUAL_LIMIT).min(MOST_LISTED),
    };
    let known = api.deployments.read(&api.control).await?;
    Ok(Json(known.report(&query, |key| caller.sees(&key.namespace, &key.name))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tidegate_controller::{Pace, Ports};
    use tidegate_ledger::{Actor, Draft, Subject};
    use tidegate_ports::{Batch, Store as _};
    use tidegate_testkit::{
        FakeJobs, FakeMetrics, FakeRouter, FakeRuntime, MemoryStore, Says, TokioClock,
    };
    use tidegate_units::{Epoch, ObjectKey};

    use super::*;

    fn wanted(number: u64) -> Draft {
        let key = ObjectKey::new("default", "web");
        Draft {
            at: Timestamp::from_millis(0),
            actor: Actor::Controller,
            subject: Subject { kind: "Rollout".to_owned(), key },
            what: "RevisionWanted".to_owned(),
            detail: json!({"revision": format!("r{number}"), "number": number}),
        }
    }

    async fn write(store: &MemoryStore, numbers: std::ops::Range<u64>) {
        let entries = numbers.map(wanted).collect();
        let batch = Batch { entries, ..Batch::default() };
        store.commit(store.epoch(), batch).await.unwrap();
    }

    /// Whoever asks first after a start finds the ledger read, and what is written later is read as well.
    #[tokio::test(start_paused = true)]
    async fn a_ledger_is_read_before_anybody_asks() {
        let (clock, store) = (TokioClock::new(), Arc::new(MemoryStore::default()));
        assert_eq!(store.epoch(), Epoch::default());
        let long = LEDGER_PAGE_LIMIT as u64 * 3 + 7;
        write(&store, 0..long).await;
        let ports = Ports {
            clock: Arc::new(clock),
            runtime: Arc::new(FakeRuntime::new(clock, Duration::ZERO)),
            router: Arc::new(FakeRouter::new(clock, 0.0)),
            store: Arc::clone(&store) as _,
            metrics: Arc::new(FakeMetrics::new(Says::Number(1.0))),
            jobs: Arc::new(FakeJobs::default()),
        };
        let control = ControlPlane::start(ports, Pace::default()).await.unwrap();
        let reader = Arc::new(DeploymentReader::default());
        let reading = tokio::spawn(Arc::clone(&reader).read_ahead(control));
        tokio::time::sleep(READ_ON_EVERY / 2).await;
        assert_eq!(reader.known.lock().await.position(), long);
        write(&store, long..long + 10).await;
        tokio::time::sleep(READ_ON_EVERY).await;
        assert_eq!(reader.known.lock().await.position(), long + 10);
        reading.abort();
    }
}
