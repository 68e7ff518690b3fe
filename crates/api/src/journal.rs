//! What replicas wrote, and what the ledger holds.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tidegate_access::Verb;
use tidegate_controller::Refused;
use tidegate_ledger::{Digest, Entry, Head, Summary};
use tidegate_ports::{LogQuery, StoreError, VerifyError};
use tidegate_units::ObjectKey;

use crate::{
    caller::Caller,
    ledger_filter::LedgerAsked,
    problem::{Problem, ProblemKind},
    read,
    routes::Api,
    visible::Visible,
};

/// The header field that says where the next piece of a log begins.
pub const NEXT_HEADER: &str = "tidegate-next";

/// The most lines from the end of a log that can be asked for. An answer is bounded anyway.
const TAIL_LIMIT: usize = 100_000;

/// Ledger entries, in the order that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LedgerPage {
    /// At most as many as were asked for.
    pub entries: Vec<Entry>,
    /// Give this as `after` to go on, or as `before` where the newest come first. At the end it stays
    /// the same, or is 1.
    pub next: u64,
}

/// Whether the ledger is one unbroken chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LedgerVerdict {
    /// Whether it is.
    pub holds: bool,
    /// Entries that were read, up to a break.
    pub entries: u64,
    /// Where the part that holds ends.
    pub head: Head,
    /// Where and how it breaks.
    pub broken: Option<String>,
}

#[derive(Deserialize)]
struct LogAsked {
    replica: Option<String>,
    container: Option<String>,
    from: Option<u64>,
    tail: Option<usize>,
}

/// A piece of what a container of a replica wrote, as it wrote it.
pub(crate) async fn logs(
    State(api): State<Api>,
    uri: Uri,
    caller: Caller,
) -> Result<Response, Problem> {
    let asked: LogAsked = read::query(&uri)?;
    let Some(replica) = asked.replica.filter(|replica| !replica.is_empty()) else {
        return Err(Problem::new(ProblemKind::BadRequest, "the parameter `replica` is missing")
            .with_hint("`tidegate rollout get NAME` names the replicas"));
    };
    // Of a replica that is gone nobody knows any more whose it was.
    let owner = api.control.owner_of(&replica.as_str().into()).map(|owner| owner.key());
    let key = owner.unwrap_or_else(|| ObjectKey::everywhere(ObjectKey::EVERYWHERE));
    caller.may(Verb::Logs, &key.namespace, &key.name)?;
    let query = LogQuery {
        replica: Some(replica.into()),
        container: asked.container,
        from: asked.from,
        tail: asked.tail.map(|lines| lines.min(TAIL_LIMIT)),
    };
    let chunk = api.control.logs(query).await?;
    let mut response = chunk.bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(NEXT_HEADER, HeaderValue::from(chunk.next));
    Ok(response)
}

/// Entries of the ledger that match, from either end.
pub(crate) async fn ledger(
    State(api): State<Api>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<LedgerPage>, Problem> {
    let asked: LedgerAsked = read::query(&uri)?;
    asked.without_format()?;
    Ok(Json(asked.page(&api.control, &Visible::to(caller)).await?))
}

#[derive(Deserialize)]
struct VerifyAsked {
    /// The sequence number of a head that was kept elsewhere, with its hash.
    sequence: Option<u64>,
    hash: Option<Digest>,
}

/// Checks the whole ledger.
pub(crate) async fn verify(
    State(api): State<Api>,
    uri: Uri,
) -> Result<Json<LedgerVerdict>, Problem> {
    let asked: VerifyAsked = read::query(&uri)?;
    let expected = match (asked.sequence, asked.hash) {
        (Some(sequence), Some(hash)) => Some(Head { sequence, hash }),
        (None, None) => None,
        _ => {
            let detail = "`sequence` and `hash` belong together";
            return Err(Problem::new(ProblemKind::BadRequest, detail));
        }
    };
    let verdict = LedgerVerdict::of(api.control.verify_ledger(expected).await);
    verdict.map(Json).map_err(|problem| Refused::Unavailable(problem.to_string()).into())
}

impl LedgerVerdict {
    /// What a check came to, unless the ledger could not be read.
    pub fn of(outcome: Result<Summary, VerifyError>) -> Result<Self, StoreError> {
        let (part, broken) = match outcome {
            Ok(whole) => (whole, None),
            Err(VerifyError::Broken { held, broken }) => (held, Some(broken.to_string())),
            Err(VerifyError::Store(error)) => return Err(error),
        };
        Ok(Self { holds: broken.is_none(), entries: part.entries, head: part.head, broken })
    }
}
