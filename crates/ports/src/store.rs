use std::sync::Arc;

use async_trait::async_trait;
use tidegate_ledger::{Broken, Draft, Entry, Head, Summary};
use tidegate_units::{Epoch, ObjectKey};

/// What is kept: one document for each kind and key, and the ledger.
///
/// One at a time leads, in an epoch of its own, and nobody else writes: whoever takes the lead ends
/// the epoch before, and what its leader then still commits is refused, however late it comes.
#[async_trait]
pub trait Store: Send + Sync {
    /// Takes the lead, in an epoch that is later than every one before it and no earlier than
    /// `least`. What is loaded after this is what no one else changes any more.
    ///
    /// A store that several servers may reach may wait here for as long as another one leads, if it
    /// was told to; otherwise whoever asks takes over, and is [`StoreError::Fenced`] at once where
    /// another one has done so after it.
    async fn lead(&self, least: Epoch) -> Result<Epoch, StoreError>;

    /// Every document.
    async fn load(&self) -> Result<Vec<StoredObject>, StoreError>;

    /// The same as text, for whoever reads thousands of them at once into types of its own: as a
    /// tree of values each would be read twice, and take ten times the memory meanwhile.
    async fn load_texts(&self) -> Result<Vec<StoredText>, StoreError> {
        Ok(self.load().await?.into_iter().map(StoredText::from).collect())
    }

    /// Writes all of a batch, durably, or nothing of it. That `epoch` is still the last one is
    /// checked in the transaction that writes: if it is not, nothing is written, and
    /// [`StoreError::Fenced`] says so. A store in which nobody has led yet takes epoch 0.
    async fn commit(&self, epoch: Epoch, batch: Batch) -> Result<Committed, StoreError>;

    /// Ledger entries after a sequence number, oldest first, at most `limit` of them.
    async fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError>;

    /// The sequence number of the last ledger entry; 0 while there is none. Here it is found by halves,
    /// for stores that do not know it by themselves.
    async fn head(&self) -> Result<u64, StoreError> {
        let (mut known, mut beyond) = (0, 1);
        while !self.entries(beyond - 1, 1).await?.is_empty() {
            (known, beyond) = (beyond, beyond.saturating_mul(2));
        }
        while known + 1 < beyond {
            let middle = known + (beyond - known) / 2;
            if self.entries(middle - 1, 1).await?.is_empty() {
                beyond = middle;
            } else {
                known = middle;
            }
        }
        Ok(known)
    }

    /// Checks the whole ledger as it is kept, byte for byte: that it is one chain, that it reaches
    /// the end that the store noted, and `expected`, a head that someone kept elsewhere.
    async fn verify(&self, expected: Option<Head>) -> Result<Summary, VerifyError>;
}

/// A document as a tree of values.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredObject {
    /// What it is, such as `Rollout` or `RolloutStatus`.
    pub kind: String,
    /// Whose.
    pub key: ObjectKey,
    /// Its content.
    pub body: serde_json::Value,
}

/// A document as it is kept: the text of its JSON. It is written from the types that it is made of, with no
/// tree of values between, and copies share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredText {
    /// What it is, such as `Rollout` or `RolloutStatus`.
    pub kind: String,
    /// Whose.
    pub key: ObjectKey,
    /// Its content.
    pub body: Arc<str>,
}

impl From<StoredObject> for StoredText {
    fn from(object: StoredObject) -> Self {
        Self::from(&object)
    }
}

impl From<&StoredObject> for StoredText {
    fn from(object: &StoredObject) -> Self {
        let StoredObject { kind, key, body } = object;
        Self { kind: kind.clone(), key: key.clone(), body: body.to_string().into() }
    }
}

impl StoredText {
    /// The same as a tree of values. Errors: it is no JSON.
    pub fn object(&self) -> Result<StoredObject, serde_json::Error> {
        let body = serde_json::from_str(&self.body)?;
        Ok(StoredObject { kind: self.kind.clone(), key: self.key.clone(), body })
    }
}

/// Documents and ledger entries that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Changes of documents, in this order.
    pub writes: Vec<Write>,
    /// What they mean, in this order.
    pub entries: Vec<Draft>,
}

impl Batch {
    /// The positions of the ledger between which it changes the documents, when the ledger ends at
    /// `head`: up to the first they are what they were, from the second on what they will be.
    ///
    /// A batch with no entry changes what they are at the last one. There is no position before entry 0.
    pub const fn span(&self, head: u64) -> Option<(u64, u64)> {
        match (head, self.entries.len() as u64) {
            (0, 0) => None,
            (head, 0) => Some((head - 1, head)),
            (head, entries) => Some((head, head + entries)),
        }
    }
}

/// A change of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Make it so, whether it was there or not.
    Put(StoredText),
    /// Take it away, if it is there.
    Delete {
        /// What it is.
        kind: String,
        /// Whose.
        key: ObjectKey,
    },
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Committed {
    /// The entries as they were linked.
    pub entries: Vec<Entry>,
}

/// Why a ledger could not be shown to be whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It is not whole.
    #[error("{broken}")]
    Broken {
        /// The part before the break.
        held: Summary,
        /// Where and how it breaks.
        broken: Box<Broken>,
    },
    /// It could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A store that did not keep what it was given. The batch was not written, but for
/// [`StoreError::Broken`], after which that is found out by opening the store anew.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another server works in the same folder.
    #[error(
        "{folder} is in use by process {pid}; stop that server or choose another --data folder"
    )]
    Locked {
        /// The data folder.
        folder: String,
        /// The process that holds it.
        pid: u32,
    },
    /// What is kept was written by a newer version.
    #[error("the store has schema {found}, this version knows up to {known}; use a newer tidegate")]
    TooNew {
        /// What was found.
        found: u32,
        /// What is known.
        known: u32,
    },
    /// What is kept is not what was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Another leader has taken over since. This one leads no more, and never will again.
    #[error("epoch {ours} has ended: another server leads, in epoch {theirs}")]
    Fenced {
        /// The epoch of whoever wanted to write.
        ours: Epoch,
        /// The last epoch.
        theirs: Epoch,
    },
    /// The disk is full. Once there is space, the store goes on.
    #[error("the store failed: {0}")]
    Full(String),
    /// It can be neither read nor written from here on: the disk failed in the middle of a write,
    /// or the connection in the middle of a commit, and a second try would hide what became of it.
    #[error("the store failed: {0}")]
    Broken(String),
    /// It could not be done. Trying again may help.
    #[error("the store failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// Whether nothing more can be written by this process, whatever it tries.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Fenced { .. } | Self::Broken(_))
    }
}
