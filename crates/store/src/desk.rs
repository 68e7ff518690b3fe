use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tidegate_ledger::Head;
use tidegate_ports::{Batch, Committed, StoreError};

use crate::{
    document::{self, Refusal},
    failure::{Spoils, failed, is_full, spoils},
    ledger,
    reserve::Reserve,
};

/// So many pages in the write-ahead log cause a checkpoint: SQLite's own number...
const CHECKPOINT_PAGES: u32 = 1000;

/// ...and on a full disk, where the log is written over from its beginning each time rather than
/// made longer. A decision takes some ten pages.
const THRIFTY_PAGES: u32 = 16;

/// What became of one batch.
pub(crate) type Outcome = Result<Committed, StoreError>;

/// The writer: the one connection that writes, and where the ledger ends.
pub(crate) struct Desk {
    connection: Connection,
    head: Head,
    reserve: Reserve,
    /// Why nothing is written any more.
    stopped: Option<String>,
}

impl Desk {
    /// Takes a prepared connection, once the end of its ledger is seen to be whole.
    pub(crate) fn new(connection: Connection, reserve: Reserve) -> Result<Self, StoreError> {
        let head = ledger::head(&connection)?;
        ledger::check_end(&connection, head)?;
        Ok(Self { connection, head, reserve, stopped: None })
    }

    /// Where the ledger ends.
    pub(crate) fn head(&self) -> Head {
        self.head
    }

    /// Writes what waits, in one transaction for all of it, and says for each batch what became of
    /// it. A batch that fails takes no other along; only a failure of the disk fails all.
    pub(crate) fn commit(&mut self, batches: &[Batch]) -> Vec<Outcome> {
        if batches.is_empty() {
            return Vec::new();
        }
        if let Some(why) = &self.stopped {
            return all_fail(batches, &StoreError::Failed(why.clone()));
        }
        let mut outcome = self.transact(batches);
        if outcome.as_ref().is_err_and(is_full) {
            self.make_room();
            outcome = self.transact(batches);
        }
        outcome.unwrap_or_else(|error| self.recover(batches, &error))
    }

    /// How long until [`Self::tend`] is to be called; nothing when that is not needed.
    pub(crate) fn tend_in(&self) -> Option<Duration> {
        self.reserve.due_in()
    }

    /// Looks after the reserve: makes it whole again once there is space.
    pub(crate) fn tend(&mut self) {
        if self.reserve.look() {
            self.checkpoint_at(CHECKPOINT_PAGES);
        }
    }

    /// On a full disk: gives up some of the reserve, and lets the write-ahead log be written over
    /// in the space that it has already.
    fn make_room(&mut self) {
        self.reserve.give_up();
        self.checkpoint_at(THRIFTY_PAGES);
        // As after a commit, one that fails leaves everything as it was.
        let done = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = done {
            tracing::debug!(%error, "no checkpoint");
        }
    }

    fn checkpoint_at(&self, pages: u32) {
        if let Err(error) = self.connection.pragma_update(None, "wal_autocheckpoint", pages) {
            tracing::warn!(%error, "how often the write-ahead log is folded in cannot be changed");
        }
    }

    fn recover(&mut self, batches: &[Batch], error: &rusqlite::Error) -> Vec<Outcome> {
        let cause = if is_full(error) {
            let folder = self.reserve.folder().display();
            StoreError::Full(format!("the batch was not written: {error}; free space in {folder}"))
        } else {
            failed("the batch was not written", error)
        };
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
            Spoils::Transaction if batches.len() > 1 => {
                batches.iter().flat_map(|batch| self.commit(std::slice::from_ref(batch))).collect()
            }
            _ => all_fail(batches, &cause),
        }
    }

    fn transact(&mut self, batches: &[Batch]) -> rusqlite::Result<Vec<Outcome>> {
        let mut transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tempfile::TempDir;
    use tidegate_ledger::{Actor, Draft, Subject, verify};
    use tidegate_ports::{StoredObject, Write};
    use tidegate_units::{ObjectKey, Timestamp};

    use super::*;
    use crate::schema;

    /// A desk with a reserve in a folder, and with its database in memory.
    fn desk() -> (TempDir, Desk) {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = Connection::open_in_memory().unwrap();
        schema::prepare(&mut connection).unwrap();
        let desk = Desk::new(connection, Reserve::keep(folder.path())).unwrap();
        (folder, desk)
    }

    fn batch(name: &str, body: Value) -> Batch {
        let key = ObjectKey::new("default", name);
        Batch {
            entries: vec![Draft {
                at: Timestamp::from_millis(1),
                actor: Actor::Controller,
                subject: Subject { kind: "Rollout".into(), key: key.clone() },
                what: "Noted".into(),
                detail: json!({}),
            }],
            writes: vec![Write::Put(StoredObject { kind: "Rollout".into(), key, body })],
        }
    }

    fn nested(depth: usize) -> Value {
        (0..depth).fold(json!(1), |inner, _| json!([inner]))
    }

    /// Which of the documents are kept, and that the ledger has an entry for each, in a whole chain.
    #[track_caller]
    fn check_kept(desk: &Desk, expect: &[&str]) {
        let documents = document::all(&desk.connection).unwrap();
        let names: Vec<_> = documents.iter().map(|object| &*object.key.name).collect();
        assert_eq!(names, expect);
        let kept = ledger::kept(&desk.connection, 0, 1000).unwrap();
        let entries = kept.iter().map(|kept| kept.read().unwrap());
        let summary = verify(entries, Some(desk.head())).unwrap();
        assert_eq!(summary.entries, expect.len() as u64);
        assert_eq!(ledger::head(&desk.connection), Ok(desk.head()));
    }

    #[test]
    fn a_batch_that_fails_takes_no_other_along() {
        let (_folder, mut desk) = desk();
        let outcomes = desk.commit(&[
            batch("a", json!({})),
            batch("deep", nested(101)),
            batch("long", Value::from("x".repeat(document::LONGEST))),
            batch("z", nested(100)),
        ]);
        let sequences: Vec<_> = outcomes
            .iter()
            .map(|outcome| outcome.as_ref().map(|done| done.entries[0].sequence).ok())
            .collect();
        assert_eq!(sequences, [Some(1), None, None, Some(2)]);
        check_kept(&desk, &["a", "z"]);
    }

    #[test]
    fn a_batch_is_written_whole_or_not_at_all() {
        let (_folder, mut desk) = desk();
        let mut late = batch("early", json!({}));
        late.entries[0].detail = nested(101);
        let error = desk.commit(&[late])[0].clone().unwrap_err().to_string();
        assert!(error.contains("ledger entry Noted of Rollout default/early"), "{error}");
        assert!(error.contains("101 deep"), "{error}");
        check_kept(&desk, &[]);
    }

    #[test]
    fn what_cannot_be_read_again_is_not_kept() {
        let (_folder, mut desk) = desk();
        desk.commit(&[batch("deepest", nested(document::DEEPEST))]);
        let mut detailed = batch("detailed", json!({}));
        detailed.entries[0].detail = nested(document::DEEPEST);
        assert!(desk.commit(&[detailed])[0].is_ok());
        check_kept(&desk, &["deepest", "detailed"]);
    }

    #[test]
    fn a_full_disk_fails_the_large_and_keeps_the_small() {
        let (folder, mut desk) = desk();
        desk.connection.pragma_update(None, "max_page_count", 20).unwrap();
        let large = Value::from("x".repeat(200_000));
        let outcomes = desk.commit(&[
            batch("a", json!({})),
            batch("large", large.clone()),
            batch("z", json!({})),
        ]);
        assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
        let error = outcomes[1].clone().unwrap_err();
        assert!(matches!(&error, StoreError::Full(_)), "{error:?}");
        let mend = format!("free space in {}", folder.path().display());
        assert!(error.to_string().contains(&mend), "{error}");
        check_kept(&desk, &["a", "z"]);

        desk.connection.pragma_update(None, "max_page_count", 2000).unwrap();
        assert!(desk.commit(&[batch("large", large)])[0].is_ok());
        check_kept(&desk, &["a", "large", "z"]);
    }

    #[test]
    fn a_full_disk_costs_a_slice_of_the_reserve_and_thrift() {
        let (folder, mut desk) = desk();
        let kept = || std::fs::metadata(folder.path().join("reserve")).unwrap().len();
        let pages = |desk: &Desk| {
            let read = |row: &rusqlite::Row<'_>| row.get::<_, u32>(0);
            desk.connection.query_row("PRAGMA wal_autocheckpoint", [], read).unwrap()
        };
        let whole = kept();
        assert_eq!((desk.tend_in(), pages(&desk)), (None, CHECKPOINT_PAGES));
        desk.connection.pragma_update(None, "max_page_count", 20).unwrap();
        let large = batch("large", Value::from("x".repeat(200_000)));
        assert!(desk.commit(&[large])[0].is_err());
        assert!(kept() < whole && kept() > whole / 2, "{} of {whole}", kept());
        assert_eq!(pages(&desk), THRIFTY_PAGES);
        assert!(desk.tend_in().is_some());
    }
}
