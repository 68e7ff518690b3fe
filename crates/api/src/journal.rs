//! What replicas wrote, and what the ledger holds.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tidegate_ledger::{Digest, Entry, Head, Verifier};
use tidegate_ports::LogQuery;

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
    Ok(Json(check(&api, expected).await?))
}

async fn check(api: &Api, expected: Option<Head>) -> Result<LedgerVerdict, Problem> {
    let mut verifier = Verifier::new(Head::default(), expected);
    let mut held = LedgerVerdict { holds: false, entries: 0, head: Head::default(), broken: None };
    loop {
        let entries = api.control.ledger(held.head.sequence, LEDGER_PAGE_LIMIT).await?;
        if entries.is_empty() {
            return Ok(match verifier.finish() {
                Ok(_) => LedgerVerdict { holds: true, ..held },
                Err(broken) => LedgerVerdict { broken: Some(broken.to_string()), ..held },
            });
        }
        for entry in &entries {
            if let Err(broken) = verifier.take(entry) {
                return Ok(LedgerVerdict { broken: Some(broken.to_string()), ..held });
            }
            held.entries += 1;
            held.head = entry.head();
        }
    }
}
