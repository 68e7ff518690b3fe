//! Bits that turn over on a disk.

use std::sync::Arc;

use tidegate_ledger::{Entry, Kept, Verifier, body};
use tidegate_planted::{Mistake, makes};
use tidegate_ports::{StoreError, StoredText};
use tidegate_units::ObjectKey;

use super::{Inner, MemoryStore, Slot};

/// A document as a disk keeps it: its text, and what that must add up to, as with the real ones.
#[derive(Clone)]
pub(super) struct Text {
    pub(super) body: Arc<str>,
    sum: u32,
    /// What it was before a bit of it turned over.
    was: Option<Arc<str>>,
}

/// What is not as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decayed {
    /// Documents, by kind and key, in the order in which they are read.
    pub documents: Vec<String>,
    /// Entries of the ledger.
    pub entries: Vec<u64>,
}

impl Text {
    pub(super) fn new((kind, key): &Slot, body: Arc<str>) -> Self {
        Self { sum: sum(kind, key, &body), body, was: None }
    }

    fn has_decayed(&self) -> bool {
        self.was.as_ref().is_some_and(|was| *was != self.body)
    }
}

fn sum(kind: &str, key: &ObjectKey, body: &str) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for part in [kind, "\0", &key.to_string(), "\0", body] {
        hasher.update(part.as_bytes());
    }
    hasher.finalize()
}

impl MemoryStore {
    /// A bit turns over in the `nth` of its documents, counted round and round; says in which.
    pub fn turn_document(&self, nth: usize, bit: usize) -> Option<String> {
        let mut inner = self.lock();
        let at = nth.checked_rem(inner.documents.len())?;
        let ((kind, key), text) = inner.documents.iter_mut().nth(at)?;
        let was = Arc::clone(&text.body);
        text.body = turned(&was, bit)?.into();
        text.was.get_or_insert(was);
        Some(format!("{kind} {key}"))
    }

    /// A bit turns over in the `nth` entry of its ledger, counted round and round; says in which.
    pub fn turn_entry(&self, nth: usize, bit: usize) -> Option<u64> {
        let mut inner = self.lock();
        let entry = inner.entries.get(nth.checked_rem(inner.entries.len())?)?;
        let (sequence, was) = (entry.sequence, written(entry));
        let bytes = inner.turned.entry(sequence).or_insert(was);
        let at = (bit / 8).checked_rem(bytes.len())?;
        *bytes.get_mut(at)? ^= 1 << (bit % 8);
        Some(sequence)
    }

    /// What is not as it was written: bits of it have turned over.
    pub fn decayed(&self) -> Decayed {
        let inner = self.lock();
        let documents = inner.documents.iter().filter(|(_, text)| text.has_decayed());
        let other = |entry: &&Entry| {
            inner.turned.get(&entry.sequence).is_some_and(|bytes| *bytes != written(entry))
        };
        Decayed {
            documents: documents.map(|((kind, key), _)| format!("{kind} {key}")).collect(),
            entries: inner.entries.iter().filter(other).map(|entry| entry.sequence).collect(),
        }
    }

    /// People put back what is not as it was written, from a backup of a moment before.
    pub fn put_back(&self) {
        let mut inner = self.lock();
        inner.turned.clear();
        for text in inner.documents.values_mut() {
            if let Some(was) = text.was.take() {
                text.body = was;
            }
        }
    }
}

impl Inner {
    /// Every document, as it was written.
    pub(super) fn texts(&self) -> Result<Vec<StoredText>, StoreError> {
        let read = |((kind, key), text): (&Slot, &Text)| {
            if text.sum != sum(kind, key, &text.body) && !makes(Mistake::BelievesTheDisk) {
                return Err(StoreError::Damaged(format!("{kind} {key} is not what was written")));
            }
            let body = Arc::clone(&text.body);
            Ok(StoredText { kind: kind.clone(), key: key.clone(), body })
        };
        self.documents.iter().map(read).collect()
    }

    /// An entry as the disk has it.
    pub(super) fn kept(&self, entry: &Entry) -> Kept {
        let Entry { sequence, hash, .. } = *entry;
        let turned = self.turned.get(&sequence).cloned();
        Kept { sequence, hash, body: turned.unwrap_or_else(|| written(entry)) }
    }

    /// Whoever opens it looks at the last entry, which the next is linked to.
    pub(super) fn check_end(&self) -> Result<(), StoreError> {
        let Some(last) = self.entries.last() else { return Ok(()) };
        let mut before = last.head();
        (before.sequence, before.hash) = (last.sequence - 1, last.previous);
        let Kept { body, hash, .. } = self.kept(last);
        let checked = Verifier::new(before, None).take_body(&body, hash);
        checked.map_err(|why| StoreError::Damaged(format!("the ledger is broken: {why}")))
    }
}

/// The very bytes of an entry that its hash was taken over.
fn written(entry: &Entry) -> Vec<u8> {
    body(entry.sequence, entry.previous, &entry.draft)
}

/// The same text with a bit of it turned over. It is one of a letter that stays a letter: a text that is none
/// any more is refused by whoever reads it.
fn turned(text: &str, bit: usize) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let from = (bit / 7).checked_rem(bytes.len())?;
    let mut places = (from..bytes.len()).chain(0..from);
    let at = places.find(|at| bytes.get(*at).is_some_and(u8::is_ascii))?;
    *bytes.get_mut(at)? ^= 1 << (bit % 7);
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use tidegate_ports::{Store as _, VerifyError};
    use tidegate_units::Epoch;

    use super::*;
    use crate::shelf::step;

    async fn store() -> MemoryStore {
        let store = MemoryStore::default();
        for number in 1..=3 {
            store.commit(Epoch::default(), step("web", number)).await.unwrap();
        }
        store
    }

    #[tokio::test]
    async fn any_bit_of_a_document_that_turns_over_is_told_until_it_is_put_back() {
        let store = store().await;
        let before = store.load_texts().await;
        let length = before.as_ref().unwrap()[0].body.len();
        for bit in 0..7 * length {
            assert_eq!(store.turn_document(bit, bit).unwrap(), "RolloutStatus default/web");
            let told = "RolloutStatus default/web is not what was written".to_owned();
            assert_eq!(store.load_texts().await, Err(StoreError::Damaged(told)));
            store.put_back();
            assert_eq!(store.load_texts().await, before);
        }
    }

    #[tokio::test]
    async fn what_is_written_again_is_whole_again() {
        let store = store().await;
        store.turn_document(0, 3).unwrap();
        store.commit(Epoch::default(), step("web", 4)).await.unwrap();
        assert_eq!(store.decayed(), Decayed::default());
        assert_eq!(store.load_texts().await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn any_bit_of_an_entry_that_turns_over_is_found_at_that_entry() {
        for bit in 0..1_000 {
            let store = store().await;
            assert_eq!(store.turn_entry(1, bit), Some(2));
            let found = store.verify(None).await;
            assert!(
                matches!(&found, Err(VerifyError::Broken { held, .. }) if held.entries == 1),
                "{bit}: {found:?}"
            );
            store.lead(Epoch::default()).await.unwrap();
            store.turn_entry(2, bit).unwrap();
            let told = store.lead(Epoch::default()).await.unwrap_err().to_string();
            assert!(told.contains("entry 3"), "{told}");
        }
    }
}
