use rusqlite::{Connection, Transaction, TransactionBehavior};
use tidegate_ledger::Head;
use tidegate_ports::{Batch, Committed, StoreError};

use crate::{
    document::{self, Refusal},
    failure::{Spoils, failed, spoils},
    ledger,
};

/// What became of one batch.
pub(crate) type Outcome = Result<Committed, StoreError>;

/// The writer: the one connection that writes, and where the ledger ends.
pub(crate) struct Desk {
    connection: Connection,
    head: Head,
    /// Why nothing is written any more.
    stopped: Option<String>,
}

impl Desk {
    /// Takes a prepared connection, once the end of its ledger is seen to be whole.
    pub(crate) fn new(connection: Connection) -> Result<Self, StoreError> {
        let head = ledger::head(&connection)?;
        ledger::check_end(&connection, head)?;
        Ok(Self {
            connection,
            head,
            stopped: None,
        })
    }

    /// Where the ledger ends.
    pub(crate) fn head(&self) -> Head {
        self.head
    }

    /// Writes what waits, in one transaction for all of it, and says for each batch what became of
    /// it. A batch that fails takes no other along; only a failure of the disk fails all.
    pub(crate) fn commit(&mut self, batches: &[Batch]) -> Vec<Outcome> {
        if let Some(why) = &self.stopped {
            return all_fail(batches, &StoreError::Failed(why.clone()));
        }
        match self.transact(batches) {
            Ok(outcomes) => outcomes,
            Err(error) => self.recover(batches, &error),
        }
    }

    fn recover(&mut self, batches: &[Batch], error: &rusqlite::Error) -> Vec<Outcome> {
        let cause = failed("the batch was not written", error);
        match spoils(error) {
            Spoils::Writer => {
                let why = format!(
                    "nothing more is written after an error of the disk ({error}); mend it and start the server again"
                );
                tracing::error!("{why}");
                self.stopped = Some(why);
                all_fail(batches, &cause)
            }
            // One that is too large for what space is left must not take the small ones along.
            Spoils::Transaction if batches.len() > 1 => batches
                .iter()
                .flat_map(|batch| self.commit(std::slice::from_ref(batch)))
                .collect(),
            _ => all_fail(batches, &cause),
        }
    }

    fn transact(&mut self, batches: &[Batch]) -> rusqlite::Result<Vec<Outcome>> {
        let mut transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut head = self.head;
        let mut outcomes = Vec::with_capacity(batches.len());
        for batch in batches {
            let outcome = apply(&mut transaction, head, batch)?;
            if let Some(last) = outcome.as_ref().ok().and_then(|done| done.entries.last()) {
                head = last.head();
            }
            outcomes.push(outcome);
        }
        if head != self.head {
            ledger::advance(&transaction, head)?;
        }
        transaction.commit()?;
        self.head = head;
        Ok(outcomes)
    }
}

fn all_fail(batches: &[Batch], error: &StoreError) -> Vec<Outcome> {
    batches.iter().map(|_| Err(error.clone())).collect()
}

/// One batch, whole or not at all. The outer error spoils the transaction.
fn apply(
    transaction: &mut Transaction<'_>,
    head: Head,
    batch: &Batch,
) -> rusqlite::Result<Outcome> {
    // Dropped without a commit, a savepoint is rolled back.
    let savepoint = transaction.savepoint()?;
    match fill(&savepoint, head, batch) {
        Ok(done) => savepoint.commit().map(|()| Ok(done)),
        Err(Refusal::Limit(error)) => Ok(Err(error)),
        Err(Refusal::Sqlite(error)) if spoils(&error) == Spoils::Batch => {
            Ok(Err(failed("the batch was not written", error)))
        }
        Err(Refusal::Sqlite(error)) => Err(error),
    }
}

fn fill(connection: &Connection, mut head: Head, batch: &Batch) -> Result<Committed, Refusal> {
    for write in &batch.writes {
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
