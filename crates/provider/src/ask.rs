//! One question to a provider.

use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tidegate_contract::{Body, Content, Request, Response};
use tidegate_http_client::{
    HeaderMap, Method, Proof, Question, Reply, Trust, Url, exchange, exchange_once,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, TRANSFER_ENCODING},
};

/// What a query does not escape (RFC 3986, section 2.3).
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How servers are asked.
pub struct Asking {
    /// How each server proves who it is.
    pub proof: Proof,
    /// How long an answer is waited for.
    pub timeout: Duration,
    /// Sent with every request in place of what the request has: credentials, for the most part.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    trust: Trust,
}

impl Asking {
    /// Asks with these headers, and waits no longer than `timeout` for an answer.
    pub fn new(headers: Vec<(HeaderName, HeaderValue)>, timeout: Duration) -> Self {
        Self { proof: Proof::Trusted, timeout, headers, trust: Trust::default() }
    }

    /// Sends a request below an address; a redirect is followed unless it is what is asked for.
    pub(crate) async fn request(
        &self,
        base: &Url,
        request: &Request,
        follows: bool,
    ) -> Result<Response, String> {
        let mut url = base.below(&format!("/{}", request.path.trim_start_matches('/')));
        let query = query(&request.query);
        if !query.is_empty() {
            url.ask(&query);
        }
        let method = Method::from_bytes(request.method.as_bytes());
        let method = method.map_err(|_| format!("{:?} is no method", request.method))?;
        let headers = headers(&request.content)?;
        let body = Bytes::copy_from_slice(request.content.body.bytes());
        self.send(method, url, headers, body, follows).await.map(|reply| answer(&reply))
    }

    /// Sends JSON to an address.
    pub(crate) async fn post(&self, url: &Url, body: &serde_json::Value) -> Result<Reply, String> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.send(Method::POST, url.clone(), headers, body.to_string().into(), true).await
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        mut headers: HeaderMap,
        body: Bytes,
        follows: bool,
    ) -> Result<Reply, String> {
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        let question = Question { method, url, headers, body, proof: self.proof };
        let asked = question.url.to_string();
        let reply = async {
            if follows {
                exchange(&self.trust, question).await
            } else {
                exchange_once(&self.trust, &question).await
            }
        };
        match tokio::time::timeout(self.timeout, reply).await {
            Ok(reply) => reply,
            Err(_) => Err(format!("{asked}: no answer within {} s", self.timeout.as_secs_f64())),
        }
    }
}

fn query(query: &[(String, Vec<Option<String>>)]) -> String {
    let escaped = |text: &str| utf8_percent_encode(text, QUERY).to_string();
    let pairs = query.iter().flat_map(|(name, values)| {
        values.iter().map(move |value| match value {
            Some(value) => format!("{}={}", escaped(name), escaped(value)),
            None => escaped(name),
        })
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// The headers of a request; what frames its body is for the connection to say.
fn headers(content: &Content) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, values) in &content.headers {
        let known = HeaderName::try_from(name.as_str());
        let known = known.map_err(|_| format!("{name:?} is no name of a header"))?;
        if known == CONTENT_LENGTH || known == TRANSFER_ENCODING {
            continue;
        }
        for value in values {
            let value = HeaderValue::from_str(value);
            headers.append(
                &known,
                value.map_err(|_| format!("the header {name} has no value that can be sent"))?,
            );
        }
    }
    let known = content.content_type().map(|known| known.to_string());
    if let (Body::Present { .. }, Some(known), false) =
        (&content.body, known, headers.contains_key(CONTENT_TYPE))
        && let Ok(value) = HeaderValue::from_str(&known)
    {
        headers.insert(CONTENT_TYPE, value);
    }
    Ok(headers)
}

/// An answer as contracts have it.
pub(crate) fn answer(reply: &Reply) -> Response {
    let headers = reply.headers.keys().map(|name| {
        let values = reply.headers.get_all(name).iter();
        let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        (name.to_string(), values.collect())
    });
    let content = Content {
        headers: headers.collect(),
        body: Body::received(reply.body.to_vec()),
        ..Content::default()
    };
    Response { status: reply.status.as_u16(), content }
}
