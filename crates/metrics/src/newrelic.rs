//! New Relic's `NerdGraph`, as Argo Rollouts asks it.

use hyper::{
    HeaderMap, Method,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde_json::{Value as Json, json};
use tidegate_analysis::{Answer, NewRelicQuery};
use tidegate_condition::Value;
use tidegate_workload::Secret;

use tidegate_http_client::{Proof, Question, Trust, Url, exchange};

use crate::{
    credentials::{entry, header},
    graphql,
};

const NRQL: &str = "query($query: Nrql!, $accountId: Int!, $timeout: Seconds!) { actor { \
                    account(id: $accountId) { nrql(query: $query, timeout: $timeout) { results } } } }";

/// Asks with the key of a Secret.
pub(crate) async fn measure(
    trust: &Trust,
    query: &NewRelicQuery,
    secret: Option<&Secret>,
) -> Result<Answer, String> {
    let name = if query.profile.is_empty() { "newrelic" } else { &query.profile };
    let secret = secret.ok_or_else(|| format!("there is no Secret {name} with New Relic's key"))?;
    let question = question(query, secret)?;
    let url = question.url.clone();
    let reply = exchange(trust, question).await?;
    graphql::data(&reply)
        .and_then(|data| read(&data))
        .map_err(|problem| format!("{url}: {problem}"))
}

fn question(query: &NewRelicQuery, secret: &Secret) -> Result<Question, String> {
    let account: i64 = entry(secret, "account-id")?
        .trim()
        .parse()
        .map_err(|_| format!("account-id in the Secret {} is no number", secret.key))?;
    let region = secret.data.get("region").map_or("us", |region| region.trim());
    let address = match secret.data.get("base-url-nerdgraph") {
        Some(address) => address,
        None if region.eq_ignore_ascii_case("eu") => "https://api.eu.newrelic.com/graphql",
        None if region.eq_ignore_ascii_case("staging") => {
            "https://staging-api.newrelic.com/graphql"
        }
        None => "https://api.newrelic.com/graphql",
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("api-key", header(entry(secret, "personal-api-key")?)?);
    let variables = json!({
        "accountId": account,
        "query": query.query,
        "timeout": query.timeout.unwrap_or(5),
    });
    let body = json!({ "query": NRQL, "variables": variables }).to_string();
    let url = Url::parse(address)?;
    Ok(Question { method: Method::POST, url, headers, body: body.into(), proof: Proof::Trusted })
}

/// One result is a mapping, several are a list of them.
fn read(data: &Json) -> Result<Answer, String> {
    let results = data.pointer("/actor/account/nrql/results").and_then(Json::as_array);
    let found = match results.map(Vec::as_slice).unwrap_or_default() {
        [] => None,
        [one] => one.as_object().filter(|one| !one.is_empty()).map(|_| one.clone()),
        several => Some(Json::Array(several.to_vec())),
    };
    let found = found.ok_or("the query has no results")?;
    Ok(Answer { value: Value::from(&found), shown: found.to_string(), ..Answer::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(results: &str, expect: Result<&str, &str>) {
        let data = format!(r#"{{"actor":{{"account":{{"nrql":{{"results":{results}}}}}}}}}"#);
        let found = read(&serde_json::from_str(&data).unwrap()).map(|answer| answer.shown);
        assert_eq!(found.as_deref().map_err(String::as_str), expect, "{results}");
    }

    #[test]
    fn one_result_is_a_mapping_and_several_are_a_list() {
        check(r#"[{"count":10}]"#, Ok(r#"{"count":10}"#));
        check(r#"[{"a":1},{"a":2}]"#, Ok(r#"[{"a":1},{"a":2}]"#));
        for nothing in ["[]", "[{}]", "null"] {
            check(nothing, Err("the query has no results"));
        }
    }
}
