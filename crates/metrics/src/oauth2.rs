//! Tokens for clients that prove who they are (RFC 6749, section 4.4).

use hyper::{
    HeaderMap, Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde_json::Value as Json;
use tidegate_analysis::OAuth2;
use url::form_urlencoded::{Serializer, byte_serialize};

use tidegate_http_client::{Proof, Question, Reply, Trust, Url, basic, exchange};

use crate::credentials::header;

/// Adds a token to the headers of a question. Each question has a token of its own: it is asked
/// every few seconds at most, and a token that is kept may be called back meanwhile.
pub(crate) async fn authorize(
    trust: &Trust,
    headers: &mut HeaderMap,
    client: &OAuth2,
    proof: Proof,
) -> Result<(), String> {
    let token = token(trust, client, proof).await?;
    headers.insert(AUTHORIZATION, header(&token)?);
    Ok(())
}

/// As Go's client does it: the name and password in a header, and where the server does not take
/// that, in the body.
async fn token(trust: &Trust, client: &OAuth2, proof: Proof) -> Result<String, String> {
    let url = Url::parse(&client.token_url)?;
    let mut reply = exchange(trust, question(&url, client, Place::Header, proof)?).await?;
    if !reply.status.is_success() {
        reply = exchange(trust, question(&url, client, Place::Body, proof)?).await?;
    }
    read(&reply).map_err(|problem| format!("{url}: {problem}"))
}

/// Where the client's name and password stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Header,
    Body,
}

fn question(url: &Url, client: &OAuth2, place: Place, proof: Proof) -> Result<Question, String> {
    let mut headers = HeaderMap::new();
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, form);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let mut body = Serializer::new(String::new());
    body.append_pair("grant_type", "client_credentials");
    if !client.scopes.is_empty() {
        body.append_pair("scope", &client.scopes.join(" "));
    }
    if place == Place::Header {
        let escaped = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let both = basic(&escaped(&client.client_id), &escaped(&client.client_secret))?;
        headers.insert(AUTHORIZATION, both);
    } else {
        body.append_pair("client_id", &client.client_id);
        body.append_pair("client_secret", &client.client_secret);
    }
    let body = body.finish().into();
    Ok(Question { method: Method::POST, url: url.clone(), headers, body, proof })
}

fn read(reply: &Reply) -> Result<String, String> {
    let body = serde_json::from_slice::<Json>(&reply.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    if let Some(problem) = text("error") {
        let more = text("error_description").map(|more| format!(": {more}")).unwrap_or_default();
        return Err(format!("it gives no token: {problem}{more}"));
    }
    if !reply.status.is_success() {
        return Err(format!("it gives no token: status {}", reply.status));
    }
    let token = text("access_token").ok_or("there is no access_token in its answer")?;
    let kind = match text("token_type") {
        Some(kind) if !kind.eq_ignore_ascii_case("bearer") => kind,
        _ => "Bearer",
    };
    Ok(format!("{kind} {token}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, expect: Result<&str, &str>) {
        let found = read(&Reply::of(status.try_into().unwrap(), body));
        assert_eq!(found.as_deref().map_err(String::as_str), expect, "{body}");
    }

    #[test]
    fn a_token_is_what_the_server_says_it_is() {
        check(200, r#"{"access_token":"abc","token_type":"bearer"}"#, Ok("Bearer abc"));
        check(200, r#"{"access_token":"abc"}"#, Ok("Bearer abc"));
        check(200, r#"{"access_token":"abc","token_type":"MAC"}"#, Ok("MAC abc"));
        check(200, "{}", Err("there is no access_token in its answer"));
        check(
            401,
            r#"{"error":"invalid_client","error_description":"unknown"}"#,
            Err("it gives no token: invalid_client: unknown"),
        );
        check(500, "<html>", Err("it gives no token: status 500 Internal Server Error"));
    }
}
