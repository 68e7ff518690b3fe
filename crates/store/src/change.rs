//! What documents were: enough to have all of them as they were at an earlier position.
//!
//! A change keeps what it replaces, not what it makes. So the newest state is kept once, of what is
//! written again and again between two entries of the ledger only the first is, and to forget the
//! oldest changes is to delete them: no later one needs them.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};
use tidegate_ports::{Changed, StoreError, Write};
use tidegate_units::ObjectKey;

use crate::{document, failure::unreadable};

/// Bytes of documents that are kept, and what each row takes beside them. A release changes some
/// 100 KiB, so this is hundreds of releases, and a backup each day reaches back further than the
/// day before; with thousands of rollouts that all move it is minutes, and no more than this much of
/// the disk.
const MOST: i64 = 64 << 20;
/// This part of it is deleted at a time: some milliseconds of the writer's time.
const SLICES: i64 = 8;
/// What a row takes beside its body, in bytes.
const ROW: i64 = 64;

/// Keeps what a document is, which `write` is about to change, with the span of its batch. Of several
/// changes that end at one position the first counts. Says how many bytes that takes.
pub(crate) fn keep(
    connection: &Connection,
    (before, after): (u64, u64),
    write: &Write,
) -> rusqlite::Result<i64> {
    let (kind, key) = match write {
        Write::Put(object) => (&object.kind, &object.key),
        Write::Delete { kind, key } => (kind, key),
    };
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO change (after, kind, key, before, body)
             VALUES (?1, ?2, ?3, ?4, (SELECT body FROM document WHERE kind = ?2 AND key = ?3))
             RETURNING coalesce(octet_length(body), 0)",
        )?
        .query_row(params![number(after), kind, key.to_string(), number(before)], |row| row.get(0))
        .optional()
        .map(|bytes: Option<i64>| bytes.map_or(0, |bytes| bytes + ROW))
}

/// From which position on the documents can be had.
pub(crate) fn begin(connection: &Connection) -> Result<u64, StoreError> {
    connection
        .query_row("SELECT sequence FROM change_begin", [], |row| sequence(row, 0))
        .map_err(|error| unreadable("cannot read how far back the documents go", &error))
}

/// How many changes are kept.
pub(crate) fn count(connection: &Connection) -> Result<u64, StoreError> {
    connection
        .query_row("SELECT count(*) FROM change", [], |row| sequence(row, 0))
        .map_err(|error| unreadable("cannot read the changes", &error))
}

/// Every change, newest first: undone in this order, they lead back.
pub(crate) fn each<E: From<StoreError>>(
    connection: &Connection,
    mut visit: impl FnMut(Changed) -> Result<(), E>,
) -> Result<(), E> {
    let cannot = |error: rusqlite::Error| unreadable("cannot read the changes", &error);
    let mut statement = connection
        .prepare_cached(
            "SELECT before, after, kind, key, body FROM change ORDER BY after DESC, kind, key",
        )
        .map_err(cannot)?;
    let mut rows = statement.query_map([], columns).map_err(cannot)?;
    rows.try_for_each(|row| visit(read(row.map_err(cannot)?)?))
}

type Columns = (u64, u64, String, String, Option<String>);

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((sequence(row, 0)?, sequence(row, 1)?, row.get(2)?, row.get(3)?, row.get(4)?))
}

fn read((before, after, kind, key, body): Columns) -> Result<Changed, StoreError> {
    let cannot = |why: String| {
        StoreError::Damaged(format!(
            "cannot read what {kind} {key} was before entry {after}: {why}"
        ))
    };
    let body = body.map(|body| serde_json::from_str(&body)).transpose();
    Ok(Changed {
        before,
        after,
        body: body.map_err(|error| cannot(error.to_string()))?,
        key: key.parse::<ObjectKey>().map_err(|error| cannot(error.to_string()))?,
        kind: kind.clone(),
    })
}

/// Adds a change as it was.
pub(crate) fn put(connection: &Connection, change: &Changed) -> rusqlite::Result<()> {
    let Changed { before, after, kind, key, body } = change;
    let body = body.as_ref().map(ToString::to_string);
    connection
        .prepare_cached(
            "INSERT INTO change (after, kind, key, before, body) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![number(*after), kind, key.to_string(), number(*before), body])?;
    Ok(())
}

/// The last position at or before `position` at which nothing was half written.
pub(crate) fn boundary(connection: &Connection, position: u64) -> rusqlite::Result<u64> {
    connection
        .query_row(
            "SELECT before FROM change WHERE before < ?1 AND after > ?1 LIMIT 1",
            [number(position)],
            |row| sequence(row, 0),
        )
        .optional()
        .map(|before| before.unwrap_or(position))
}

/// Makes the documents what they were at a position, and forgets what came after it.
pub(crate) fn undo(connection: &Connection, position: u64) -> rusqlite::Result<()> {
    // Of several changes of a document the first after the position says what it was there: SQLite
    // takes the other columns from the row that has the least.
    let then = "SELECT kind, key, body, min(after) FROM change WHERE after > ?1 GROUP BY kind, key";
    let position = [number(position)];
    connection.execute(
        &format!("DELETE FROM document WHERE (kind, key) IN (SELECT kind, key FROM ({then}))"),
        position,
    )?;
    connection.execute(
        &format!(
            "INSERT INTO document (kind, key, body)
             SELECT kind, key, body FROM ({then}) WHERE body IS NOT NULL"
        ),
        position,
    )?;
    document::add_sums(connection)?;
    connection.execute("DELETE FROM change WHERE after > ?1", position).map(drop)
}

/// Notes from which position on the documents can be had.
pub(crate) fn begin_at(connection: &Connection, position: u64) -> rusqlite::Result<()> {
    connection.execute("UPDATE change_begin SET sequence = ?1", [number(position)]).map(drop)
}

/// Keeps to the bound: counts what was added, and forgets the oldest when that is too much.
#[derive(Debug)]
pub(crate) struct Bound {
    held: i64,
    most: i64,
}

impl Bound {
    /// Counts what is kept.
    pub(crate) fn of(connection: &Connection) -> rusqlite::Result<Self> {
        Ok(Self { held: held(connection)?, most: MOST })
    }

    /// Counts what batches have added, in bytes. What one added that was not written after all is
    /// counted as well: before anything is forgotten, all is counted anew.
    pub(crate) fn add(&mut self, bytes: i64) {
        self.held += bytes;
    }

    /// Forgets the oldest when there is too much.
    pub(crate) fn tend(&mut self, connection: &mut Connection) -> rusqlite::Result<()> {
        if self.held <= self.most {
            return Ok(());
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let excess = held(&transaction)? - self.most;
        if excess > 0
            && let Some(last) = oldest(&transaction, excess + self.most / SLICES)?
        {
            transaction.execute("DELETE FROM change WHERE after <= ?1", [last])?;
            transaction.execute("UPDATE change_begin SET sequence = ?1", [last])?;
        }
        self.held = held(&transaction)?;
        transaction.commit()
    }

    #[cfg(test)]
    pub(crate) fn at_most(&mut self, bytes: i64) {
        self.most = bytes;
    }
}

fn held(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row(
        "SELECT coalesce(sum(coalesce(octet_length(body), 0) + ?1), 0) FROM change",
        [ROW],
        |row| row.get(0),
    )
}

/// Up to which position the oldest changes have so many bytes; none when they have fewer.
fn oldest(transaction: &Transaction<'_>, bytes: i64) -> rusqlite::Result<Option<i64>> {
    transaction
        .query_row(
            "SELECT after FROM (
                 SELECT after, sum(coalesce(octet_length(body), 0) + ?1) OVER (ORDER BY after) AS so_far
                 FROM change)
             WHERE so_far >= ?2 ORDER BY after LIMIT 1",
            [ROW, bytes],
            |row| row.get(0),
        )
        .optional()
}

fn number(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

fn sequence(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or(0))
}
