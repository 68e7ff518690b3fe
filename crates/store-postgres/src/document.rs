//! Documents as they are kept, each with what it must add up to.

use tidegate_ports::{StoreError, StoredObject};
use tokio_postgres::{Error, Row};

use crate::{
    round::texts,
    schema,
    session::Session,
    trouble::{Trouble, trouble},
};

/// So many are given their sums at a time: each may have 4 MiB, and most have some thousand bytes.
const PAGE: i64 = 256;

const WHAT: &str = "the documents cannot be read";

/// What a document must add up to: the same as in the data folder's store.
pub(crate) fn sum(kind: &str, key: &str, body: &str) -> i64 {
    let mut hasher = crc32fast::Hasher::new();
    for part in [kind, "\0", key, "\0", body] {
        hasher.update(part.as_bytes());
    }
    i64::from(hasher.finalize())
}

/// Adds the sums of documents that came to be without, within a transaction.
pub(crate) async fn add_sums(session: &Session) -> Result<(), Trouble> {
    let without = "SELECT kind, key, body FROM tidegate.document WHERE sum IS NULL LIMIT $1";
    let add = "UPDATE tidegate.document d SET sum = s.sum
        FROM unnest($1::text[], $2::text[], $3::bigint[]) AS s(kind, key, sum)
        WHERE d.kind = s.kind AND d.key = s.key";
    loop {
        let rows = session.rows(WHAT, without, &[&PAGE]).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let columns = rows.iter().map(columns).collect::<Result<Vec<_>, _>>();
        let columns = columns.map_err(|error| trouble(WHAT, &error))?;
        let sums: Vec<_> = columns.iter().map(|(kind, key, body)| sum(kind, key, body)).collect();
        let (kinds, keys) = (texts(&columns, |one| one.0), texts(&columns, |one| one.1));
        session.change(WHAT, add, &[&kinds, &keys, &sums]).await?;
    }
}

/// Every document, by kind and key, as one moment has them: within a transaction that sees one alone, or in
/// which nobody else writes.
pub(crate) async fn all(session: &Session) -> Result<Vec<StoredObject>, Trouble> {
    let mut check = Check::of(session, schema::inspect(session).await?).await?;
    let rows = session.rows(WHAT, check.query(), &[]).await?;
    let documents = rows.iter().map(|row| check.take(row)).collect::<Result<Vec<_>, _>>()?;
    check.finish()?;
    Ok(documents)
}

/// Whether all documents are there, each as it was written.
pub(crate) struct Check {
    /// How many, and what their sums add up to. None where the database is of a time before there were sums.
    wanted: Option<(i64, i64)>,
    found: (i64, i64),
    last: Option<(String, String)>,
}

impl Check {
    /// Reads what there must be in a database of this version.
    pub(crate) async fn of(session: &Session, version: u32) -> Result<Self, Trouble> {
        let mut wanted = None;
        if schema::has_sums(version) {
            let asked = "SELECT count, sum FROM tidegate.document_total";
            let rows = session.rows(WHAT, asked, &[]).await?;
            let row = rows.first().ok_or_else(|| {
                StoreError::Damaged("the row of tidegate.document_total is gone".to_owned())
            })?;
            let read = || Ok((row.try_get(0)?, row.try_get(1)?));
            wanted = Some(read().map_err(|error| trouble(WHAT, &error))?);
        }
        Ok(Self { wanted, found: (0, 0), last: None })
    }

    /// What gives the documents in the order in which they are to be taken.
    pub(crate) const fn query(&self) -> &'static str {
        if self.wanted.is_some() {
            "SELECT kind, key, body, sum FROM tidegate.document ORDER BY kind, key"
        } else {
            "SELECT kind, key, body FROM tidegate.document ORDER BY kind, key"
        }
    }

    /// Takes the next one.
    pub(crate) fn take(&mut self, row: &Row) -> Result<StoredObject, Trouble> {
        let (kind, key, body) = columns(row).map_err(|error| trouble(WHAT, &error))?;
        if self.wanted.is_some() {
            let noted: Option<i64> = row.try_get(3).map_err(|error| trouble(WHAT, &error))?;
            self.compare((kind, key, body), noted)?;
        }
        let cannot = |why: String| StoreError::Damaged(format!("cannot read {kind} {key}: {why}"));
        let body = serde_json::from_str(body).map_err(|error| cannot(error.to_string()))?;
        let parsed = key.parse();
        let key = parsed.map_err(|error: tidegate_units::IdError| cannot(error.to_string()))?;
        Ok(StoredObject { kind: kind.to_owned(), key, body })
    }

    fn compare(
        &mut self,
        (kind, key, body): (&str, &str, &str),
        noted: Option<i64>,
    ) -> Result<(), StoreError> {
        let damaged = |why: &str| Err(StoreError::Damaged(format!("{kind} {key} is {why}")));
        let found = sum(kind, key, body);
        if noted != Some(found) {
            return damaged("not what was written");
        }
        let own = Some((kind.to_owned(), key.to_owned()));
        if self.last == own {
            return damaged("there twice");
        }
        self.last = own;
        self.found = (self.found.0 + 1, self.found.1 + found);
        Ok(())
    }

    /// After the last one.
    pub(crate) fn finish(self) -> Result<(), StoreError> {
        let (found, Some(wanted)) = (self.found, self.wanted) else { return Ok(()) };
        if found == wanted {
            return Ok(());
        }
        Err(StoreError::Damaged(format!(
            "there are {} documents, and they are not the {} that were written",
            found.0, wanted.0
        )))
    }
}

fn columns(row: &Row) -> Result<(&str, &str, &str), Error> {
    Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
}
