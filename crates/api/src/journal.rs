//! What replicas wrote, and what the ledger holds.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tidegate_controller::Refused;
use tidegate_ledger::{Digest, Entry, Head, Summary};
use tidegate_ports::{LogQuery, StoreError, VerifyError};

use crate::{
    limits::LEDGER_PAGE_LIMIT,
    problem::{Problem, ProblemKind},
    read,
    routes::Api,
};

/// The header field that says where the next piece of a log begins.
pub const NEXT_HEADER: &str = "tidegate-next";

/// The most lines from the end of a log that can be asked for. An answer is bounded anyway.
const TAIL_LIMIT: usize = 100_000;

/// Ledger entries, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerPage {
    /// At most as many as were asked for.
    pub entries: Vec<Entry>,
    /// Give this as `after` to go on; it stays the same at the end.
    pub next: u64,
}

/// Whether the ledger is one unbroken chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
pub(crate) async fn logs(State(api): State<Api>, uri: Uri) -> Result<Response, Problem> {
    let asked: LogAsked = read::query(&uri)?;
    let Some(replica) = asked.replica.filter(|replica| !replica.is_empty()) else {
        return Err(Problem::new(ProblemKind::BadRequest, "the parameter `replica` is missing")
            .with_hint("`tidegate rollout get NAME` names the replicas"));
    };
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

#[derive(Deserialize)]
struct LedgerAsked {
    #[serde(default)]
    after: u64,
    #[serde(default = "page")]
    limit: usize,
}

fn page() -> usize {
    LEDGER_PAGE_LIMIT
}

/// Entries of the ledger.
pub(crate) async fn ledger(State(api): State<Api>, uri: Uri) -> Result<Json<LedgerPage>, Problem> {
    let asked: LedgerAsked = read::query(&uri)?;
    let limit = asked.limit.clamp(1, LEDGER_PAGE_LIMIT);
    let entries = api.control.ledger(asked.after, limit).await?;
    let next = entries.last().map_or(asked.after, |entry| entry.sequence);
    Ok(Json(LedgerPage { entries, next }))
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
