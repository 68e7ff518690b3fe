//! Graphite's render API, as Argo Rollouts asks it.

use hyper::{HeaderMap, Method};
use serde_json::Value as Json;
use tidegate_analysis::{Answer, GraphiteQuery};
use url::form_urlencoded::{self, Serializer};

use tidegate_http_client::{Proof, Question, Reply, Trust, Url, exchange};

use crate::numbers::list;

/// Asks for the values of the first series, as a list without those that are missing.
pub(crate) async fn measure(trust: &Trust, query: &GraphiteQuery) -> Result<Answer, String> {
    let question = question(query)?;
    let url = question.url.clone();
    let reply = exchange(trust, question).await?;
    read(&reply).map_err(|problem| format!("{url}: {problem}"))
}

/// The query is that of a URL; spaces in it are for people.
fn question(query: &GraphiteQuery) -> Result<Question, String> {
    let parameters: String = query.query.chars().filter(|c| !c.is_whitespace()).collect();
    let parameters = form_urlencoded::parse(parameters.as_bytes());
    let parameters = parameters.filter(|(name, _)| name != "format");
    let mut asked = Serializer::new(String::new());
    asked.extend_pairs(parameters).append_pair("format", "json");
    let mut url = Url::parse(&query.address)?.below("/render");
    url.ask(&asked.finish());
    let (headers, body) = (HeaderMap::new(), bytes::Bytes::new());
    Ok(Question { method: Method::GET, url, headers, body, proof: Proof::Trusted })
}

fn read(reply: &Reply) -> Result<Answer, String> {
    if reply.status.as_u16() >= 400 {
        return Err(reply.refusal());
    }
    let not_it =
        |problem: &dyn std::fmt::Display| format!("its answer is not that of Graphite: {problem}");
    let body: Json = serde_json::from_slice(&reply.body).map_err(|problem| not_it(&problem))?;
    let series = body.as_array().ok_or_else(|| not_it(&"it is no list"))?;
    let points = series.first().and_then(|series| series.get("datapoints"));
    let points = points.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    if points.is_empty() {
        return Err("the query has no values".to_owned());
    }
    let mut numbers = Vec::new();
    for point in points {
        match point.as_array().map(Vec::as_slice) {
            Some([Json::Null, _]) => {}
            Some([value, _]) => {
                let found = number(value);
                numbers.push(found.ok_or_else(|| not_it(&format!("the value {value}")))?);
            }
            _ => return Err(not_it(&format!("the point {point}"))),
        }
    }
    let (value, shown) = list(numbers);
    Ok(Answer { value, shown, ..Answer::default() })
}

fn number(value: &Json) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
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
    fn the_values_of_the_first_series_are_a_list() {
        check(
            200,
            r#"[{"target":"a","datapoints":[[0.5,1],[null,2],["1.5",3]]}]"#,
            Ok("[0.5,1.5]"),
        );
        check(200, r#"[{"datapoints":[[1,1]]},{"datapoints":[[2,1]]}]"#, Ok("[1]"));
        check(200, r#"[{"datapoints":[[null,1]]}]"#, Ok("[]"));
    }

    #[test]
    fn no_series_and_other_answers_are_errors() {
        check(200, "[]", Err("the query has no values"));
        check(200, r#"[{"datapoints":[]}]"#, Err("the query has no values"));
        check(400, "bad target", Err("it answered with status 400 Bad Request: bad target"));
        check(200, "{}", Err("its answer is not that of Graphite: it is no list"));
        check(
            200,
            r#"[{"datapoints":[[1]]}]"#,
            Err("its answer is not that of Graphite: the point [1]"),
        );
        check(
            200,
            r#"[{"datapoints":[[true,1]]}]"#,
            Err("its answer is not that of Graphite: the value true"),
        );
    }
}
