//! `InfluxDB`'s query API, version 2, as Argo Rollouts asks it.

use hyper::{
    HeaderMap, Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde_json::{Value as Json, json};
use tidegate_analysis::{Answer, InfluxdbQuery};
use tidegate_condition::Value;
use tidegate_workload::Secret;
use url::form_urlencoded::Serializer;

use tidegate_http_client::{Proof, Question, Reply, Trust, Url, exchange};

use crate::{
    credentials::{entry, header},
    flux::values,
    numbers::plain,
};

/// Asks with the token of a Secret.
pub(crate) async fn measure(
    trust: &Trust,
    query: &InfluxdbQuery,
    secret: Option<&Secret>,
) -> Result<Answer, String> {
    let name = if query.profile.is_empty() { "influxdb" } else { &query.profile };
    let secret = secret.ok_or_else(|| {
        format!("there is no Secret {name} with the address and token of InfluxDB")
    })?;
    let question = question(query, secret)?;
    let url = question.url.clone();
    let reply = exchange(trust, question).await?;
    read(&reply).map_err(|problem| format!("{url}: {problem}"))
}

fn question(query: &InfluxdbQuery, secret: &Secret) -> Result<Question, String> {
    let mut url = Url::parse(entry(secret, "address")?)?.below("/api/v2/query");
    let org = entry(secret, "org")?;
    url.ask(&Serializer::new(String::new()).append_pair("org", org).finish());
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/csv"));
    headers.insert(AUTHORIZATION, header(&format!("Token {}", entry(secret, "authToken")?))?);
    let dialect = json!({
        "annotations": ["datatype", "group", "default"],
        "commentPrefix": "#",
        "dateTimeFormat": "RFC3339",
        "delimiter": ",",
        "header": true,
    });
    let body = json!({ "query": query.query, "type": "flux", "dialect": dialect }).to_string();
    Ok(Question { method: Method::POST, url, headers, body: body.into(), proof: Proof::Trusted })
}

fn read(reply: &Reply) -> Result<Answer, String> {
    if !reply.status.is_success() {
        let told = serde_json::from_slice::<Json>(&reply.body).unwrap_or_default();
        let message = told.get("message").and_then(Json::as_str);
        return Err(message.map_or_else(|| reply.refusal(), str::to_owned));
    }
    let text = String::from_utf8_lossy(&reply.body);
    let values = values(&text)?;
    if values.is_empty() {
        return Err("the query has no results".to_owned());
    }
    let shown: Vec<_> = values.iter().map(shown).collect();
    let shown = format!("[{}]", shown.join(" "));
    Ok(Answer { value: Value::list(values), shown, ..Answer::default() })
}

fn shown(value: &Value) -> String {
    match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => plain(*number),
        Value::Text(text) => text.to_string(),
        _ => "<nil>".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, expect: Result<&str, &str>) {
        let found = read(&Reply::of(status.try_into().unwrap(), body));
        let found = found.map(|answer| answer.shown);
        assert_eq!(found.as_deref().map_err(String::as_str), expect, "{body}");
    }

    #[test]
    fn the_values_of_all_records_are_a_list() {
        let body = "#datatype,string,long,double\n#group,false,false,false\n#default,_result,,\n,result,table,_value\n,,0,0.95\n,,0,1\n";
        check(200, body, Ok("[0.95 1]"));
    }

    #[test]
    fn no_record_and_refusals_are_errors() {
        check(200, "\r\n", Err("the query has no results"));
        check(
            401,
            r#"{"code":"unauthorized","message":"unauthorized access"}"#,
            Err("unauthorized access"),
        );
        check(502, "oh", Err("it answered with status 502 Bad Gateway: oh"));
    }
}
