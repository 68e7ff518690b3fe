//! Series of this very process, which answer where no Prometheus does.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use tidegate_analysis::{Answer, PrometheusQuery};
use tidegate_promql::{Engine, EvalError, Limits, SeriesSource, Span, Value, answer_text, parse};
use tidegate_units::Timestamp;

use crate::prometheus::{answer, moments};

/// As long as Argo Rollouts waits for Prometheus.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// Samples that one query may read and make, 80 MB: a hundredth of what a query that looks back an
/// hour on twenty revisions needs.
const SAMPLES: usize = 5_000_000;

/// Where the series are.
pub(crate) type Embedded = Arc<dyn SeriesSource + Send + Sync>;

/// Asks the series of this process; `why` it is they that are asked goes with the answer.
pub(crate) async fn measure(
    series: &Embedded,
    query: &PrometheusQuery,
    why: String,
) -> Result<Answer, String> {
    let now = crate::prometheus::now();
    let span = match &query.range {
        None => None,
        Some(range) => {
            let (start, end, step) = moments(range, now)?;
            let step = i64::try_from(step.as_millis()).unwrap_or(i64::MAX);
            Some(Span { start: start.as_millis(), end: end.as_millis(), step })
        }
    };
    let when = span.map_or(When::At(now), When::Over);
    let limit = query.timeout.unwrap_or(TIME_LIMIT);
    let text = data(series, query.query.clone(), when, limit).await?;
    let metadata = BTreeMap::from([("answeredBy".to_owned(), why)]);
    Ok(Answer { metadata, ..answer(&text)? })
}

/// The values of a query over a time, as the `data` of Prometheus' API.
pub(crate) async fn range(series: &Embedded, query: &str, over: Span) -> Result<String, String> {
    data(series, query.to_owned(), When::Over(over), TIME_LIMIT).await
}

/// The moments that a query is answered for.
enum When {
    At(Timestamp),
    Over(Span),
}

async fn data(
    series: &Embedded,
    query: String,
    when: When,
    limit: Duration,
) -> Result<String, String> {
    let series = Arc::clone(series);
    let asked = tokio::task::spawn_blocking(move || ask(&*series, &query, &when, limit));
    asked.await.map_err(|_| "the query could not be answered".to_owned())?
}

/// What the API of Prometheus would answer.
fn ask(
    source: &dyn SeriesSource,
    query: &str,
    when: &When,
    limit: Duration,
) -> Result<String, String> {
    let expr = parse(query).map_err(|problem| format!("bad_data: {problem}"))?;
    let end = Instant::now() + limit;
    let is_over = || Instant::now() >= end;
    let limits = Limits { samples: SAMPLES, is_over: &is_over, ..Limits::prometheus() };
    let engine = Engine { source, limits };
    let value = match when {
        When::At(moment) => engine.instant(&expr, moment.as_millis()),
        When::Over(span) if span.step <= 0 || span.end < span.start => {
            return Err("bad_data: the range has no moment in it".to_owned());
        }
        When::Over(span) => engine.range(&expr, *span),
    };
    value.map(|value: Value| answer_text(&value)).map_err(|problem| told(&problem))
}

fn told(problem: &EvalError) -> String {
    let kind = match problem {
        EvalError::Type(_) => "bad_data",
        EvalError::Timeout => "timeout",
        EvalError::Execution(_) | EvalError::TooManySamples => "execution",
    };
    format!("{kind}: {problem}")
}
