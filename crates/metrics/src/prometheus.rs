//! Prometheus' HTTP API, version 1, as Argo Rollouts' client speaks it.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use hyper::{
    Method, StatusCode,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde::Deserialize;
use serde_json::Value as Json;
use tidegate_analysis::{Answer, PrometheusQuery, RangeQuery, TimeExpression, parse_duration};
use tidegate_condition::Value;
use tidegate_units::Timestamp;
use url::form_urlencoded::Serializer;

use tidegate_http_client::{Proof, Question, Reply, Trust, Url, exchange};

use crate::{
    credentials::{Environment, NO_KEYS, NO_REGION},
    embedded::{self, Embedded},
    headers::{authorize, headers},
    names::Names,
    numbers::{list, plain, unix_now},
    oauth2,
    sigv4::{Scope, sign},
};

mod range;

pub(crate) use range::{Window, range};

const NO_ADDRESS: &str = "it names no address of Prometheus: add prometheus.address, or start the \
                          server with ARGO_ROLLOUTS_PROMETHEUS_ADDRESS";

/// Asks a query, as of now or over its range. Where no Prometheus can be meant, `embedded` answers.
pub(crate) async fn measure(
    trust: &Trust,
    environment: &Environment,
    embedded: Option<(&Embedded, &Names)>,
    query: &PrometheusQuery,
) -> Result<Answer, String> {
    let given = query.address.as_deref().filter(|address| !address.is_empty());
    let address = match whom(environment, embedded, given).await? {
        Whom::Server(address) => address,
        Whom::Own(series, why) => return embedded::measure(series, query, why).await,
    };
    let mut question = question(&address, query)?;
    if let Some(client) = &query.oauth2 {
        oauth2::authorize(trust, &mut question.headers, client, question.proof).await?;
    }
    let mut reply = exchange(trust, signed(question.clone(), environment, query)?).await?;
    // Proxies for reading only refuse POST.
    if matches!(reply.status, StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED) {
        let question = signed(as_get(question), environment, query)?;
        reply = exchange(trust, question).await?;
    }
    read(&reply).map_err(|problem| format!("{address}: {problem}"))
}

/// Who is asked.
enum Whom<'a> {
    /// A server.
    Server(Url),
    /// The series of this process, and why it is they.
    Own(&'a Embedded, String),
}

/// Who is asked, with the address that a metric names, if any.
async fn whom<'a>(
    environment: &Environment,
    embedded: Option<(&'a Embedded, &Names)>,
    given: Option<&str>,
) -> Result<Whom<'a>, String> {
    let address = match (given.or(environment.prometheus.as_deref()), embedded) {
        (Some(address), _) => Url::parse(address)?,
        (None, Some((series, _))) => {
            let why = "the router's own series: the metric names no address".to_owned();
            return Ok(Whom::Own(series, why));
        }
        (None, None) => return Err(NO_ADDRESS.to_owned()),
    };
    if let Some((series, names)) = embedded
        && names.is_nobody(&address.host()).await
    {
        let host = address.host();
        let why = format!("the router's own series: this machine does not know {host}");
        return Ok(Whom::Own(series, why));
    }
    Ok(Whom::Server(address))
}

/// Amazon's managed Prometheus wants signatures; as in Argo Rollouts, no other server is sent one.
fn signed(
    mut question: Question,
    environment: &Environment,
    query: &PrometheusQuery,
) -> Result<Question, String> {
    let Some(sigv4) = query.sigv4.as_ref().filter(|_| is_amazons(&question.url)) else {
        return Ok(question);
    };
    let keys = environment.aws.as_ref().ok_or(NO_KEYS)?;
    let given = Some(sigv4.region.as_str()).filter(|region| !region.is_empty());
    let region = given.or(environment.aws_region.as_deref()).ok_or(NO_REGION)?;
    let now = Timestamp::from_millis(i64::try_from(unix_now() * 1_000).unwrap_or(i64::MAX));
    sign(&mut question, &Scope { keys, region, service: "aps", now })?;
    Ok(question)
}

fn is_amazons(url: &Url) -> bool {
    url.host().contains("aps-workspaces")
}

/// The moment of now.
pub(crate) fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
}

fn question(address: &Url, query: &PrometheusQuery) -> Result<Question, String> {
    let mut headers = headers(&query.headers)?;
    if let Some(auth) = query.basic_auth.as_ref().filter(|auth| !auth.username.is_empty()) {
        authorize(&mut headers, auth)?;
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let now = now();
    let (path, body) = match &query.range {
        None => {
            let time = seconds(now);
            ("/api/v1/query", form(&[("query", &query.query), ("time", &time)]))
        }
        Some(range) => ("/api/v1/query_range", range_form(&query.query, range, now)?),
    };
    Ok(Question {
        method: Method::POST,
        url: address.below(path),
        headers,
        body: body.into(),
        proof: Proof::of(query.insecure),
    })
}

fn form(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn range_form(query: &str, range: &RangeQuery, now: Timestamp) -> Result<String, String> {
    let (start, end, step) = moments(range, now)?;
    let (start, end, step) = (seconds(start), seconds(end), step.as_secs_f64().to_string());
    Ok(form(&[("query", query), ("start", &start), ("end", &end), ("step", &step)]))
}

/// From when to when, and from one moment to the next.
pub(crate) fn moments(
    range: &RangeQuery,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp, Duration), String> {
    let moment = |text: &str| TimeExpression::parse(text).map(|moment| moment.at(now));
    let step = parse_duration(&range.step).map_err(|problem| problem.to_string())?;
    Ok((moment(&range.start)?, moment(&range.end)?, step))
}

/// Since 1970, as the API takes them.
fn seconds(moment: Timestamp) -> String {
    let millis = moment.as_millis();
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

fn as_get(mut question: Question) -> Question {
    let asked = String::from_utf8_lossy(&question.body).into_owned();
    question.url.ask(&asked);
    question.headers.remove(CONTENT_TYPE);
    Question { method: Method::GET, body: Bytes::new(), ..question }
}

/// An answer of the API.
#[derive(Deserialize)]
struct Told {
    status: String,
    #[serde(default)]
    data: Data,
    #[serde(default, rename = "errorType")]
    error_type: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Data {
    #[serde(default, rename = "resultType")]
    kind: String,
    #[serde(default)]
    result: Json,
}

fn read(reply: &Reply) -> Result<Answer, String> {
    let told = told(reply)?;
    let (value, shown) = value(&told.data)?;
    Ok(Answer { value, shown, metadata: warnings(&told.warnings), ..Answer::default() })
}

/// What a reply says, when it is an answer.
fn told(reply: &Reply) -> Result<Told, String> {
    // Questions that make no sense are told in the same form as answers.
    let tells = reply.status.is_success()
        || matches!(reply.status, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY);
    let told = serde_json::from_slice::<Told>(&reply.body);
    let told = match told {
        Ok(told) if told.status == "error" => {
            return Err(format!("{}: {}", told.error_type, told.error));
        }
        _ if !tells => return Err(format!("it answered with status {}", reply.status)),
        Ok(told) => told,
        Err(problem) => return Err(format!("its answer is not that of Prometheus: {problem}")),
    };
    if !reply.status.is_success() || told.status != "success" {
        return Err(format!("its answer contradicts its status {}", reply.status));
    }
    Ok(told)
}

/// An answer's `data`, read.
pub(crate) fn answer(data: &str) -> Result<Answer, String> {
    let data: Data = serde_json::from_str(data).map_err(|problem| problem.to_string())?;
    let (value, shown) = value(&data)?;
    Ok(Answer { value, shown, ..Answer::default() })
}

/// In Argo's form.
fn warnings(warnings: &[String]) -> BTreeMap<String, String> {
    let all: Vec<_> = warnings.iter().map(|warning| format!("\"{warning}\"")).collect();
    let metadata = (!all.is_empty()).then(|| ("warnings".to_owned(), all.join(", ")));
    metadata.into_iter().collect()
}

/// A scalar is a number; a vector is the list of its numbers, a matrix that of all of them.
fn value(data: &Data) -> Result<(Value, String), String> {
    let broken = || format!("its {} is not in the form of Prometheus", data.kind);
    let series = || data.result.as_array().ok_or_else(broken);
    let numbers: Vec<f64> = match data.kind.as_str() {
        "scalar" => {
            let number = sample(&data.result).ok_or_else(broken)?;
            return Ok((Value::Float(number), plain(number)));
        }
        "vector" => {
            let each = series()?.iter().map(|one| {
                no_histogram(one, "histogram")?;
                one.get("value").and_then(sample).ok_or_else(broken)
            });
            each.collect::<Result<_, _>>()?
        }
        "matrix" => {
            let mut numbers = Vec::new();
            for one in series()? {
                no_histogram(one, "histograms")?;
                for value in one.get("values").and_then(Json::as_array).ok_or_else(broken)? {
                    numbers.push(sample(value).ok_or_else(broken)?);
                }
            }
            numbers
        }
        kind => return Err(format!("it answered with a {kind}, which is no number")),
    };
    Ok(list(numbers))
}

fn no_histogram(series: &Json, field: &str) -> Result<(), String> {
    match series.get(field) {
        None => Ok(()),
        Some(_) => Err("it answered with a native histogram, which is no number: \
                        take histogram_quantile() of it"
            .to_owned()),
    }
}

/// `[1735689600.123, "0.95"]`; the number may be `NaN`, `+Inf` and `-Inf`.
fn sample(pair: &Json) -> Option<f64> {
    pair.get(1)?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests;
