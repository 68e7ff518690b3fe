use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use tidegate_ledger::Digest;
use tidegate_units::Timestamp;

use crate::{Event, Forge, WebhookSecret, read::read};

/// How far the time at which a forge says it signed may be from ours, as Standard Webhooks has it.
pub const TIMESTAMP_TOLERANCE: Duration = Duration::from_mins(5);

/// The longest name of a delivery or an event that is taken.
const LONGEST_FIELD: usize = 200;

/// The header fields of a request, by their names in lower case.
pub type Fields<'a> = dyn Fn(&str) -> Option<&'a str> + 'a;

/// Something that a forge told.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Which forge.
    pub forge: Forge,
    /// What the forge calls it; empty where it does not say.
    pub id: String,
    /// What no other delivery has, by what is signed of it where a forge signs anything: the same
    /// again is the same delivery, whatever else the request says.
    pub fingerprint: String,
    /// What it tells.
    pub event: Event,
}

/// A request that is no delivery of a forge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// It shows nothing by which it could be told from anybody's.
    #[error("there is no {field}: {forge} sends it where the webhook has a secret")]
    Unsigned {
        /// Which forge was meant.
        forge: Forge,
        /// What it would send.
        field: &'static str,
    },
    /// No secret here has signed it.
    #[error("no secret of {0} that this server knows has signed it")]
    WrongSignature(Forge),
    /// It was signed long ago, or the clocks are apart.
    #[error("it was signed more than {} min ago or ahead", TIMESTAMP_TOLERANCE.as_secs() / 60)]
    Stale,
    /// It is signed, and yet makes no sense.
    #[error("{0}")]
    Unreadable(String),
}

/// Takes a request for what a forge sent, if one of the secrets shows it.
///
/// Whether it came before is for whoever keeps the fingerprints.
///
/// # Errors
/// Whatever is missing or wrong, told without anything of the body.
pub fn check(
    forge: Forge,
    secrets: &[WebhookSecret],
    field: &Fields<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<Delivery, WebhookError> {
    let fingerprint = match forge {
        Forge::GitHub => by_tag(forge, secrets, field("x-hub-signature-256"), body),
        Forge::Bitbucket => by_tag(forge, secrets, field("x-hub-signature"), body),
        Forge::GitLab if field("webhook-signature").is_some() => {
            by_standard(secrets, field, body, now)
        }
        Forge::GitLab => by_token(secrets, field, body),
    }?;
    let (name, id) = match forge {
        Forge::GitHub => ("x-github-event", field("x-github-delivery")),
        Forge::GitLab => ("x-gitlab-event", gitlab_id(field)),
        Forge::Bitbucket => {
            ("x-event-key", field("x-request-uuid").or_else(|| field("x-request-id")))
        }
    };
    let name = field(name).filter(|name| is_plain(name));
    let name =
        name.ok_or_else(|| WebhookError::Unreadable("it does not say which event it is".into()))?;
    let body = serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        WebhookError::Unreadable(format!(
            "the body is no JSON at line {line}, column {column}: let the webhook send application/json"
        ))
    })?;
    let id = id.filter(|id| is_plain(id)).unwrap_or_default().to_owned();
    Ok(Delivery { forge, id, fingerprint, event: read(forge, name, &body) })
}

/// `sha256=` and the HMAC of the body in hexadecimal digits, as GitHub and Bitbucket have it. As the
/// other two, it returns the fingerprint.
fn by_tag(
    forge: Forge,
    secrets: &[WebhookSecret],
    tag: Option<&str>,
    body: &[u8],
) -> Result<String, WebhookError> {
    let field = match forge {
        Forge::Bitbucket => "X-Hub-Signature",
        _ => "X-Hub-Signature-256",
    };
    let tag = tag.ok_or(WebhookError::Unsigned { forge, field })?;
    let tag = tag.strip_prefix("sha256=").and_then(|tag| tag.parse::<Digest>().ok());
    let holds = tag.is_some_and(|tag| any(secrets, |secret| secret.signs(&[body], &tag.0)));
    if !holds {
        return Err(WebhookError::WrongSignature(forge));
    }
    Ok(fingerprint(forge, body))
}

/// The signature that GitLab makes by Standard Webhooks, over a name and a time as well.
fn by_standard(
    secrets: &[WebhookSecret],
    field: &Fields<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<String, WebhookError> {
    let forge = Forge::GitLab;
    let need = |name, shown| field(name).ok_or(WebhookError::Unsigned { forge, field: shown });
    let id = need("webhook-id", "webhook-id")?;
    let at = need("webhook-timestamp", "webhook-timestamp")?;
    let tags = need("webhook-signature", "webhook-signature")?;
    let parts = [id.as_bytes(), b".", at.as_bytes(), b".", body];
    let holds = tags.split(' ').take(8).any(|tag| {
        let tag = tag.strip_prefix("v1,").and_then(|tag| BASE64_STANDARD.decode(tag).ok());
        tag.is_some_and(|tag| any(secrets, |secret| secret.signs_by_standard(&parts, &tag)))
    });
    if !holds {
        return Err(WebhookError::WrongSignature(forge));
    }
    let at = at.parse::<i64>().ok().and_then(|seconds| seconds.checked_mul(1_000));
    let at = at.map(Timestamp::from_millis).ok_or(WebhookError::Stale)?;
    if now.since(at).max(at.since(now)) > TIMESTAMP_TOLERANCE {
        return Err(WebhookError::Stale);
    }
    // A forge that sends once more what was not taken signs another time, and keeps the name.
    Ok(fingerprint(forge, id.as_bytes()))
}

/// The secret itself, as GitLab sends it where it signs nothing: whoever has read one request can
/// send any other, so that its name is as good as what is in it.
fn by_token(
    secrets: &[WebhookSecret],
    field: &Fields<'_>,
    body: &[u8],
) -> Result<String, WebhookError> {
    let forge = Forge::GitLab;
    let unsigned = WebhookError::Unsigned { forge, field: "webhook-signature or X-Gitlab-Token" };
    let token = field("x-gitlab-token").ok_or(unsigned)?;
    if !any(secrets, |secret| secret.is(token)) {
        return Err(WebhookError::WrongSignature(forge));
    }
    let named = gitlab_id(field).map(|id| fingerprint(forge, id.as_bytes()));
    Ok(named.unwrap_or_else(|| fingerprint(forge, body)))
}

fn gitlab_id<'a>(field: &Fields<'a>) -> Option<&'a str> {
    field("webhook-id")
        .or_else(|| field("idempotency-key"))
        .or_else(|| field("x-gitlab-event-uuid"))
}

/// Each of them is tried, so that the time does not tell which one it was.
fn any(secrets: &[WebhookSecret], holds: impl Fn(&WebhookSecret) -> bool) -> bool {
    secrets.iter().fold(false, |found, secret| holds(secret) | found)
}

fn fingerprint(forge: Forge, signed: &[u8]) -> String {
    Digest::of(&[forge.as_str().as_bytes(), b"\n", signed].concat()).to_string()
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST_FIELD
        && text.bytes().all(|it| (b' '..=b'~').contains(&it))
}
