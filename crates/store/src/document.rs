use rusqlite::{Connection, Row, params};
use tidegate_ports::{StoreError, StoredObject, StoredText, Write, check_text};
use tidegate_units::ObjectKey;

use crate::{failure::unreadable, schema};

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
        Write::Put(text) => put(connection, text),
        Write::Delete { kind, key } => {
            connection
                .prepare_cached("DELETE FROM document WHERE kind = ?1 AND key = ?2")?
                .execute(params![kind, key.to_string()])?;
            Ok(())
        }
    }
}

pub(crate) fn put(connection: &Connection, text: &StoredText) -> Result<(), Refusal> {
    check_text(text)?;
    let StoredText { kind, body, .. } = text;
    let key = text.key.to_string();
    connection
        .prepare_cached(
            "INSERT INTO document (kind, key, body, sum) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body, sum = excluded.sum",
        )?
        .execute(params![kind, key, &**body, sum(kind, &key, body)])?;
    Ok(())
}

/// What a document must add up to.
fn sum(kind: &str, key: &str, body: &str) -> i64 {
    let mut hasher = crc32fast::Hasher::new();
    for part in [kind, "\0", key, "\0", body] {
        hasher.update(part.as_bytes());
    }
    i64::from(hasher.finalize())
}

/// Adds the sums of documents that came to be without.
pub(crate) fn add_sums(connection: &Connection) -> rusqlite::Result<()> {
    let mut without =
        connection.prepare("SELECT rowid, kind, key, body FROM document WHERE sum IS NULL")?;
    let mut add = connection.prepare("UPDATE document SET sum = ?2 WHERE rowid = ?1")?;
    let rows = without.query_map([], |row| {
        let (kind, key, body): Columns = (row.get(1)?, row.get(2)?, row.get(3)?);
        Ok((row.get::<_, i64>(0)?, sum(&kind, &key, &body)))
    })?;
    // Read first: a row must not be changed under whoever goes over them.
    for (row, sum) in rows.collect::<rusqlite::Result<Vec<_>>>()? {
        add.execute([row, sum])?;
    }
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
        let StoredText { kind, key, .. } = &text;
        let object = text.object();
        visit(
            object.map_err(|error| {
                StoreError::Damaged(format!("cannot read {kind} {key}: {error}"))
            })?,
        )
    })
}

fn each_text<E: From<StoreError>>(
    connection: &Connection,
    mut visit: impl FnMut(StoredText) -> Result<(), E>,
) -> Result<(), E> {
    let cannot = |error: rusqlite::Error| unreadable("cannot read the documents", &error);
    // What is there and what it must add up to are of one moment.
    let moment = connection.is_autocommit().then(|| connection.unchecked_transaction());
    let moment = moment.transpose().map_err(cannot)?;
    let mut check = Check::of(connection).map_err(cannot)?;
    let sums = if check.is_some() { "sum" } else { "NULL" };
    let mut statement = connection
        .prepare_cached(&format!("SELECT kind, key, body, {sums} FROM document ORDER BY kind, key"))
        .map_err(cannot)?;
    let mut rows = statement.query_map([], columns).map_err(cannot)?;
    rows.try_for_each(|row| {
        let (columns, sum) = row.map_err(cannot)?;
        if let Some(check) = &mut check {
            check.take(&columns, sum)?;
        }
        visit(read(columns)?)
    })?;
    drop(moment);
    check.map_or(Ok(()), Check::finish).map_err(E::from)
}

/// Whether all documents are there, each as it was written.
struct Check {
    wanted: (i64, i64),
    found: (i64, i64),
    last: Option<(String, String)>,
}

impl Check {
    /// None where the database is of a time before there were sums.
    fn of(connection: &Connection) -> rusqlite::Result<Option<Self>> {
        let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if !schema::has_sums(version) {
            return Ok(None);
        }
        let wanted = connection.query_row("SELECT count, sum FROM document_total", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(Some(Self { wanted, found: (0, 0), last: None }))
    }

    fn take(&mut self, (kind, key, body): &Columns, noted: Option<i64>) -> Result<(), StoreError> {
        if noted != Some(sum(kind, key, body)) {
            return Err(StoreError::Damaged(format!("{kind} {key} is not what was written")));
        }
        let own = Some((kind.clone(), key.clone()));
        if self.last == own {
            return Err(StoreError::Damaged(format!("{kind} {key} is there twice")));
        }
        self.last = own;
        self.found = (self.found.0 + 1, self.found.1 + noted.unwrap_or(0));
        Ok(())
    }

    fn finish(self) -> Result<(), StoreError> {
        if self.wanted == self.found {
            return Ok(());
        }
        let ((wanted, _), (found, _)) = (self.wanted, self.found);
        Err(StoreError::Damaged(format!(
            "there are {found} documents, and they are not the {wanted} that were written"
        )))
    }
}

type Columns = (String, String, String);

fn columns(row: &Row<'_>) -> rusqlite::Result<(Columns, Option<i64>)> {
    Ok(((row.get(0)?, row.get(1)?, row.get(2)?), row.get(3)?))
}

fn read((kind, key, body): Columns) -> Result<StoredText, StoreError> {
    match key.parse::<ObjectKey>() {
        Ok(key) => Ok(StoredText { kind, key, body: body.into() }),
        Err(why) => Err(StoreError::Damaged(format!("cannot read {kind} {key}: {why}"))),
    }
}
