//! Answers in the form of GraphQL.

use serde_json::Value as Json;

use tidegate_http_client::Reply;

/// The data of an answer; an error of the server in its words.
pub(crate) fn data(reply: &Reply) -> Result<Json, String> {
    let body = serde_json::from_slice::<Json>(&reply.body);
    if let Ok(body) = &body
        && let Some(errors) = body.get("errors").and_then(Json::as_array)
        && !errors.is_empty()
    {
        let messages = errors.iter().filter_map(|error| error.get("message")?.as_str());
        return Err(messages.collect::<Vec<_>>().join("; "));
    }
    if !reply.status.is_success() {
        return Err(reply.refusal());
    }
    let body = body.map_err(|problem| format!("its answer is not that of GraphQL: {problem}"))?;
    Ok(body.get("data").cloned().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, expect: Result<&str, &str>) {
        let found = data(&Reply::of(status.try_into().unwrap(), body));
        let found = found.map(|data| data.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expect, "{body}");
    }

    #[test]
    fn errors_come_before_data() {
        check(200, r#"{"data":{"a":1}}"#, Ok(r#"{"a":1}"#));
        check(200, r#"{"data":null,"errors":[]}"#, Ok("null"));
        check(
            200,
            r#"{"data":{"a":1},"errors":[{"message":"no"},{"message":"never"}]}"#,
            Err("no; never"),
        );
        check(401, r#"{"errors":[{"message":"Access denied"}]}"#, Err("Access denied"));
        check(500, "oh", Err("it answered with status 500 Internal Server Error: oh"));
        check(
            200,
            "oh",
            Err("its answer is not that of GraphQL: expected value at line 1 column 1"),
        );
    }
}
