//! What is below `/v1/ledger`.

use tidegate_ledger::Entry;
use utoipa::openapi::{HttpMethod, KnownFormat, ObjectBuilder, SchemaFormat};

use crate::{
    LedgerPage, LedgerVerdict,
    limits::LEDGER_PAGE_LIMIT,
    openapi::{
        operation::{Described, Describing},
        parameter::{header, one_of, query, text, whole},
        shapes::ResetEvent,
    },
};

pub(super) fn all() -> Vec<Described> {
    vec![page(), export(), verify(), watch()]
}

fn get(path: &str, id: &str, what: &str) -> Describing {
    Describing::new(HttpMethod::Get, path, "ledger", id, what)
}

/// A moment in time.
pub(super) fn moment() -> ObjectBuilder {
    text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
}

/// Which entries.
fn filtered(one: Describing) -> Describing {
    one.with(query("kind", "Only those about this kind of resource.", text()))
        .with(query("namespace", "Only those about this namespace.", text()))
        .with(query("name", "Only those about this name.", text()))
        .with(query("actor", "Only what this person decided, or `controller`.", text()))
        .with(query("what", "Only entries of this word.", text().examples(["WeightSet"])))
        .with(query("search", "Only those with this anywhere in them.", text()))
        .with(query("since", "Only from this moment on.", moment()))
}

/// From where to where.
fn ranged(one: Describing) -> Describing {
    let ends = "Whether the oldest or the newest come first.";
    one.with(query("after", "Only those after this sequence number.", whole(0, None)))
        .with(query("before", "Only those before this sequence number.", whole(0, None)))
        .with(query("until", "Only from before this moment.", moment()))
        .with(query("order", ends, one_of(&["asc", "desc"])))
}

fn page() -> Described {
    let page = get("/v1/ledger", "listLedger", "Entries of the ledger that match");
    let limit = format!("At most so many; {LEDGER_PAGE_LIMIT} are the most, and when left out.");
    filtered(ranged(page))
        .with(query("limit", &limit, whole(0, None)))
        .answers::<LedgerPage>("Those of them that the caller may see.")
        .end()
}

fn export() -> Described {
    let export = get("/v1/ledger/export", "exportLedger", "The same as a file, all of them");
    filtered(ranged(export))
        .about(EXPORT)
        .with(query("limit", "At most so many.", whole(0, None)))
        .with(query("format", "As what; `json` when left out.", one_of(&["json", "csv"])))
        .answers_text("application/jsonl", "An object on each line, or records of CSV.")
        .or_text("text/csv; charset=utf-8; header=present")
        .end()
}

const EXPORT: &str = "As `json` there is an object on each line, a `LedgerEntry`; of the whole ledger anyone can check the chain. As \
    `csv` (RFC 4180) a field that a spreadsheet would take for a formula has an apostrophe before it. It ends with what \
    the ledger held when it was asked for; one whose end breaks off is not whole.";

fn verify() -> Described {
    let sequence = "The sequence number of a head that was kept elsewhere.";
    get("/v1/ledger/verify", "verifyLedger", "Whether the ledger is one unbroken chain")
        .with(query("sequence", sequence, whole(0, None)))
        .with(query("hash", "Its hash.", text().pattern(Some("^[0-9a-f]{64}$"))))
        .answers::<LedgerVerdict>("Whether it is, and where it breaks.")
        .end()
}

fn watch() -> Described {
    let watch = get("/v1/ledger/watch", "watchLedger", "Entries as they are written");
    filtered(watch)
        .about(WATCH)
        .with(query("after", "A sequence number; from now on when left out.", whole(0, None)))
        .with(header("Last-Event-ID", "The same; a browser gives it when it comes back."))
        .answers_text("text/event-stream", "Server-sent events, until the client leaves.")
        .event::<Entry>("ledger")
        .event::<ResetEvent>("reset")
        .end()
}

const WATCH: &str = "Events: `ledger` with `LedgerEntry`, in their order with no gap; `reset` with `ResetEvent` where the ledger is \
    shorter than what was read of it. The id of an event is a sequence number; one without data says how far was looked.";
