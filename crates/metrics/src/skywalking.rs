//! `SkyWalking`'s GraphQL, as Argo Rollouts asks it.

use hyper::{
    HeaderMap, Method,
    header::{ACCEPT, CONTENT_TYPE, HeaderValue},
};
use serde_json::{Value as Json, json};
use tidegate_analysis::{Answer, SkyWalkingQuery, parse_duration};
use tidegate_condition::Value;
use tidegate_units::Timestamp;

use tidegate_http_client::{Proof, Question, Trust, Url, exchange};

use crate::{graphql, numbers::unix_now};

/// Asks, with `$duration` from `interval` ago until now.
pub(crate) async fn measure(trust: &Trust, query: &SkyWalkingQuery) -> Result<Answer, String> {
    let question = question(query)?;
    let url = question.url.clone();
    let reply = exchange(trust, question).await?;
    let data = graphql::data(&reply).map_err(|problem| format!("{url}: {problem}"))?;
    if data == Json::Null {
        return Err(format!("{url}: the query has no results"));
    }
    Ok(Answer { value: Value::from(&data), shown: data.to_string(), ..Answer::default() })
}

fn question(query: &SkyWalkingQuery) -> Result<Question, String> {
    let interval = parse_duration(&query.interval).map_err(|problem| problem.to_string())?;
    let now = Timestamp::from_millis(i64::try_from(unix_now() * 1_000).unwrap_or(i64::MAX));
    let duration = json!({
        "start": minute(now.before(interval)),
        "end": minute(now),
        "step": "MINUTE",
    });
    let body = json!({ "query": query.query, "variables": { "duration": duration } }).to_string();
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json; charset=utf-8"));
    let url = Url::parse(&query.address)?.below("/graphql");
    Ok(Question { method: Method::POST, url, headers, body: body.into(), proof: Proof::Trusted })
}

/// Such as `2026-01-31 2359`, in UTC: what `SkyWalking` calls a step of a minute.
fn minute(moment: Timestamp) -> String {
    let text = moment.to_string();
    let part = |from, to| text.get(from..to).unwrap_or_default();
    format!("{} {}{}", part(0, 10), part(11, 13), part(14, 16))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_minute_is_written_as_skywalking_reads_it() {
        let moment = Timestamp::from_millis(1_767_225_599_000);
        assert_eq!(minute(moment), "2025-12-31 2359");
        assert_eq!(minute(moment.after(Duration::from_secs(1))), "2026-01-01 0000");
    }
}
