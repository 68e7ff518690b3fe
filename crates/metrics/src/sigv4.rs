//! AWS' signatures, version 4.

use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use ring::{digest, hmac};
use tidegate_units::Timestamp;

use tidegate_http_client::Question;

use crate::credentials::{Aws, header};

/// For whom a request is signed.
pub(crate) struct Scope<'a> {
    pub(crate) keys: &'a Aws,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    pub(crate) now: Timestamp,
}

/// Signs a request: its method, URL, body, host, content type, and all headers of AWS' own.
pub(crate) fn sign(question: &mut Question, scope: &Scope<'_>) -> Result<(), String> {
    let (day, moment) = times(scope.now);
    let own = |name: &'static str| HeaderName::from_static(name);
    question.headers.insert(own("x-amz-date"), plain(&moment)?);
    if let Some(token) = &scope.keys.token {
        question.headers.insert(own("x-amz-security-token"), header(token)?);
    }
    let host = plain(question.url.authority())?;
    question.headers.insert(own("host"), host);
    let mut signed: Vec<(&str, &str)> = question
        .headers
        .iter()
        .filter(|(name, _)| {
            let name = name.as_str();
            name == "host" || name == "content-type" || name.starts_with("x-amz-")
        })
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default().trim()))
        .collect();
    signed.sort_unstable();
    let names: Vec<_> = signed.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines: Vec<_> = signed.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    let lines = lines.join("\n");
    let (path, query) =
        question.url.target().split_once('?').unwrap_or((question.url.target(), ""));
    let request = format!(
        "{}\n{path}\n{}\n{lines}\n\n{names}\n{}",
        question.method,
        sorted(query),
        hex(digest::digest(&digest::SHA256, &question.body).as_ref()),
    );
    let credential = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let request = hex(digest::digest(&digest::SHA256, request.as_bytes()).as_ref());
    let text = format!("AWS4-HMAC-SHA256\n{moment}\n{credential}\n{request}");
    let mut key = format!("AWS4{}", scope.keys.secret).into_bytes();
    for part in [&day, scope.region, scope.service, "aws4_request"] {
        key = mac(&key, part);
    }
    let signature = hex(&mac(&key, &text));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{credential}, SignedHeaders={names}, Signature={signature}",
        scope.keys.key
    );
    question.headers.insert(AUTHORIZATION, header(&authorization)?);
    Ok(())
}

fn plain(text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(text).map_err(|problem| problem.to_string())
}

/// The parameters in the order of their names; they are escaped already.
fn sorted(query: &str) -> String {
    let mut pairs: Vec<_> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.sort_unstable();
    pairs.join("&")
}

/// `20260131` and `20260131T235959Z`.
fn times(now: Timestamp) -> (String, String) {
    let text = now.to_string();
    let digits: String = text.chars().take(19).filter(|c| !matches!(c, '-' | ':')).collect();
    (digits.chars().take(8).collect(), format!("{digits}Z"))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
        text.extend([digit(byte >> 4), digit(byte & 15)]);
        text
    })
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, Method};

    use super::*;
    use tidegate_http_client::{Proof, Url};

    /// The example `get-vanilla-query-order-key-case` of AWS' own test suite for signatures.
    #[test]
    fn a_request_is_signed_as_aws_signs_it() {
        let keys = Aws {
            key: "AKIDEXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            token: None,
        };
        let url = "https://example.amazonaws.com/?Param2=value2&Param1=value1";
        let mut question = Question {
            method: Method::GET,
            url: Url::parse(url).unwrap(),
            headers: HeaderMap::new(),
            body: bytes::Bytes::new(),
            proof: Proof::Trusted,
        };
        // 2015-08-30T12:36:00Z.
        let now = Timestamp::from_millis(1_440_938_160_000);
        let scope = Scope { keys: &keys, region: "us-east-1", service: "service", now };
        sign(&mut question, &scope).unwrap();
        assert_eq!(
            question.headers[AUTHORIZATION],
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        );
    }
}
