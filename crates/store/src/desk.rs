use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tidegate_ledger::{Entry, Head};
use tidegate_ports::{Batch, Committed, StoreError};
use tidegate_units::Epoch;

use crate::{
    batch::{self, Filled},
    change::Bound,
    checkpoint::{Checkpoints, PAGES, THRIFTY_PAGES},
    failure::{Spoils, broken, failed, is_full, spoils, unreadable},
    leader, ledger,
    reserve::Reserve,
};

/// What became of one batch.
pub(crate) type Outcome = Result<Committed, StoreError>;

/// A batch, and in which epoch whoever offers it leads.
pub(crate) struct Offer {
    pub(crate) epoch: Epoch,
    pub(crate) batch: Batch,
}

/// The writer: the one connection that writes, and where the ledger ends.
pub(crate) struct Desk {
    connection: Connection,
    head: Head,
    reserve: Reserve,
    checkpoints: Checkpoints,
    changes: Bound,
    /// Why nothing is written any more.
    stopped: Option<String>,
}

impl Desk {
    /// Takes a prepared connection, once the end of its ledger is seen to be whole.
    pub(crate) fn new(mut connection: Connection, reserve: Reserve) -> Result<Self, StoreError> {
        leader::epoch(&connection).map_err(|error| unreadable("cannot read who leads", &error))?;
        let head = ledger::head(&connection)?;
        ledger::check_end(&connection, head)?;
        let checkpoints = Checkpoints::of(&mut connection)
            .map_err(|error| failed("cannot set state.db up", error))?;
        let changes = Bound::of(&connection)
            .map_err(|error| unreadable("cannot read the changes", &error))?;
        Ok(Self { connection, head, reserve, checkpoints, changes, stopped: None })
    }

    /// Where the ledger ends.
    pub(crate) fn head(&self) -> Head {
        self.head
    }

    /// Writes what waits, in one transaction for all of it, and says for each batch what became of
    /// it. A batch that fails takes no other along; only a failure of the disk fails all.
    pub(crate) fn commit(&mut self, offers: &[Offer]) -> Vec<Outcome> {
        if offers.is_empty() {
            return Vec::new();
        }
        if let Err(stopped) = self.goes_on() {
            return all_fail(offers, &stopped);
        }
        let mut outcome = self.transact(offers);
        if outcome.as_ref().is_err_and(is_full) {
            self.make_room();
            if let Err(stopped) = self.goes_on() {
                return all_fail(offers, &stopped);
            }
            outcome = self.transact(offers);
        }
        outcome.unwrap_or_else(|error| self.recover(offers, &error))
    }

    /// Begins an epoch after the last one, no earlier than `least`.
    pub(crate) fn lead(&mut self, least: Epoch) -> Result<Epoch, StoreError> {
        self.goes_on()?;
        let mut outcome = self.begin_epoch(least);
        if outcome.as_ref().is_err_and(is_full) {
            self.make_room();
            self.goes_on()?;
            outcome = self.begin_epoch(least);
        }
        outcome.unwrap_or_else(|error| Err(self.refusal("no epoch was begun", &error)))
    }

    fn begin_epoch(&mut self, least: Epoch) -> rusqlite::Result<Result<Epoch, StoreError>> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let epoch = match leader::after(leader::epoch(&transaction)?, least) {
            Ok(epoch) => epoch,
            Err(refused) => return Ok(Err(refused)),
        };
        leader::advance(&transaction, epoch)?;
        transaction.commit().map(|()| Ok(epoch))
    }

    fn goes_on(&self) -> Result<(), StoreError> {
        self.stopped.as_ref().map_or(Ok(()), |why| Err(StoreError::Broken(why.clone())))
    }

    /// How long until [`Self::tend`] is to be called; nothing when that is not needed.
    pub(crate) fn tend_in(&self) -> Option<Duration> {
        self.reserve.due_in()
    }

    /// Looks after the reserve, which is made whole again once there is space, after the bound of what
    /// documents were, and after the write-ahead log.
    pub(crate) fn tend(&mut self) {
        if self.reserve.look() {
            self.checkpoints.at(PAGES);
        }
        if self.stopped.is_none() {
            let done = self.changes.tend(&mut self.connection);
            self.note_tended("no old change was forgotten", done);
        }
        if self.stopped.is_none() {
            let done = self.checkpoints.tend(&self.connection);
            self.note_tended("no checkpoint was made", done);
        }
    }

    /// What finds no space or somebody reading is done later; what meets an error of the disk leaves
    /// open what of it is there.
    fn note_tended(&mut self, what: &str, done: rusqlite::Result<()>) {
        match done {
            Err(error) if spoils(&error) == Spoils::Writer => {
                self.refusal(what, &error);
            }
            Err(error) => tracing::debug!(%error, "{what}"),
            Ok(()) => {}
        }
    }

    /// On a full disk: gives up some of the reserve, and lets the write-ahead log be written over
    /// in the space that it has already.
    fn make_room(&mut self) {
        self.reserve.give_up();
        self.checkpoints.at(THRIFTY_PAGES);
        let done = self.checkpoints.make(&self.connection);
        self.note_tended("no checkpoint was made", done);
    }

    fn recover(&mut self, offers: &[Offer], error: &rusqlite::Error) -> Vec<Outcome> {
        let cause = self.refusal("the batch was not written", error);
        // One that is too large for what space is left must not take the small ones along.
        if spoils(error) == Spoils::Transaction && offers.len() > 1 {
            return offers.iter().flat_map(|one| self.commit(std::slice::from_ref(one))).collect();
        }
        all_fail(offers, &cause)
    }

    /// What is told of an error. Of one that leaves open what is on the disk, nothing is tried again.
    fn refusal(&mut self, what: &str, error: &rusqlite::Error) -> StoreError {
        if is_full(error) {
            let folder = self.reserve.folder().display();
            return StoreError::Full(format!("{what}: {error}; free space in {folder}"));
        }
        if spoils(error) != Spoils::Writer {
            return failed(what, error);
        }
        let why = format!(
            "nothing more is written after an error of the disk ({error}); mend it and start the server again"
        );
        tracing::error!("{why}");
        self.stopped = Some(why);
        broken("it is not known whether the batch was written", error)
    }

    /// Writes all of them, each as if it went alone, and only when one of them fails again in a way in
    /// which it takes no other along: that is dearer, and hardly ever needed.
    fn transact(&mut self, offers: &[Offer]) -> rusqlite::Result<Vec<Outcome>> {
        match self.write_all(offers, batch::alone)? {
            Written::All(outcomes) => Ok(outcomes),
            Written::Nothing(refused) if offers.len() == 1 => Ok(vec![Err(refused)]),
            Written::Nothing(_) => match self.write_all(offers, batch::among)? {
                Written::All(outcomes) => Ok(outcomes),
                Written::Nothing(refused) => Ok(all_fail(offers, &refused)),
            },
        }
    }

    fn write_all(&mut self, offers: &[Offer], way: batch::Way) -> rusqlite::Result<Written> {
        let mut transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let theirs = leader::epoch(&transaction)?;
        let mut head = self.head;
        let mut kept = 0;
        let mut outcomes = Vec::with_capacity(offers.len());
        for Offer { epoch: ours, batch } in offers {
            if *ours != theirs {
                outcomes.push(Err(StoreError::Fenced { ours: *ours, theirs }));
                continue;
            }
            match way(&mut transaction, head, batch, &mut kept)? {
                Filled::Whole(done) => {
                    head = done.entries.last().map_or(head, Entry::head);
                    outcomes.push(Ok(done));
                }
                Filled::Undone(refused) => outcomes.push(Err(refused)),
                // Dropped without a commit, the transaction is rolled back.
                Filled::InPart(refused) => return Ok(Written::Nothing(refused)),
            }
        }
        if head != self.head {
            ledger::advance(&transaction, head)?;
        }
        transaction.commit()?;
        self.head = head;
        self.changes.add(kept);
        Ok(Written::All(outcomes))
    }
}

/// What became of a transaction.
enum Written {
    /// It was committed, with each batch or without it.
    All(Vec<Outcome>),
    /// It was rolled back, because of a batch that failed.
    Nothing(StoreError),
}

fn all_fail(offers: &[Offer], error: &StoreError) -> Vec<Outcome> {
    offers.iter().map(|_| Err(error.clone())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tempfile::TempDir;
    use tidegate_ledger::{Actor, Draft, Subject, verify};
    use tidegate_ports::{DEEPEST_KEPT, LONGEST_KEPT, StoredObject, Write};
    use tidegate_units::{ObjectKey, Timestamp};

    use super::*;
    use crate::{change, document, schema};

    /// A desk with a reserve in a folder, and with its database in memory.
    fn desk() -> (TempDir, Desk) {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = Connection::open_in_memory().unwrap();
        schema::prepare(&mut connection).unwrap();
        let desk = Desk::new(connection, Reserve::keep(folder.path())).unwrap();
        (folder, desk)
    }

    fn batch(name: &str, body: Value) -> Offer {
        let key = ObjectKey::new("default", name);
        let batch = Batch {
            entries: vec![Draft {
                at: Timestamp::from_millis(1),
                actor: Actor::Controller,
                subject: Subject { kind: "Rollout".into(), key: key.clone() },
                what: "Noted".into(),
                detail: json!({}),
            }],
            writes: vec![Write::Put(StoredObject { kind: "Rollout".into(), key, body }.into())],
        };
        Offer { epoch: Epoch::default(), batch }
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
            batch("long", Value::from("x".repeat(LONGEST_KEPT))),
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
    fn an_epoch_that_has_ended_takes_no_other_along() {
        let (_folder, mut desk) = desk();
        assert_eq!(desk.lead(Epoch(5)), Ok(Epoch(5)));
        assert_eq!(desk.lead(Epoch(2)), Ok(Epoch(6)));
        let of = |epoch, name| Offer { epoch: Epoch(epoch), ..batch(name, json!({})) };
        let outcomes = desk.commit(&[of(6, "a"), of(5, "old"), of(7, "never"), of(6, "b")]);
        let fenced = |ours| Err(StoreError::Fenced { ours: Epoch(ours), theirs: Epoch(6) });
        let outcomes: Vec<_> = outcomes.into_iter().map(|one| one.map(drop)).collect();
        assert_eq!(outcomes, [Ok(()), fenced(5), fenced(7), Ok(())]);
        check_kept(&desk, &["a", "b"]);
    }

    #[test]
    fn a_batch_is_written_whole_or_not_at_all() {
        let (_folder, mut desk) = desk();
        let mut late = batch("early", json!({}));
        late.batch.entries[0].detail = nested(101);
        let error = desk.commit(&[late])[0].clone().unwrap_err().to_string();
        assert!(error.contains("ledger entry Noted of Rollout default/early"), "{error}");
        assert!(error.contains("101 deep"), "{error}");
        check_kept(&desk, &[]);
    }

    #[test]
    fn what_cannot_be_read_again_is_not_kept() {
        let (_folder, mut desk) = desk();
        desk.commit(&[batch("deepest", nested(DEEPEST_KEPT))]);
        let mut detailed = batch("detailed", json!({}));
        detailed.batch.entries[0].detail = nested(DEEPEST_KEPT);
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
    fn the_oldest_changes_are_forgotten_beyond_the_bound() {
        let (_folder, mut desk) = desk();
        desk.changes.at_most(2000);
        for number in 1..=40 {
            assert!(desk.commit(&[batch("a", json!("x".repeat(100)))])[0].is_ok());
            desk.tend();
            let begin = change::begin(&desk.connection).unwrap();
            assert_eq!(change::count(&desk.connection).unwrap(), number - begin);
            assert!((number - begin) * 166 <= 2000 && (begin > 0 || number < 13), "{begin}");
        }
    }

    #[test]
    fn a_full_disk_costs_a_slice_of_the_reserve_and_thrift() {
        let (folder, mut desk) = desk();
        let kept = || std::fs::metadata(folder.path().join("reserve")).unwrap().len();
        let pages = |desk: &Desk| desk.checkpoints.due_at();
        let whole = kept();
        assert_eq!((desk.tend_in(), pages(&desk)), (None, PAGES));
        desk.connection.pragma_update(None, "max_page_count", 20).unwrap();
        let large = batch("large", Value::from("x".repeat(200_000)));
        assert!(desk.commit(&[large])[0].is_err());
        assert!(kept() < whole && kept() > whole / 2, "{} of {whole}", kept());
        assert_eq!(pages(&desk), THRIFTY_PAGES);
        assert!(desk.tend_in().is_some());
    }
}
