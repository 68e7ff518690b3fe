//! The series of a query over a time.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::Value as Json;
use tidegate_kayenta::TaggedValues;
use tidegate_promql::{NAME, Span};
use tidegate_units::Timestamp;

use super::{Data, Whom, form, no_histogram, sample, seconds, told, whom};
use tidegate_http_client::{Proof, Question, Trust, exchange};

use crate::{
    credentials::Environment,
    embedded::{self, Embedded},
    names::Names,
};

/// How long one answer is waited for: as long as for any other question to Prometheus.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// From when to when, and from one moment to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) step: Duration,
}

/// The series of a query over a time, by the Prometheus of the server's environment or the series of
/// this process; and who they are from.
pub(crate) async fn range(
    trust: &Trust,
    environment: &Environment,
    embedded: Option<(&Embedded, &Names)>,
    query: &str,
    window: Window,
) -> Result<(Vec<TaggedValues>, String), String> {
    match whom(environment, embedded, None).await? {
        Whom::Own(series, _) => {
            let step = i64::try_from(window.step.as_millis()).unwrap_or(i64::MAX);
            let (start, end) = (window.start.as_millis(), window.end.as_millis());
            let text = embedded::range(series, query, Span { start, end, step }).await?;
            let data: Data = serde_json::from_str(&text).map_err(|problem| problem.to_string())?;
            Ok((series_of(&data)?, "the router's own series".to_owned()))
        }
        Whom::Server(address) => {
            let mut url = address.below("/api/v1/query_range");
            let (start, end) = (seconds(window.start), seconds(window.end));
            let step = window.step.as_secs_f64().to_string();
            let asked = [("query", query), ("start", &start), ("end", &end), ("step", &step)];
            url.ask(&form(&asked));
            let (headers, body, proof) = (HeaderMap::new(), Bytes::new(), Proof::Trusted);
            let question = Question { method: Method::GET, url, headers, body, proof };
            let answer = tokio::time::timeout(TIME_LIMIT, exchange(trust, question)).await;
            let answer = answer.unwrap_or_else(|_| Err(format!("no answer within {TIME_LIMIT:?}")));
            let read = answer.and_then(|reply| series_of(&told(&reply)?.data));
            let from = address.to_string();
            read.map(|series| (series, from)).map_err(|problem| format!("{address}: {problem}"))
        }
    }
}

/// The series of a matrix.
fn series_of(data: &Data) -> Result<Vec<TaggedValues>, String> {
    if data.kind != "matrix" {
        return Err(format!("it answered with a {}, which is no series over time", data.kind));
    }
    let broken = || "its matrix is not in the form of Prometheus".to_owned();
    let each = data.result.as_array().ok_or_else(broken)?.iter().map(|one| {
        no_histogram(one, "histograms")?;
        let values = one.get("values").and_then(Json::as_array).ok_or_else(broken)?;
        let values = values.iter().map(|value| sample(value).ok_or_else(broken));
        let tags = one.get("metric").and_then(Json::as_object).ok_or_else(broken)?;
        let tag =
            |(name, value): (&String, &Json)| Some((name.clone(), value.as_str()?.to_owned()));
        let tags: BTreeMap<_, _> =
            tags.iter().filter(|(name, _)| *name != NAME).filter_map(tag).collect();
        Ok(TaggedValues { tags, values: values.collect::<Result<_, _>>()? })
    });
    each.collect()
}
