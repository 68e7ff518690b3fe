mod decay;
mod undo;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use tidegate_ledger::{Digest, Draft, Entry, Head, Summary, Unread, Verifier, body, link};
use tidegate_planted::{Mistake, makes};
use tidegate_ports::{
    Batch, Committed, Store, StoreError, StoredObject, StoredText, VerifyError, Write, check_depth,
    check_length, check_text,
};
use tidegate_units::{Epoch, ObjectKey};

pub use self::decay::Decayed;
use self::{decay::Text, undo::Undo};

/// A store in memory that can be told to fail. It outlives the controller that writes to it, as a
/// disk does.
#[derive(Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    documents: BTreeMap<Slot, Text>,
    entries: Vec<Entry>,
    /// The bytes of entries in which bits have turned over.
    turned: BTreeMap<u64, Vec<u8>>,
    epoch: Epoch,
    failing: bool,
    /// What there was before the last commit, where that is to be lost.
    before: Option<Kept>,
    undo: Undo,
}

/// Where a document is: its kind and key.
type Slot = (String, ObjectKey);

/// Documents and entries.
type Kept = (BTreeMap<Slot, Text>, Vec<Entry>);

impl MemoryStore {
    /// From now on every commit fails, as on a full disk; nothing of it is kept.
    pub fn fail(&self) {
        self.lock().failing = true;
    }

    /// From now on commits work again.
    pub fn recover(&self) {
        self.lock().failing = false;
    }

    /// From now on its disk may lose so many of the last commits, though it acknowledged them, but none of
    /// an epoch that has ended.
    pub fn may_lose(&self, commits: usize) {
        self.lock().undo.most = commits;
    }

    /// Its disk has lost so many of the last commits, or as many as it may; says how many those are.
    pub fn lose(&self, commits: usize) -> usize {
        self.lock().take_back(commits)
    }

    /// The epoch of whoever leads.
    pub fn epoch(&self) -> Epoch {
        self.lock().epoch
    }

    /// The ledger so far.
    pub fn ledger(&self) -> Vec<Entry> {
        self.lock().entries.clone()
    }

    /// The words of the ledger so far, in order.
    pub fn words(&self) -> Vec<String> {
        self.lock().entries.iter().map(|entry| entry.draft.what.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn check(&self) -> Result<(), StoreError> {
        if self.failing {
            return Err(StoreError::Failed("no space left on device".to_owned()));
        }
        Ok(())
    }

    fn lose_the_last(&mut self) {
        if let Some(before) = self.before.take() {
            (self.documents, self.entries) = before;
        }
    }

    fn append(&mut self, draft: Draft) -> Entry {
        let entry = link(self.entries.last().map(Entry::head).unwrap_or_default(), draft);
        self.entries.push(entry.clone());
        entry
    }

    fn write(&mut self, write: Write) {
        match write {
            Write::Put(text) => {
                let slot = (text.kind, text.key);
                let text = Text::new(&slot, text.body);
                self.documents.insert(slot, text);
            }
            Write::Delete { kind, key } => {
                self.documents.remove(&(kind, key));
            }
        }
    }
}

/// Refuses what no store keeps.
fn bounded(batch: &Batch) -> Result<(), StoreError> {
    for write in &batch.writes {
        if let Write::Put(text) = write {
            check_text(text)?;
        }
    }
    for draft in &batch.entries {
        let subject = &draft.subject;
        let name = || format!("ledger entry {} of {} {}", draft.what, subject.kind, subject.key);
        check_depth(name, &draft.detail)?;
        check_length(name, body(0, Digest::default(), draft).len())?;
    }
    Ok(())
}

#[async_trait]
impl Store for MemoryStore {
    /// Whoever asks leads at once: what a lease is for is left to chance, so that two may believe
    /// that they lead.
    async fn lead(&self, least: Epoch) -> Result<Epoch, StoreError> {
        let mut inner = self.lock();
        inner.check()?;
        inner.check_end()?;
        if makes(Mistake::LostCommit) {
            inner.lose_the_last();
        }
        inner.undo.clear();
        let next = inner.epoch.next().filter(|_| !makes(Mistake::EpochOfTheClock));
        inner.epoch = next.map_or(least, |next| next.max(least));
        Ok(inner.epoch)
    }

    async fn load(&self) -> Result<Vec<StoredObject>, StoreError> {
        let texts = self.load_texts().await?;
        let damaged = |problem: serde_json::Error| StoreError::Damaged(problem.to_string());
        texts.iter().map(|text| text.object().map_err(damaged)).collect()
    }

    async fn load_texts(&self) -> Result<Vec<StoredText>, StoreError> {
        self.lock().texts()
    }

    async fn commit(&self, epoch: Epoch, batch: Batch) -> Result<Committed, StoreError> {
        let mut inner = self.lock();
        if makes(Mistake::HalfACommit) && inner.failing {
            batch.writes.iter().cloned().for_each(|write| inner.write(write));
        }
        inner.check()?;
        if epoch != inner.epoch && !makes(Mistake::StoreWithoutFence) {
            return Err(StoreError::Fenced { ours: epoch, theirs: inner.epoch });
        }
        bounded(&batch)?;
        if makes(Mistake::LostCommit) {
            inner.before = Some((inner.documents.clone(), inner.entries.clone()));
        }
        inner.keep_back(&batch);
        batch.writes.into_iter().for_each(|write| inner.write(write));
        let entries = batch.entries.into_iter().map(|draft| inner.append(draft)).collect();
        Ok(Committed { entries })
    }

    async fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let inner = self.lock();
        let page = inner.entries.iter().filter(|one| one.sequence > after).take(limit);
        let damaged = |why: Unread| StoreError::Damaged(format!("the ledger is broken: {why}"));
        page.map(|one| inner.kept(one).read().map_err(damaged)).collect()
    }

    async fn head(&self) -> Result<u64, StoreError> {
        Ok(self.lock().entries.last().map_or(0, |entry| entry.sequence))
    }

    async fn verify(&self, expected: Option<Head>) -> Result<Summary, VerifyError> {
        let mut verifier = Verifier::new(Head::default(), expected);
        let broken = |held| move |why| VerifyError::Broken { held, broken: Box::new(why) };
        let inner = self.lock();
        for entry in &inner.entries {
            let held = verifier.so_far();
            let kept = inner.kept(entry);
            verifier.take_body(&kept.body, kept.hash).map_err(broken(held))?;
        }
        let held = verifier.so_far();
        verifier.finish().map_err(broken(held))
    }
}
