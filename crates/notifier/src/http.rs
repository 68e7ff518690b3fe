use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde_json::Value;
use tidegate_http_client::{
    HeaderMap, Method, Proof, Question, Reply, StatusCode, Trust, Url, exchange_once, header,
};
use tidegate_notify::{HttpLetter, Success};
use tidegate_ports::{Again, Undelivered};

use crate::{begin, later, never};

/// Errors of Slack that pass; its others are about the token, the channel or the message.
const PASSING: [&str; 6] = [
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
];

/// Asks once, and reads from the answer whether it was taken.
pub(crate) async fn bring(trust: &Trust, letter: &HttpLetter) -> Result<(), Undelivered> {
    let question = question(letter).map_err(never)?;
    // A path may be a secret as well, as those of incoming webhooks of Slack are: the server alone is told.
    let shown = format!("{}: ", question.url);
    let reply = exchange_once(trust, &question).await.map_err(|problem| {
        let problem = problem.strip_prefix(&shown).unwrap_or(&problem);
        later(format!("{}: {problem}", question.url.authority()))
    })?;
    verdict(letter.success, question.url.authority(), &reply)
}

fn question(letter: &HttpLetter) -> Result<Question, String> {
    let method = Method::from_bytes(letter.method.as_bytes());
    let method = method.map_err(|_| format!("{:?} is no method of HTTP", letter.method))?;
    let mut headers = HeaderMap::new();
    for (name, value) in &letter.headers {
        let key = header::HeaderName::from_bytes(name.as_bytes());
        let key = key.map_err(|_| format!("{name:?} is no name of a header"))?;
        let value = header::HeaderValue::from_str(value);
        headers.insert(key, value.map_err(|_| format!("the value of the header {name} is none"))?);
    }
    let body = Bytes::copy_from_slice(letter.body.as_bytes());
    let proof = Proof::of(letter.any_certificate);
    Ok(Question { method, url: Url::parse(&letter.url)?, headers, body, proof })
}

fn verdict(success: Success, server: &str, reply: &Reply) -> Result<(), Undelivered> {
    let status = reply.status;
    let text = String::from_utf8_lossy(&reply.body);
    let answer = begin(&text);
    let asked = asked_to_wait(&reply.headers, SystemTime::now());
    if status.is_success() {
        return match success {
            Success::Status => Ok(()),
            Success::Slack => taken_by_slack(server, &text, asked),
        };
    }
    let problem = if status.is_redirection() {
        format!("{server} answered {status}: a redirect, which is not followed")
    } else {
        format!("{server} answered {status}")
    };
    let again = if may_pass(status) { Again::Later(asked) } else { Again::Never };
    Err(Undelivered { problem, answer, again })
}

/// Whether a refusal may be over later: too many, too slow, or the server's own trouble.
fn may_pass(status: StatusCode) -> bool {
    matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
        || status.is_server_error()
}

/// Slack answers 200 whatever it did.
fn taken_by_slack(server: &str, text: &str, asked: Option<Duration>) -> Result<(), Undelivered> {
    let said: Value = serde_json::from_str(text).unwrap_or_default();
    if said.get("ok") == Some(&Value::Bool(true)) {
        return Ok(());
    }
    let error =
        said.get("error").and_then(Value::as_str).unwrap_or("it did not say that it took it");
    let again = if PASSING.contains(&error) { Again::Later(asked) } else { Again::Never };
    Err(Undelivered { problem: format!("{server}: {error}"), answer: begin(text), again })
}

/// `Retry-After`: seconds, or a time.
fn asked_to_wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(now).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(status: u16, success: Success, body: &str) -> Option<Again> {
        let reply = Reply::of(StatusCode::from_u16(status).unwrap(), body);
        verdict(success, "h", &reply).err().map(|undelivered| undelivered.again)
    }

    #[test]
    fn a_status_says_whether_it_makes_sense_to_try_again() {
        for taken in [200, 201, 202, 204] {
            assert_eq!(again(taken, Success::Status, ""), None, "{taken}");
        }
        for passing in [408, 429, 500, 502, 503, 504] {
            assert_eq!(again(passing, Success::Status, ""), Some(Again::Later(None)), "{passing}");
        }
        for lasting in [301, 302, 307, 400, 401, 403, 404, 410, 422] {
            assert_eq!(again(lasting, Success::Status, ""), Some(Again::Never), "{lasting}");
        }
    }

    #[test]
    fn slack_says_in_its_answer_whether_it_took_it() {
        assert_eq!(again(200, Success::Slack, r#"{"ok": true}"#), None);
        let failed = |error: &str| {
            again(200, Success::Slack, &format!(r#"{{"ok": false, "error": "{error}"}}"#))
        };
        assert_eq!(failed("channel_not_found"), Some(Again::Never));
        assert_eq!(failed("invalid_auth"), Some(Again::Never));
        assert_eq!(failed("ratelimited"), Some(Again::Later(None)));
        assert_eq!(again(200, Success::Slack, "<html>"), Some(Again::Never));
        assert_eq!(again(503, Success::Slack, ""), Some(Again::Later(None)));
    }

    #[test]
    fn the_time_to_wait_is_in_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let asked = |text: &str| {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, text.parse().unwrap())]);
            asked_to_wait(&headers, now).map(|wait| wait.as_secs())
        };
        assert_eq!(asked("120"), Some(120));
        assert_eq!(asked("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(asked("Sun, 06 Nov 1994 08:00:00 GMT"), None);
        assert_eq!(asked("soon"), None);
        assert_eq!(asked("-5"), None);
    }
}
