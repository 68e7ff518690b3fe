use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Deserialize;
use serde_json::Value;
use tidegate_ledger::{Actor, Broken, Digest, Draft, Entry, Head, Subject, Verifier, body, link};
use tidegate_ports::{StoreError, check_depth, check_length};
use tidegate_units::Timestamp;

use crate::{document::Refusal, failure::unreadable};

/// Links a draft to the chain and writes it down. The head follows in [`advance`].
pub(crate) fn append(connection: &Connection, head: Head, draft: &Draft) -> Result<Entry, Refusal> {
    let name =
        || format!("ledger entry {} of {} {}", draft.what, draft.subject.kind, draft.subject.key);
    check_depth(name, &draft.detail)?;
    let entry = link(head, draft.clone());
    let body = body(entry.sequence, entry.previous, &entry.draft);
    check_length(name, body.len())?;
    connection
        .prepare_cached(
            "INSERT INTO ledger (sequence, hash, body) VALUES (?1, ?2, CAST(?3 AS TEXT))",
        )?
        .execute(params![number(entry.sequence), entry.hash.0, body])?;
    Ok(entry)
}

/// Notes where the ledger ends now.
pub(crate) fn advance(connection: &Connection, head: Head) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE ledger_head SET sequence = ?1, hash = ?2")?
        .execute(params![number(head.sequence), head.hash.0])?;
    Ok(())
}

/// Where the ledger ends, as it was noted.
pub(crate) fn head(connection: &Connection) -> Result<Head, StoreError> {
    connection
        .query_row("SELECT sequence, hash FROM ledger_head", [], |row| {
            Ok(Head { sequence: sequence(row, 0)?, hash: Digest(row.get(1)?) })
        })
        .map_err(|error| unreadable("cannot read the head of the ledger", &error))
}

/// Checks in constant time that the ledger can be continued: its last entry is whole, follows the
/// one before it and is where the ledger was noted to end.
pub(crate) fn check_end(connection: &Connection, head: Head) -> Result<(), StoreError> {
    let broken = |broken: Broken| damaged(broken);
    let before = hash_of(connection, head.sequence.saturating_sub(1))?;
    let begin =
        Head { sequence: head.sequence.saturating_sub(1), hash: before.unwrap_or_default() };
    let mut verifier = Verifier::new(begin, Some(head));
    // One more than should be there, so that an entry after the noted end shows.
    for kept in kept(connection, begin.sequence, 2)? {
        verifier.take_body(&kept.body, kept.hash).map_err(broken)?;
    }
    let end = verifier.finish().map_err(broken)?.head;
    if end == head {
        return Ok(());
    }
    let why = format!("it goes on after entry {}, its noted end", head.sequence);
    Err(damaged(why))
}

fn damaged(why: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(format!("the ledger is broken: {why}"))
}

fn hash_of(connection: &Connection, sequence: u64) -> Result<Option<Digest>, StoreError> {
    connection
        .query_row("SELECT hash FROM ledger WHERE sequence = ?1", [number(sequence)], |row| {
            row.get(0)
        })
        .optional()
        .map(|hash| hash.map(Digest))
        .map_err(|error| unreadable("cannot read the ledger", &error))
}

/// An entry as it is kept.
pub(crate) struct Kept {
    pub(crate) sequence: u64,
    pub(crate) hash: Digest,
    pub(crate) body: Vec<u8>,
}

/// At most `limit` entries after a sequence number, oldest first.
pub(crate) fn kept(
    connection: &Connection,
    after: u64,
    limit: usize,
) -> Result<Vec<Kept>, StoreError> {
    let cannot = |error: rusqlite::Error| unreadable("cannot read the ledger", &error);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection
        .prepare_cached("SELECT sequence, hash, CAST(body AS BLOB) FROM ledger WHERE sequence > ?1 ORDER BY sequence LIMIT ?2")
        .map_err(cannot)?;
    let rows = statement
        .query_map(params![number(after), limit], |row| {
            Ok(Kept { sequence: sequence(row, 0)?, hash: Digest(row.get(1)?), body: row.get(2)? })
        })
        .map_err(cannot)?;
    rows.map(|row| row.map_err(cannot)).collect()
}

/// An entry without its hash, as its body says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    actor: Actor,
    at: Timestamp,
    detail: Value,
    previous: Digest,
    sequence: u64,
    subject: Subject,
    what: String,
}

impl Kept {
    /// The entry, not verified.
    pub(crate) fn read(&self) -> Result<Entry, StoreError> {
        let body: Body = serde_json::from_slice(&self.body)
            .map_err(|error| damaged(format!("entry {}: {error}", self.sequence)))?;
        // Whoever reads page after page goes on from the entry's own number, for ever if it lies.
        if body.sequence != self.sequence {
            let why = format!("in the place of {} stands {}", self.sequence, body.sequence);
            return Err(damaged(why));
        }
        Ok(Entry {
            sequence: body.sequence,
            previous: body.previous,
            hash: self.hash,
            draft: Draft {
                at: body.at,
                actor: body.actor,
                subject: body.subject,
                what: body.what,
                detail: body.detail,
            },
        })
    }
}

/// SQLite's integers end at 2^63, which a ledger does not reach.
fn number(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

fn sequence(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or(0))
}
