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
        Ok(Self { connection, head, stopped: None })
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
    use tidegate_ledger::{Actor, Draft, Subject, verify};
    use tidegate_ports::{StoredObject, Write};
    use tidegate_units::{ObjectKey, Timestamp};

    use super::*;
    use crate::schema;

    fn desk() -> Desk {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::prepare(&mut connection).unwrap();
        Desk::new(connection).unwrap()
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
        let mut desk = desk();
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
        let mut desk = desk();
        let mut late = batch("early", json!({}));
        late.entries[0].detail = nested(101);
        let error = desk.commit(&[late])[0].clone().unwrap_err().to_string();
        assert!(error.contains("ledger entry Noted of Rollout default/early"), "{error}");
        assert!(error.contains("101 deep"), "{error}");
        check_kept(&desk, &[]);
    }

    #[test]
    fn what_cannot_be_read_again_is_not_kept() {
        let mut desk = desk();
        desk.commit(&[batch("deepest", nested(document::DEEPEST))]);
        let mut detailed = batch("detailed", json!({}));
        detailed.entries[0].detail = nested(document::DEEPEST);
        assert!(desk.commit(&[detailed])[0].is_ok());
        check_kept(&desk, &["deepest", "detailed"]);
    }

    #[test]
    fn a_full_disk_fails_the_large_and_keeps_the_small() {
        let mut desk = desk();
        desk.connection.pragma_update(None, "max_page_count", 20).unwrap();
        let large = Value::from("x".repeat(200_000));
        let outcomes = desk.commit(&[
            batch("a", json!({})),
            batch("large", large.clone()),
            batch("z", json!({})),
        ]);
        assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
        let error = outcomes[1].clone().unwrap_err().to_string();
        assert!(error.contains("full"), "{error}");
        check_kept(&desk, &["a", "z"]);

        desk.connection.pragma_update(None, "max_page_count", 2000).unwrap();
        assert!(desk.commit(&[batch("large", large)])[0].is_ok());
        check_kept(&desk, &["a", "large", "z"]);
    }
}
