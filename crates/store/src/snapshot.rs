use rusqlite::{Connection, Transaction};
use tidegate_ledger::{Entry, Head, Verifier};
use tidegate_ports::{Changed, Facts, StoreError, StoredObject, VerifyError};

use crate::{
    Reader, change, document,
    failure::unreadable,
    ledger,
    reader::{check, each_kept},
    schema,
};

/// A data folder as it was at one moment, whatever a server writes there meanwhile.
///
/// The server is not held up. Until this is dropped its write-ahead log is not folded in, so it
/// grows by what is written in that time.
#[derive(Debug)]
pub struct Snapshot<'a> {
    connection: Transaction<'a>,
    facts: Facts,
}

impl Reader {
    /// Holds on to this moment.
    pub fn snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        let cannot = |error: rusqlite::Error| unreadable("cannot read state.db", &error);
        let connection = self.connection.unchecked_transaction().map_err(cannot)?;
        // The first read is what decides which moment it is.
        let facts = facts(&connection)?;
        Ok(Snapshot { connection, facts })
    }
}

fn facts(connection: &Connection) -> Result<Facts, StoreError> {
    let documents = connection
        .query_row("SELECT count(*) FROM document", [], |row| row.get::<_, i64>(0))
        .map_err(|error| unreadable("cannot read the documents", &error))?;
    let (schema, head) = (schema::version(connection)?, ledger::head(connection)?);
    let (changes, reaches_back_to) = if schema::has_changes(schema) {
        (change::count(connection)?, change::begin(connection)?)
    } else {
        (0, head.sequence)
    };
    Ok(Facts {
        schema,
        head,
        changes,
        reaches_back_to,
        documents: u64::try_from(documents).unwrap_or(0),
    })
}

impl Snapshot<'_> {
    /// What it is of.
    pub const fn facts(&self) -> Facts {
        self.facts
    }

    /// Every document, by kind and key. Errors: the first that cannot be read, and `visit`'s.
    pub fn documents<E: From<StoreError>>(
        &self,
        visit: impl FnMut(StoredObject) -> Result<(), E>,
    ) -> Result<(), E> {
        document::each(&self.connection, visit)
    }

    /// What documents were, newest first.
    pub fn changes<E: From<StoreError>>(
        &self,
        visit: impl FnMut(Changed) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.facts.changes == 0 {
            return Ok(());
        }
        change::each(&self.connection, visit)
    }

    /// Every entry of the ledger, oldest first, each checked to follow the one before; and that the
    /// last is where the ledger was noted to end.
    pub fn entries<E: From<VerifyError> + From<StoreError>>(
        &self,
        mut visit: impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<(), E> {
        let noted = self.facts.head;
        let mut verifier = Verifier::new(Head::default(), Some(noted));
        each_kept(&self.connection, |kept| {
            check(&mut verifier, kept, noted)?;
            visit(ledger::read(kept)?)
        })?;
        let held = verifier.so_far();
        let broken = |broken| VerifyError::Broken { held, broken: Box::new(broken) };
        let summary = verifier.finish().map_err(broken)?;
        if summary.head == noted {
            return Ok(());
        }
        let why = format!("the ledger goes on after entry {}, its noted end", noted.sequence);
        Err(StoreError::Damaged(why).into())
    }
}
