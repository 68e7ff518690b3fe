//! Any server that answers over HTTP, as Argo Rollouts' `web` asks it.

use bytes::Bytes;
use hyper::{
    Method,
    header::{CONTENT_TYPE, HeaderValue},
};
use tidegate_analysis::{Answer, JsonPath, WebBody, WebMethod, WebQuery};
use tidegate_condition::Value;

use tidegate_http_client::{Proof, Question, Trust, Url, exchange};

use crate::{
    headers::{authorize, headers},
    oauth2,
};

/// Asks once.
pub(crate) async fn measure(trust: &Trust, query: &WebQuery) -> Result<Answer, String> {
    let mut question = question(query)?;
    if let Some(client) = &query.oauth2 {
        oauth2::authorize(trust, &mut question.headers, client, question.proof).await?;
    }
    let url = question.url.clone();
    let reply = exchange(trust, question).await?;
    if !reply.status.is_success() {
        return Err(format!("{url}: it answered with status {}", reply.status));
    }
    read(&reply.body, query.json_path.as_deref()).map_err(|problem| format!("{url}: {problem}"))
}

fn question(query: &WebQuery) -> Result<Question, String> {
    let mut headers = headers(&query.headers)?;
    if let Some(auth) = &query.basic_auth {
        authorize(&mut headers, auth)?;
    }
    let body = match &query.body {
        WebBody::None => Bytes::new(),
        WebBody::Text(text) => Bytes::from(text.clone()),
        WebBody::Json(json) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Bytes::from(json.to_string())
        }
    };
    let method = match query.method {
        WebMethod::Get => Method::GET,
        WebMethod::Post => Method::POST,
        WebMethod::Put => Method::PUT,
    };
    let (url, proof) = (Url::parse(&query.url)?, Proof::of(query.insecure));
    Ok(Question { method, url, headers, body, proof })
}

/// The value in an answer of JSON; any other answer is a text, whatever path is asked for.
fn read(body: &[u8], path: Option<&str>) -> Result<Answer, String> {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) else {
        let text = String::from_utf8_lossy(body).into_owned();
        let value = Value::text(text.as_str());
        return Ok(Answer { value, shown: text, ..Answer::default() });
    };
    let found = match path.filter(|path| !path.is_empty()) {
        None => json,
        Some(path) => JsonPath::parse(path)
            .and_then(|path| path.find(&json).cloned())
            .map_err(|problem| format!("no value at jsonPath {path}: {problem}"))?,
    };
    Ok(Answer { value: Value::from(&found), shown: found.to_string(), ..Answer::default() })
}

#[cfg(test)]
mod tests;
