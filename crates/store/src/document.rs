use rusqlite::{Connection, Row, params};
use tidegate_ports::{StoreError, StoredObject, StoredText, Write, check_depth, check_length};
use tidegate_units::ObjectKey;

use crate::failure::unreadable;

/// Why a batch could not be written.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// By our own limits; nothing is wrong with the disk.
    Limit(StoreError),
    /// By SQLite.
    Sqlite(rusqlite::Error),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Limit(error)
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Carries out one change.
pub(crate) fn write(connection: &Connection, write: &Write) -> Result<(), Refusal> {
    match write {
        Write::Put(object) => put(connection, object),
        Write::Delete { kind, key } => {
            connection
                .prepare_cached("DELETE FROM document WHERE kind = ?1 AND key = ?2")?
                .execute(params![kind, key.to_string()])?;
            Ok(())
        }
    }
}

pub(crate) fn put(connection: &Connection, object: &StoredObject) -> Result<(), Refusal> {
    let name = || format!("{} {}", object.kind, object.key);
    check_depth(name, &object.body)?;
    let body = object.body.to_string();
    check_length(name, body.len())?;
    connection
        .prepare_cached(
            "INSERT INTO document (kind, key, body) VALUES (?1, ?2, ?3)
             ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
        )?
        .execute(params![object.kind, object.key.to_string(), body])?;
    Ok(())
}

/// How many there are.
pub(crate) fn count(connection: &Connection) -> rusqlite::Result<u64> {
    let count = connection.query_row("SELECT count(*) FROM document", [], |row| row.get(0));
    count.map(|count: i64| u64::try_from(count).unwrap_or(0))
}

/// Every document, by kind and key.
pub(crate) fn all(connection: &Connection) -> Result<Vec<StoredObject>, StoreError> {
    let mut all = Vec::new();
    each(connection, |object| {
        all.push(object);
        Ok::<_, StoreError>(())
    })?;
    Ok(all)
}

/// The same as text.
pub(crate) fn texts(connection: &Connection) -> Result<Vec<StoredText>, StoreError> {
    let mut all = Vec::new();
    each_text(connection, |text| {
        all.push(text);
        Ok::<_, StoreError>(())
    })?;
    Ok(all)
}

/// Every document, one after the other.
pub(crate) fn each<E: From<StoreError>>(
    connection: &Connection,
    mut visit: impl FnMut(StoredObject) -> Result<(), E>,
) -> Result<(), E> {
    each_text(connection, |text| {
        let StoredText { kind, key, body } = text;
        let body = serde_json::from_str(&body)
            .map_err(|error| StoreError::Damaged(format!("cannot read {kind} {key}: {error}")))?;
        visit(StoredObject { kind, key, body })
    })
}

fn each_text<E: From<StoreError>>(
    connection: &Connection,
    mut visit: impl FnMut(StoredText) -> Result<(), E>,
) -> Result<(), E> {
    let cannot = |error: rusqlite::Error| unreadable("cannot read the documents", &error);
    let mut statement = connection
        .prepare_cached("SELECT kind, key, body FROM document ORDER BY kind, key")
        .map_err(cannot)?;
    let mut rows = statement.query_map([], columns).map_err(cannot)?;
    rows.try_for_each(|row| visit(row.map_err(cannot).and_then(read)?))
}

type Columns = (String, String, String);

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn read((kind, key, body): Columns) -> Result<StoredText, StoreError> {
    match key.parse::<ObjectKey>() {
        Ok(key) => Ok(StoredText { kind, key, body }),
        Err(why) => Err(StoreError::Damaged(format!("cannot read {kind} {key}: {why}"))),
    }
}
