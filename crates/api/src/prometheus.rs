//! Prometheus' HTTP API, version 1, over the series of this server: what Grafana and templates ask.
//!
//! It tells counts and times, changes nothing, and is let in without a token unless the server is
//! told otherwise: clients of Prometheus have none. Two things keep web pages of others out, which
//! a browser on this machine could be made to load: no answer may be read across origins, and whoever asks
//! by another `Host` than an address or `localhost` has to be known, and sees what they may read.

mod answer;
mod asked;
mod evaluate;
mod seen;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{
        HeaderMap,
        header::{CONTENT_TYPE, HOST},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Map, json};
use tidegate_promql::{Labels, labels_text};
use tidegate_series::{FAMILIES, FamilyKind, Recorder};
use tokio::sync::Semaphore;

use crate::{
    notifications::Notifications,
    own_metrics::OwnMetrics,
    prometheus::{
        answer::{Wrong, answered, success},
        asked::Asked,
        seen::Seen,
    },
    routes::Api,
};

/// Queries that are worked out at once; more wait. Each takes a thread and up to 80 MB.
const AT_ONCE: usize = 4;

/// How long a scrape waits for its turn: as long as Prometheus does by default.
const SCRAPE_LIMIT: Duration = Duration::from_secs(10);
/// Series, names or values in one answer: some 6 MB.
const MOST_LABELS: usize = 20_000;

/// The series of this server, and who may ask for them.
#[derive(Clone)]
pub struct Metrics {
    /// What was counted.
    pub recorder: Arc<Recorder>,
    /// Who may ask.
    pub access: MetricsAccess,
}

/// Who may ask for series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsAccess {
    /// Everybody who names this server by its address or as `localhost`, as of Prometheus.
    Open,
    /// Whoever is known, for what they may read.
    Token,
}

/// What the handlers here work with.
#[derive(Clone)]
struct Asking {
    recorder: Arc<Recorder>,
    clock: Arc<dyn tidegate_ports::Clock>,
    free: Arc<Semaphore>,
    notifications: Arc<Notifications>,
    own: OwnMetrics,
}

impl Asking {
    /// The series that whoever asks may see.
    fn seen(&self, asked: &Asked) -> Seen {
        Seen { recorder: Arc::clone(&self.recorder), caller: asked.caller().cloned() }
    }
}

type Told = Result<Response, Wrong>;

/// The addresses that clients of Prometheus ask.
pub(crate) fn routes(api: &Api, metrics: &Metrics) -> Router<Api> {
    let asking = Asking {
        recorder: Arc::clone(&metrics.recorder),
        clock: Arc::clone(&api.clock),
        free: Arc::new(Semaphore::new(AT_ONCE)),
        notifications: Arc::clone(&api.notifications),
        own: OwnMetrics::of(api),
    };
    let empty = |data: &'static str| get(move || async move { success(data) });
    Router::new()
        .route("/api/v1/query", get(instant).post(instant))
        .route("/api/v1/query_range", get(range).post(range))
        .route("/api/v1/series", get(series).post(series))
        .route("/api/v1/labels", get(labels).post(labels))
        .route("/api/v1/label/{name}/values", get(values))
        .route("/api/v1/metadata", get(metadata))
        .route("/api/v1/status/buildinfo", get(build_info))
        // Of these there are none here; Grafana asks all the same.
        .route("/api/v1/query_exemplars", empty("[]").post(|| async { success("[]") }))
        .route("/api/v1/rules", empty("{\"groups\":[]}"))
        .route("/api/v1/alerts", empty("{\"alerts\":[]}"))
        .route("/metrics", get(exposition))
        .with_state(asking)
}

/// Whether a request names this server by its address or as `localhost`. Any other name that leads here may be
/// somebody's, who could have a browser ask in it; one of its own is how the world comes to it through a proxy.
pub(crate) fn is_by_address(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match url::Url::parse(&format!("http://{host}/")) {
        Ok(url) => url.host().map(|host| host.to_owned()),
        Err(_) => None,
    };
    !matches!(name, Some(url::Host::Domain(name)) if name != "localhost")
}

async fn instant(State(asking): State<Asking>, request: Request) -> Told {
    let asked = Asked::read(request).await?;
    let at = asked.time("time")?.unwrap_or_else(|| asking.clock.now().as_millis());
    let timeout = asked.timeout()?;
    let query = asked.query().map_err(|problem| problem.of_parameter("query"))?;
    let value = evaluate::instant(asking.seen(&asked), &asking.free, query, at, timeout).await?;
    Ok(answered(&value))
}

async fn range(State(asking): State<Asking>, request: Request) -> Told {
    let asked = Asked::read(request).await?;
    let span = asked.span()?;
    let (timeout, query) = (asked.timeout()?, asked.query()?);
    let value = evaluate::range(asking.seen(&asked), &asking.free, query, span, timeout).await?;
    Ok(answered(&value))
}

async fn series(State(asking): State<Asking>, request: Request) -> Told {
    let asked = Asked::read(request).await?;
    if asked.all("match[]").next().is_none() {
        return Err(Wrong::bad_data("no match[] parameter provided"));
    }
    let found = collect(&asking, &asked, |labels, found| {
        found.insert(labels_text(labels));
    });
    let found: Vec<String> = found.await?.into_iter().collect();
    Ok(success(&format!("[{}]", found.join(","))))
}

async fn labels(State(asking): State<Asking>, request: Request) -> Told {
    let asked = Asked::read(request).await?;
    let names = collect(&asking, &asked, |labels, found| {
        for (name, _) in labels.iter() {
            if !found.contains(name) {
                found.insert(name.to_owned());
            }
        }
    });
    Ok(success(&json!(names.await?).to_string()))
}

async fn values(State(asking): State<Asking>, Path(name): Path<String>, request: Request) -> Told {
    let asked = Asked::read(request).await?;
    let values = collect(&asking, &asked, move |labels, found| {
        let value = labels.get(&name);
        if !value.is_empty() && !found.contains(value) {
            found.insert(value.to_owned());
        }
    });
    Ok(success(&json!(values.await?).to_string()))
}

/// What is taken of the labels of all series that any `match[]` selects, within the time that is
/// asked for.
async fn collect(
    asking: &Asking,
    asked: &Asked,
    take: impl Fn(&Labels, &mut BTreeSet<String>) + Send + 'static,
) -> Result<BTreeSet<String>, Wrong> {
    let from = asked.time("start")?.unwrap_or(i64::MIN);
    let to = asked.time("end")?.unwrap_or(i64::MAX);
    let mut sets = asked.matchers()?;
    if sets.is_empty() {
        sets.push(Vec::new());
    }
    let seen = asking.seen(asked);
    let found = evaluate::on_a_thread(&asking.free, asked.timeout()?, move || {
        let mut found = BTreeSet::new();
        for matchers in &sets {
            seen.labels(matchers, from, to, |labels| {
                if found.len() <= MOST_LABELS {
                    take(labels, &mut found);
                }
            });
        }
        found
    });
    let found = found.await?;
    if found.len() > MOST_LABELS {
        return Err(Wrong::bad_data(format!("more than {MOST_LABELS}: ask for fewer by match[]")));
    }
    Ok(found)
}

/// What each metric is. A histogram is told once, without the endings of its parts.
async fn metadata(request: Request) -> Told {
    let asked = Asked::read(request).await?;
    let wanted = asked.one("metric").unwrap_or_default();
    let limit = asked.one("limit").and_then(|limit| limit.parse().ok()).unwrap_or(usize::MAX);
    let mut all = Map::new();
    for family in FAMILIES.iter().copied().flatten() {
        let parts = ["_bucket", "_count", "_sum"];
        let base = parts.iter().find_map(|part| family.name.strip_suffix(part));
        let base = base.filter(|_| family.kind == FamilyKind::Histogram).unwrap_or(family.name);
        if all.len() < limit && (wanted.is_empty() || wanted == base) {
            let told = json!([{"type": family.kind.name(), "help": family.help, "unit": ""}]);
            all.insert(base.to_owned(), told);
        }
    }
    Ok(success(&json!(all).to_string()))
}

/// The version is that of the language: Grafana asks for what that version of Prometheus has.
async fn build_info() -> Response {
    let told = json!({
        "version": "2.42.0",
        "revision": concat!("tidegate-", env!("CARGO_PKG_VERSION")),
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    });
    success(&told.to_string())
}

async fn exposition(State(asking): State<Asking>, request: Request) -> Told {
    let seen = asking.seen(&Asked::read(request).await?);
    let own = if seen.is_all() {
        asking.notifications.exposition() + &asking.own.exposition()
    } else {
        String::new()
    };
    let text = evaluate::on_a_thread(&asking.free, SCRAPE_LIMIT, move || seen.exposition());
    let text = text.await? + &own;
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}
