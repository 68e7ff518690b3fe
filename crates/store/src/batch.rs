//! Writing one batch into a transaction, whole or not at all.

use rusqlite::{Connection, Transaction};
use tidegate_ledger::Head;
use tidegate_ports::{Batch, Committed, StoreError};

use crate::{
    change,
    document::{self, Refusal},
    failure::{Spoils, failed, spoils},
    ledger,
};

/// What became of a batch.
pub(crate) enum Filled {
    /// All of it was written.
    Whole(Committed),
    /// Nothing of it was written, and whatever was written before is as it was.
    Undone(StoreError),
    /// Some of it may be written: the transaction is to be rolled back.
    InPart(StoreError),
}

/// [`alone`] or [`among`]. An error spoils the transaction.
pub(crate) type Way = fn(&mut Transaction<'_>, Head, &Batch, &mut i64) -> rusqlite::Result<Filled>;

/// Writes a batch of which nothing is undone by itself.
///
/// SQLite keeps the pages that a savepoint would bring back in a list, and goes through all of that after
/// each statement: with the evidence of 1,500 rollouts in a batch that was a third of all that the
/// control plane did.
pub(crate) fn alone(
    transaction: &mut Transaction<'_>,
    head: Head,
    batch: &Batch,
    kept: &mut i64,
) -> rusqlite::Result<Filled> {
    match fill(transaction, head, batch, kept) {
        Ok(done) => Ok(Filled::Whole(done)),
        Err(refusal) => refused(refusal).map(Filled::InPart),
    }
}

/// Writes a batch that takes no other along when it fails.
pub(crate) fn among(
    transaction: &mut Transaction<'_>,
    head: Head,
    batch: &Batch,
    kept: &mut i64,
) -> rusqlite::Result<Filled> {
    // Dropped without a commit, a savepoint is rolled back.
    let savepoint = transaction.savepoint()?;
    match fill(&savepoint, head, batch, kept) {
        Ok(done) => savepoint.commit().map(|()| Filled::Whole(done)),
        Err(refusal) => refused(refusal).map(Filled::Undone),
    }
}

/// What is told of a batch that fails by itself; the error is one that spoils the transaction.
fn refused(refusal: Refusal) -> rusqlite::Result<StoreError> {
    match refusal {
        Refusal::Limit(error) => Ok(error),
        Refusal::Sqlite(error) if spoils(&error) == Spoils::Batch => {
            Ok(failed("the batch was not written", error))
        }
        Refusal::Sqlite(error) => Err(error),
    }
}

fn fill(
    connection: &Connection,
    mut head: Head,
    batch: &Batch,
    kept: &mut i64,
) -> Result<Committed, Refusal> {
    let span = batch.span(head.sequence);
    for write in &batch.writes {
        if let Some(span) = span {
            *kept += change::keep(connection, span, write)?;
        }
        document::write(connection, write)?;
    }
    let mut done = Committed::default();
    for draft in &batch.entries {
        let entry = ledger::append(connection, head, draft)?;
        head = entry.head();
        done.entries.push(entry);
    }
    Ok(done)
}
