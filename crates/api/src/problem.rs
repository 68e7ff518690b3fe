use std::time::Duration;

use axum::{
    Json,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tidegate_controller::Refused;
use tidegate_manifest::Problems;

/// An error as RFC 9457 has it, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// A name for programs: `urn:tidegate:problem:` and a [`ProblemKind`].
    #[serde(rename = "type")]
    pub kind: ProblemKind,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong here.
    pub detail: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Every problem of the file that was sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<tidegate_manifest::Problem>,
    /// When to ask again, in seconds from now: the header field `Retry-After`.
    #[serde(skip)]
    pub retry_after: Option<u64>,
}

/// What kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum ProblemKind {
    /// The request makes no sense.
    #[serde(rename = "urn:tidegate:problem:bad-request")]
    BadRequest,
    /// No token, or a wrong one.
    #[serde(rename = "urn:tidegate:problem:unauthorized")]
    Unauthorized,
    /// Whoever asks may not do that.
    #[serde(rename = "urn:tidegate:problem:forbidden")]
    Forbidden,
    /// It would let a change through that is partly the own one of whoever asks.
    #[serde(rename = "urn:tidegate:problem:own-change")]
    OwnChange,
    /// What it names is not there.
    #[serde(rename = "urn:tidegate:problem:not-found")]
    NotFound,
    /// The address is there, but not for this method.
    #[serde(rename = "urn:tidegate:problem:method-not-allowed")]
    MethodNotAllowed,
    /// It makes no sense now.
    #[serde(rename = "urn:tidegate:problem:conflict")]
    Conflict,
    /// What it is about is not any more what whoever asks has seen.
    #[serde(rename = "urn:tidegate:problem:stale")]
    Stale,
    /// The same request is still being carried out.
    #[serde(rename = "urn:tidegate:problem:still-running")]
    StillRunning,
    /// Another request had the same key.
    #[serde(rename = "urn:tidegate:problem:idempotency-key-reused")]
    KeyReused,
    /// The body is larger than what is read.
    #[serde(rename = "urn:tidegate:problem:too-large")]
    TooLarge,
    /// What a person does there has to be confirmed first.
    #[serde(rename = "urn:tidegate:problem:needs-confirmation")]
    NeedsConfirmation,
    /// It was asked for too often.
    #[serde(rename = "urn:tidegate:problem:too-many-requests")]
    TooManyRequests,
    /// A manifest that cannot be accepted.
    #[serde(rename = "urn:tidegate:problem:invalid-manifest")]
    InvalidManifest,
    /// Something that it needs did not do its part, so it was not done.
    #[serde(rename = "urn:tidegate:problem:unavailable")]
    Unavailable,
    /// It took too long.
    #[serde(rename = "urn:tidegate:problem:timed-out")]
    TimedOut,
}

impl ProblemKind {
    const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::OwnChange => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict | Self::StillRunning => StatusCode::CONFLICT,
            Self::Stale => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NeedsConfirmation => StatusCode::PRECONDITION_REQUIRED,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::InvalidManifest | Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::BadRequest => "The request makes no sense",
            Self::Unauthorized => "The token is missing or wrong",
            Self::Forbidden => "Not allowed",
            Self::OwnChange => "Nobody approves their own change",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "The method is not allowed here",
            Self::Conflict => "Not possible now",
            Self::Stale => "It is not any more what was seen",
            Self::StillRunning => "It is still being carried out",
            Self::KeyReused => "The key was given with another request",
            Self::TooLarge => "The body is too large",
            Self::NeedsConfirmation => "It has to be confirmed",
            Self::TooManyRequests => "Too many requests",
            Self::InvalidManifest => "The manifest cannot be accepted",
            Self::Unavailable => "Not available",
            Self::TimedOut => "It took too long",
        }
    }
}

impl Problem {
    /// A problem of a kind; `detail` says in one sentence what is wrong here.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            title: kind.title().to_owned(),
            status: kind.status().as_u16(),
            detail: detail.into(),
            hint: None,
            problems: Vec::new(),
            retry_after: None,
        }
    }

    /// The same, with when to ask again.
    pub fn with_wait(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait.as_secs().max(1)), ..self }
    }

    /// The same, with what to do about it.
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let detail = refused.to_string();
        match refused {
            Refused::NotFound { kind, .. } => Self::new(ProblemKind::NotFound, detail).with_hint(
                format!("`tidegate get {} -A` lists those that are there", kind.plural()),
            ),
            Refused::Stale { .. } => Self::new(ProblemKind::Stale, detail).with_hint(
                "read it again, and ask again with its new `ETag` if that is still wanted",
            ),
            Refused::OwnChange(_) => Self::new(ProblemKind::OwnChange, detail)
                .with_hint("somebody else who has the right looks at it, and does it"),
            Refused::OwnSteps { .. } => Self::new(ProblemKind::OwnChange, detail).with_hint(
                "apply what changes `spec.strategy` and the like by itself, while no revision of yours is on its way",
            ),
            Refused::NoReplica(_) => Self::new(ProblemKind::NotFound, detail)
                .with_hint("`tidegate rollout get` lists the replicas"),
            Refused::Conflict { hint, .. } => {
                Self { hint, ..Self::new(ProblemKind::Conflict, detail) }
            }
            Refused::Unavailable(_) => Self::new(ProblemKind::Unavailable, detail)
                .with_hint("see the server's log, and try again"),
            Refused::DiskFull(_) => Self::new(ProblemKind::Unavailable, detail).with_hint(
                "free space on the disk that the server's data folder is on, and try again",
            ),
        }
    }
}

impl From<Problems> for Problem {
    fn from(found: Problems) -> Self {
        let count = found.problems.len() + found.omitted;
        let detail = match count {
            1 => "1 problem was found; nothing was changed".to_owned(),
            _ => format!("{count} problems were found; nothing was changed"),
        };
        Self { problems: found.problems, ..Self::new(ProblemKind::InvalidManifest, detail) }
    }
}

/// Why something was refused, for whoever writes that down.
#[derive(Clone, Debug)]
pub(crate) struct Refusal(pub(crate) String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (kind, wait) = (self.kind, self.retry_after);
        let why = Refusal(self.detail.clone());
        let mut response = (kind.status(), Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(wait.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds))));
        if kind == ProblemKind::Unauthorized {
            let bearer = HeaderValue::from_static("Bearer realm=\"tidegate\"");
            headers.insert(WWW_AUTHENTICATE, bearer);
        }
        response.extensions_mut().insert(why);
        response
    }
}

#[cfg(test)]
mod tests {
    use tidegate_controller::Kind;
    use tidegate_units::ObjectKey;

    use super::*;

    #[test]
    fn a_problem_is_what_the_rfc_says_and_reads_back() {
        let problem = Problem::new(ProblemKind::Conflict, "it is aborted").with_hint("retry it");
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "type": "urn:tidegate:problem:conflict",
                "title": "Not possible now",
                "status": 409,
                "detail": "it is aborted",
                "hint": "retry it",
            })
        );
        assert_eq!(serde_json::from_value::<Problem>(json).unwrap(), problem);
    }

    #[test]
    fn each_refusal_has_its_status_and_a_mend() {
        let check = |refused: Refused, status: u16, hint: &str| {
            let problem = Problem::from(refused);
            assert_eq!(problem.status, status);
            assert!(problem.hint.as_deref().unwrap_or_default().contains(hint), "{problem:?}");
        };
        let key = ObjectKey::new("default", "web");
        check(Refused::NotFound { kind: Kind::Rollout, key }, 404, "get rollouts -A");
        check(Refused::NoReplica("web-0".into()), 404, "lists the replicas");
        let reason = "it is aborted".to_owned();
        check(Refused::Conflict { reason, hint: Some("retry it".to_owned()) }, 409, "retry it");
        check(Refused::Unavailable("the controller has ended".to_owned()), 503, "server's log");
        check(Refused::DiskFull("the disk is full".to_owned()), 503, "free space");
    }
}
