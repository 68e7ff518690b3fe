//! Wavefront's charts, as Argo Rollouts asks them.

use std::collections::BTreeMap;

use hyper::{HeaderMap, Method, header::AUTHORIZATION};
use serde_json::Value as Json;
use tidegate_analysis::{Answer, WavefrontQuery};
use tidegate_condition::Value;
use tidegate_workload::Secret;
use url::form_urlencoded::Serializer;

use tidegate_http_client::{Proof, Question, Reply, Trust, Url, exchange};

use crate::{credentials::header, numbers::unix_now};

/// Asks with the token that the Secret has for the address.
pub(crate) async fn measure(
    trust: &Trust,
    query: &WavefrontQuery,
    secret: Option<&Secret>,
) -> Result<Answer, String> {
    let token = secret.and_then(|secret| secret.data.get(&query.address)).ok_or_else(|| {
        format!("there is no token for {} in a Secret wavefront-api-tokens", query.address)
    })?;
    let now = unix_now();
    let question = question(query, token, now)?;
    let url = question.url.clone();
    let reply = exchange(trust, question).await?;
    read(&reply, now).map_err(|problem| format!("{url}: {problem}"))
}

/// One point of each series, the one that is nearest to now even if that is outside of the window.
fn question(query: &WavefrontQuery, token: &str, now: u64) -> Result<Question, String> {
    let address = if query.address.contains("://") {
        query.address.clone()
    } else {
        format!("https://{}", query.address)
    };
    let mut url = Url::parse(&address)?.below("/api/v2/chart/api");
    let millis = (now * 1_000).to_string();
    let pairs = [
        ("q", query.query.as_str()),
        ("s", &millis),
        ("e", &millis),
        ("p", "1"),
        ("g", "s"),
        ("i", "true"),
        ("strict", "false"),
    ];
    url.ask(&Serializer::new(String::new()).extend_pairs(pairs).finish());
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, header(&format!("Bearer {token}"))?);
    let body = bytes::Bytes::new();
    Ok(Question { method: Method::GET, url, headers, body, proof: Proof::Trusted })
}

fn read(reply: &Reply, now: u64) -> Result<Answer, String> {
    if !reply.status.is_success() {
        return Err(reply.refusal());
    }
    let body: Json = serde_json::from_slice(&reply.body)
        .map_err(|problem| format!("its answer is not that of Wavefront: {problem}"))?;
    let text = |name: &str| body.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    if let Some(kind) = text("errorType") {
        return Err(format!("{kind}: {}", text("errorMessage").unwrap_or_default()));
    }
    let series = body.get("timeseries").and_then(Json::as_array).map(Vec::as_slice);
    let points: Vec<_> =
        series.unwrap_or_default().iter().map(|series| nearest(series, now)).collect();
    let all = |each: &dyn Fn(&Point) -> String| {
        let each: Vec<_> = points.iter().map(each).collect();
        if each.len() == 1 { each.concat() } else { format!("[{}]", each.join(",")) }
    };
    let value = match points.as_slice() {
        [] => return Err("the query has no series".to_owned()),
        [one] => Value::Float(one.value),
        several => Value::list(several.iter().map(|point| Value::Float(point.value))),
    };
    let mut metadata = BTreeMap::from([
        ("timestamps".to_owned(), all(&|point| point.at.to_string())),
        ("drift".to_owned(), all(&|point| point.drift.to_string())),
    ]);
    if let Some(warnings) = text("warnings") {
        metadata.insert("warnings".to_owned(), warnings.to_owned());
    }
    Ok(Answer {
        value,
        shown: all(&|point| format!("{:.2}", point.value)),
        metadata,
        ..Answer::default()
    })
}

/// A point of a series.
#[derive(Default)]
struct Point {
    value: f64,
    at: i64,
    /// How far it is from now, in seconds.
    drift: i64,
}

/// The point that is nearest to now; with none, 0 as in Argo Rollouts.
fn nearest(series: &Json, now: u64) -> Point {
    let points = series.get("data").and_then(Json::as_array).map(Vec::as_slice);
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let points = points.unwrap_or_default().iter().filter_map(|point| {
        #[expect(clippy::cast_possible_truncation, reason = "seconds since 1970")]
        let at = point.get(0)?.as_f64()? as i64;
        let value = point.get(1)?.as_f64()?;
        Some(Point { value, at, drift: at.saturating_sub(now) })
    });
    points.min_by_key(|point| point.drift.unsigned_abs()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Result<Answer, String> {
        read(&Reply::of(hyper::StatusCode::OK, body), 100)
    }

    #[test]
    fn one_series_is_a_number_and_several_are_a_list() {
        let one =
            answer(r#"{"timeseries":[{"data":[[40,1],[90,0.955],[130,3]]}],"warnings":"slow"}"#)
                .unwrap();
        assert_eq!((one.value, one.shown.as_str()), (Value::Float(0.955), "0.95"));
        let expect = [("drift", "-10"), ("timestamps", "90"), ("warnings", "slow")];
        let expect = expect.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(one.metadata, BTreeMap::from(expect));
        let two = answer(r#"{"timeseries":[{"data":[[101,1]]},{"data":[[99,2]]}]}"#).unwrap();
        assert_eq!(two.value, Value::list([1.0, 2.0].map(Value::Float)));
        assert_eq!((two.shown.as_str(), two.metadata["drift"].as_str()), ("[1.00,2.00]", "[1,-1]"));
    }

    #[test]
    fn no_series_and_refusals_are_errors() {
        assert_eq!(answer("{}").unwrap_err(), "the query has no series");
        let refused =
            answer(r#"{"errorType":"QuerySyntaxError","errorMessage":"no viable alternative"}"#);
        assert_eq!(refused.unwrap_err(), "QuerySyntaxError: no viable alternative");
    }
}
