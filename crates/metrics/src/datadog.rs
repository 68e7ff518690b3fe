//! Datadog's HTTP API, versions 1 and 2, as Argo Rollouts asks it.

use std::collections::BTreeMap;

use hyper::{
    Method, StatusCode,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde_json::{Value as Json, json};
use tidegate_analysis::{Answer, DatadogQuery, DatadogVersion, parse_duration};
use tidegate_condition::Value;
use tidegate_workload::Secret;
use url::form_urlencoded::Serializer;

use tidegate_http_client::{Proof, Question, Reply, Trust, Url, exchange};

use crate::{
    credentials::{Datadog, entry, header},
    numbers::{list, plain, unix_now},
};

const DEFAULT_ADDRESS: &str = "https://api.datadoghq.com";

/// Groups that are shown beside a value, for people: half of them the least, half the greatest.
const MOST_GROUPS: usize = 100;

/// Asks with the keys of a Secret, or where the metric names none with those of the environment.
pub(crate) async fn measure(
    trust: &Trust,
    environment: Option<&Datadog>,
    query: &DatadogQuery,
    secret: Option<&Secret>,
) -> Result<Answer, String> {
    let keys = keys(environment, query, secret)?;
    let question = question(&keys, query)?;
    let url = question.url.clone();
    let reply = exchange(trust, question).await?;
    read(&reply, query.version).map_err(|problem| format!("{url}: {problem}"))
}

fn keys(
    environment: Option<&Datadog>,
    query: &DatadogQuery,
    secret: Option<&Secret>,
) -> Result<Datadog, String> {
    if let (Some(keys), true) = (environment, query.secret.is_empty()) {
        return Ok(keys.clone());
    }
    let name = if query.secret.is_empty() { "datadog" } else { &query.secret };
    let secret = secret.ok_or_else(|| format!("there is no Secret {name} with Datadog's keys"))?;
    Ok(Datadog {
        api_key: entry(secret, "api-key")?.to_owned(),
        app_key: entry(secret, "app-key")?.to_owned(),
        address: secret.data.get("address").cloned().unwrap_or_default(),
    })
}

fn question(keys: &Datadog, query: &DatadogQuery) -> Result<Question, String> {
    let address = if keys.address.is_empty() { DEFAULT_ADDRESS } else { &keys.address };
    let address = Url::parse(address)?;
    let interval = parse_duration(query.interval.as_deref().unwrap_or("5m"));
    let interval = interval.map_err(|problem| problem.to_string())?.as_secs();
    let now = unix_now();
    let from = now.saturating_sub(interval);
    let (method, url, body) = match query.version {
        DatadogVersion::V1 => {
            let mut url = address.below("/api/v1/query");
            let (from, to) = (from.to_string(), now.to_string());
            let pairs = [("from", from.as_str()), ("query", &query.query), ("to", &to)];
            url.ask(&Serializer::new(String::new()).extend_pairs(pairs).finish());
            (Method::GET, url, String::new())
        }
        DatadogVersion::V2 => {
            let body = scalar_request(query, from, now).to_string();
            (Method::POST, address.below("/api/v2/query/scalar"), body)
        }
    };
    let mut headers = hyper::HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("dd-api-key", header(&keys.api_key)?);
    headers.insert("dd-application-key", header(&keys.app_key)?);
    Ok(Question { method, url, headers, body: body.into(), proof: Proof::Trusted })
}

/// Times are in milliseconds there.
fn scalar_request(query: &DatadogQuery, from: u64, to: u64) -> Json {
    let alone = BTreeMap::from([("query".to_owned(), query.query.clone())]);
    let queries = if query.query.is_empty() { &query.queries } else { &alone };
    let aggregator = if query.aggregator.is_empty() { "last" } else { &query.aggregator };
    let queries: Vec<_> = queries
        .iter()
        .map(|(name, query)| {
            json!({ "aggregator": aggregator, "data_source": "metrics", "name": name, "query": query })
        })
        .collect();
    let formulas: Vec<_> = Some(&query.formula)
        .filter(|formula| !formula.is_empty())
        .map(|formula| json!({ "formula": formula }))
        .into_iter()
        .collect();
    json!({ "data": { "type": "scalar_request", "attributes": {
        "from": from * 1_000, "to": to * 1_000, "queries": queries, "formulas": formulas,
    } } })
}

fn read(reply: &Reply, version: DatadogVersion) -> Result<Answer, String> {
    if reply.status != StatusCode::OK {
        return Err(reply.refusal());
    }
    let body: Json = serde_json::from_slice(&reply.body)
        .map_err(|problem| format!("its answer is not that of Datadog: {problem}"))?;
    match version {
        DatadogVersion::V1 => last_point(&body),
        DatadogVersion::V2 => scalars(&body),
    }
}

/// The last value of the first series; with none, nothing: `default(result, 0)`.
fn last_point(body: &Json) -> Result<Answer, String> {
    let series = body.get("series").cloned().unwrap_or_default();
    let last = series.pointer("/0/pointlist").and_then(Json::as_array).and_then(|all| all.last());
    let Some(point) = last else {
        return Ok(Answer { value: Value::Nil, shown: series.to_string(), ..Answer::default() });
    };
    let value = point.as_array().filter(|pair| pair.len() == 2).and_then(|pair| pair.get(1));
    let value = value.ok_or("its last point is no pair of a time and a value")?;
    // As Go reads it, no value at a time is 0.
    let value = if value.is_null() { Some(0.0) } else { value.as_f64() };
    let value = value.ok_or("the value of its last point is no number")?;
    Ok(Answer { value: Value::Float(value), shown: plain(value), ..Answer::default() })
}

/// The first column of numbers: one number, or with `by {tag}` the list of those of all groups.
fn scalars(body: &Json) -> Result<Answer, String> {
    if let Some(problem) = body.pointer("/data/errors").and_then(Json::as_str)
        && !problem.is_empty()
    {
        return Err(format!("there is a mistake in the query: {problem}"));
    }
    let columns = body.pointer("/data/attributes/columns").and_then(Json::as_array);
    let columns = columns.map(Vec::as_slice).unwrap_or_default();
    let kind =
        |column: &Json| column.get("type").and_then(Json::as_str).unwrap_or("number").to_owned();
    let groups: Vec<_> = columns.iter().filter(|column| kind(column) == "group").collect();
    let rows = columns.iter().find(|column| matches!(kind(column).as_str(), "" | "number"));
    let rows = rows.and_then(|column| column.get("values")).and_then(Json::as_array);
    let mut found = Vec::new();
    // A group without data has no value.
    let there = |row: &(usize, &Json)| !row.1.is_null();
    for (index, value) in rows.into_iter().flatten().enumerate().filter(there) {
        let number = value.as_f64().ok_or_else(|| format!("its value {value} is no number"))?;
        found.push((name(&groups, index)?, number));
    }
    match (groups.is_empty(), found.first()) {
        (_, None) => Ok(Answer { value: Value::Nil, shown: "[]".to_owned(), ..Answer::default() }),
        (true, Some((_, number))) => {
            let shown = plain(*number);
            Ok(Answer { value: Value::Float(*number), shown, ..Answer::default() })
        }
        (false, Some(_)) => {
            let (value, shown) = list(found.iter().map(|(_, number)| *number));
            Ok(Answer { value, shown, metadata: shown_groups(found), ..Answer::default() })
        }
    }
}

/// The tags of a row, of all columns of tags.
fn name(groups: &[&Json], row: usize) -> Result<String, String> {
    let mut parts = Vec::new();
    for group in groups {
        let tags = group.get("values").and_then(|values| values.get(row)).and_then(Json::as_array);
        let tags = tags.map(|tags| tags.iter().map(Json::as_str).collect::<Option<Vec<_>>>());
        match tags.flatten().filter(|tags| !tags.is_empty()) {
            Some(tags) => parts.extend(tags),
            None => return Err(format!("row {row} of its answer has no tag")),
        }
    }
    Ok(parts.join(","))
}

/// Which group has which value, for people.
fn shown_groups(mut found: Vec<(String, f64)>) -> BTreeMap<String, String> {
    let mut metadata = BTreeMap::new();
    if found.len() > MOST_GROUPS {
        found.sort_by(|a, b| a.1.total_cmp(&b.1));
        found.drain(MOST_GROUPS / 2..found.len() - MOST_GROUPS / 2);
        metadata.insert("groups_truncated".to_owned(), "true".to_owned());
    }
    let groups: Vec<_> =
        found.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    metadata.insert("groups".to_owned(), Json::Array(groups).to_string());
    metadata
}

#[cfg(test)]
mod tests;
