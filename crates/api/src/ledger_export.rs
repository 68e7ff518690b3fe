//! The ledger as a file.

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{
        HeaderValue, Uri,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse as _, Response},
};
use futures_util::stream;
use tidegate_controller::Refused;
use tidegate_ledger::{CSV_HEADER, Entry, csv_record};

use crate::{
    caller::Caller,
    fleet_order::Order,
    ledger_filter::{Format, LedgerAsked},
    problem::Problem,
    read,
    routes::Api,
    visible::Visible,
};

/// Entries that are held at once for one who exports: some 200 KiB, of which few are on their way.
const PAGE: usize = 200;

/// All entries that match, as JSON lines or as CSV. It ends with what the ledger held when it was asked for.
pub(crate) async fn export(
    State(api): State<Api>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, Problem> {
    let asked: LedgerAsked = read::query(&uri)?;
    let format = asked.format.unwrap_or_default();
    let mut pages = Pages::new(api, caller, asked);
    // A ledger that cannot be read is told by the status, as long as there is one to tell it by.
    let first = pages.next(format).await?;
    let head = (format == Format::Csv).then(|| Bytes::from_static(CSV_HEADER.as_bytes()));
    let begun = head.into_iter().chain(first).map(Ok).collect::<Vec<_>>();
    let later = stream::unfold(pages, move |mut pages| async move {
        let chunk = pages.next(format).await;
        // Whoever reads it sees by its broken end that it is not whole.
        chunk.transpose().map(|chunk| (chunk.map_err(|_| CutOff), pages))
    });
    let body = Body::from_stream(futures_util::StreamExt::chain(stream::iter(begun), later));
    Ok(attachment(body, format))
}

/// An export of which the rest cannot be read.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the ledger cannot be read any more")]
struct CutOff;

fn attachment(body: Body, format: Format) -> Response {
    let (media, name) = match format {
        Format::Json => ("application/jsonl", "attachment; filename=\"ledger.jsonl\""),
        Format::Csv => {
            ("text/csv; charset=utf-8; header=present", "attachment; filename=\"ledger.csv\"")
        }
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(name));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Where an export is.
struct Pages {
    api: Api,
    visible: Visible,
    asked: LedgerAsked,
    /// So many entries more.
    left: usize,
}

impl Pages {
    fn new(api: Api, caller: Caller, mut asked: LedgerAsked) -> Self {
        let end = api.control.fleet().head() + 1;
        asked.before = Some(asked.before.map_or(end, |before| before.min(end)));
        let left = asked.limit.unwrap_or(usize::MAX);
        Self { api, visible: Visible::to(caller), asked, left }
    }

    /// The next entries as they are written; none at the end.
    async fn next(&mut self, format: Format) -> Result<Option<Bytes>, Problem> {
        while self.left > 0 && !self.is_through() {
            let caller = self.api.access.again(self.visible.caller());
            self.visible = Visible::to(caller.ok_or_else(left_out)?);
            self.asked.limit = Some(self.left.min(PAGE));
            let page = self.asked.page(&self.api.control, &self.visible).await?;
            let place = match self.asked.order() {
                Order::Asc => &mut self.asked.after,
                Order::Desc => &mut self.asked.before,
            };
            if place.replace(page.next) == Some(page.next) {
                // There is less than its head says: it was put back to what it was.
                self.left = 0;
            }
            self.left = self.left.saturating_sub(page.entries.len());
            if !page.entries.is_empty() {
                return Ok(Some(written(&page.entries, format)?));
            }
        }
        Ok(None)
    }

    fn is_through(&self) -> bool {
        self.asked.after.unwrap_or_default() + 1 >= self.asked.before.unwrap_or_default()
    }
}

/// Whoever asks is not let in any more.
fn left_out() -> Problem {
    Problem::new(crate::problem::ProblemKind::Unauthorized, "the token is worth nothing any more")
}

fn written(entries: &[Entry], format: Format) -> Result<Bytes, Problem> {
    let mut text = Vec::new();
    for entry in entries {
        match format {
            Format::Csv => text.extend_from_slice(csv_record(entry).as_bytes()),
            Format::Json => {
                serde_json::to_writer(&mut text, entry).map_err(|error| {
                    Refused::Unavailable(format!("entry {}: {error}", entry.sequence))
                })?;
                text.push(b'\n');
            }
        }
    }
    Ok(text.into())
}
