use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tidegate_ledger::{Broken, Digest, Draft, Entry, Head, Kept, Verifier, body, link};
use tidegate_ports::{StoreError, check_depth, check_length};

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

/// The entry, not verified.
pub(crate) fn read(kept: &Kept) -> Result<Entry, StoreError> {
    kept.read().map_err(damaged)
}

/// SQLite's integers end at 2^63, which a ledger does not reach.
fn number(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

fn sequence(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or(0))
}
