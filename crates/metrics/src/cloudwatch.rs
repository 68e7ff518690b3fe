//! `CloudWatch`'s `GetMetricData`, as Argo Rollouts asks it.

use std::collections::BTreeMap;

use hyper::{
    HeaderMap, Method,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde_json::{Value as Json, json};
use tidegate_analysis::{Answer, CloudWatchQuery, parse_duration};
use tidegate_condition::Value;
use tidegate_units::Timestamp;

use tidegate_http_client::{Proof, Question, Reply, Trust, Url, exchange};

use crate::{
    credentials::{Environment, NO_KEYS, NO_REGION},
    numbers::{plain, unix_now},
    sigv4::{Scope, sign},
};

/// Asks with the keys of the environment.
pub(crate) async fn measure(
    trust: &Trust,
    environment: &Environment,
    query: &CloudWatchQuery,
) -> Result<Answer, String> {
    let question = question(environment, query)?;
    let url = question.url.clone();
    let reply = exchange(trust, question).await?;
    read(&reply).map_err(|problem| format!("{url}: {problem}"))
}

fn question(environment: &Environment, query: &CloudWatchQuery) -> Result<Question, String> {
    let keys = environment.aws.as_ref().ok_or(NO_KEYS)?;
    let region = environment.aws_region.as_deref().ok_or(NO_REGION)?;
    let interval = parse_duration(query.interval.as_deref().unwrap_or("5m"));
    let interval = interval.map_err(|problem| problem.to_string())?.as_secs();
    let now = unix_now();
    let body = json!({
        "StartTime": now.saturating_sub(interval),
        "EndTime": now,
        "MetricDataQueries": query.sent()?,
    });
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    let target = HeaderValue::from_static("GraniteServiceVersion20100801.GetMetricData");
    headers.insert("x-amz-target", target);
    let own = format!("https://monitoring.{region}.{}", domain(region));
    let url = Url::parse(environment.cloudwatch.as_deref().unwrap_or(&own))?;
    let body = body.to_string().into();
    let mut question = Question { method: Method::POST, url, headers, body, proof: Proof::Trusted };
    let now = Timestamp::from_millis(i64::try_from(now * 1_000).unwrap_or(i64::MAX));
    sign(&mut question, &Scope { keys, region, service: "monitoring", now })?;
    Ok(question)
}

fn domain(region: &str) -> &'static str {
    if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// The results as Argo's conditions see them: `result[0].Values`.
fn read(reply: &Reply) -> Result<Answer, String> {
    let body = serde_json::from_slice::<Json>(&reply.body).unwrap_or_default();
    if !reply.status.is_success() {
        let kind = body.get("__type").and_then(Json::as_str);
        let message = body.get("message").or_else(|| body.get("Message")).and_then(Json::as_str);
        return Err(match kind {
            Some(kind) => {
                let kind = kind.rsplit_once('#').map_or(kind, |(_, name)| name);
                format!("{kind}: {}", message.unwrap_or_default())
            }
            None => reply.refusal(),
        });
    }
    let results = body.get("MetricDataResults").and_then(Json::as_array);
    let results = results.ok_or("its answer is not that of CloudWatch")?;
    let shown: Vec<_> =
        results.iter().map(|result| format!("[{}]", numbers(result).join(" "))).collect();
    let value = Value::list(results.iter().map(shape));
    let messages = body
        .get("Messages")
        .filter(|messages| messages.as_array().is_some_and(|all| !all.is_empty()));
    let metadata = messages.map(|messages| ("messages".to_owned(), messages.to_string()));
    let metadata: BTreeMap<_, _> = metadata.into_iter().collect();
    Ok(Answer { value, shown: format!("[{}]", shown.join(" ")), metadata, ..Answer::default() })
}

fn numbers(result: &Json) -> Vec<String> {
    let values = result.get("Values").and_then(Json::as_array).into_iter().flatten();
    values.filter_map(Json::as_f64).map(plain).collect()
}

/// A result with all of its fields, whether the service sent them or not.
fn shape(result: &Json) -> Value {
    let text = |name: &'static str| (name, result.get(name).map_or(Value::Nil, Value::from));
    let all = |name: &'static str| {
        (
            name,
            result
                .get(name)
                .filter(|all| all.is_array())
                .map_or_else(|| Value::list([]), Value::from),
        )
    };
    Value::map([
        text("Id"),
        text("Label"),
        text("StatusCode"),
        all("Messages"),
        all("Timestamps"),
        all("Values"),
    ])
}

#[cfg(test)]
mod tests {
    use tidegate_condition::Condition;

    use super::*;

    fn answer(status: u16, body: &str) -> Result<Answer, String> {
        read(&Reply::of(status.try_into().unwrap(), body))
    }

    #[test]
    fn conditions_see_the_fields_of_each_result() {
        let body = r#"{"MetricDataResults":[{"Id":"rate","Label":"rate","StatusCode":"Complete","Timestamps":[1.7e9,1.7e9],"Values":[0.01,0.005]},{"Id":"none"}],"Messages":[]}"#;
        let found = answer(200, body).unwrap();
        assert_eq!(found.shown, "[[0.01 0.005] []]");
        assert!(found.metadata.is_empty());
        for condition in [
            "len(result[0].Values) == 2 and all(result[0].Values, {# <= 0.01})",
            "result[0].Id == 'rate' && result[0].StatusCode == 'Complete'",
            "len(result[1].Values) == 0 && len(result) == 2",
        ] {
            let holds = Condition::parse(condition).unwrap().holds_value(&found.value);
            assert!(holds.unwrap(), "{condition}");
        }
    }

    #[test]
    fn messages_and_refusals_are_told() {
        let found =
            answer(200, r#"{"MetricDataResults":[],"Messages":[{"Code":"a","Value":"b"}]}"#);
        assert_eq!(found.unwrap().metadata["messages"], r#"[{"Code":"a","Value":"b"}]"#);
        let refused = r#"{"__type":"com.amazon#AccessDenied","message":"no"}"#;
        assert_eq!(answer(403, refused).unwrap_err(), "AccessDenied: no");
        assert_eq!(answer(200, "{}").unwrap_err(), "its answer is not that of CloudWatch");
    }
}
