//! Questions to the provider: each within a time, at that address and no other.

use std::time::Duration;

use serde::de::DeserializeOwned;
use tidegate_http_client::{Question, Reply, Trust, exchange_once};
use tidegate_ports::IdentityError;

/// How long an answer is waited for. Somebody looks at an empty page meanwhile, and what is asked
/// takes milliseconds; a provider that was asleep needs some seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks, and tells `what` there is no answer to, in a sentence.
pub(crate) async fn ask(
    trust: &Trust,
    question: &Question,
    what: &str,
) -> Result<Reply, IdentityError> {
    let told = |problem: String| IdentityError::Unavailable(format!("{what}: {problem}"));
    let reply = tokio::time::timeout(PATIENCE, exchange_once(trust, question)).await;
    let late = |_| told(format!("{}: no answer within {} s", question.url, PATIENCE.as_secs()));
    reply.map_err(late)?.map_err(told)
}

/// The JSON of an answer that is none of failure.
pub(crate) fn read<T: DeserializeOwned>(reply: &Reply, what: &str) -> Result<T, IdentityError> {
    if !reply.status.is_success() {
        let detail = format!("{what}: the provider answered with status {}", reply.status);
        return Err(IdentityError::Unavailable(detail));
    }
    // The text of a serde error may quote what it could not read, which may be a token.
    serde_json::from_slice(&reply.body).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        IdentityError::Unavailable(format!(
            "{what}: the answer is not what it should be at {place}"
        ))
    })
}
