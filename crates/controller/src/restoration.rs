use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};
use tidegate_ports::{StoredObject, StoredText, Write};
use tidegate_units::{Generation, ObjectKey, Owner, RevisionHash, Timestamp, Weight};

use crate::{
    document,
    restore::{self, DocumentError},
    world::World,
};

/// Kept in a store that was restored from a backup, or went back by itself, until a server has taken
/// over what runs.
///
/// What was done after the backup was made is not known any more, and still there: replicas, and
/// orders that were taken, which bear generations that this store has not counted up to yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restoration {
    /// When it was restored, or seen to have gone back.
    pub at: Timestamp,
    /// The position of the ledger up to which it was restored; none where its disk lost what came after.
    pub position: Option<u64>,
    /// Of which the runtime has taken later orders than were known, where it went back by itself, each with
    /// what was there of it when that was seen.
    #[serde(default)]
    pub overtaken: Vec<(Owner, Remains)>,
}

/// What was there of an owner's revisions when its store was seen to have gone back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remains {
    /// Those to which requests are to go, and of which nothing ran: they were ended by what was lost, so that
    /// the router had been told before to send its requests to others.
    pub ended: BTreeSet<RevisionHash>,
    /// Those that ran. What is started since never had users in what was lost.
    pub running: BTreeSet<RevisionHash>,
    /// To whom the router was told to send the requests, where that is later than anything that was known.
    #[serde(default)]
    pub told: Vec<(RevisionHash, Weight)>,
}

impl Restoration {
    /// As what it is kept.
    pub(crate) const KIND: &str = "Restoration";

    /// The document to be kept.
    pub fn document(&self) -> StoredObject {
        let Self { at, position, overtaken } = self;
        let body = serde_json::json!({ "at": at, "position": position, "overtaken": overtaken });
        StoredObject { kind: Self::KIND.to_owned(), key: Self::key(), body }
    }

    pub(crate) fn key() -> ObjectKey {
        ObjectKey::new("tidegate", "store")
    }

    /// What a store says of itself, if it was restored and nobody has led it since.
    pub(crate) fn of(texts: &[StoredText]) -> Result<Option<Self>, DocumentError> {
        let found = texts.iter().find(|text| text.kind == Self::KIND);
        found.map(restore::content).transpose()
    }

    /// Raises the generations of all plans over those of the lost future, as
    /// epochs are by themselves, and as those of a new rollout
    /// begin over those of one of its name that was deleted: at the time in milliseconds.
    pub(crate) fn raise(world: &mut World, now: Timestamp) -> Vec<Write> {
        let least = Generation(u64::try_from(now.as_millis()).unwrap_or(0));
        let mut writes = Vec::new();
        let keys: Vec<_> = world.rollouts.keys().cloned().collect();
        for key in &keys {
            let Some(entry) = world.rollouts.get_mut(key) else { continue };
            let entry = Arc::make_mut(entry);
            entry.status.generation = entry.status.generation.max(least);
            writes.push(document::put_status(entry));
        }
        let keys: Vec<_> = world.experiments.keys().cloned().collect();
        for key in &keys {
            let Some(entry) = world.experiments.get_mut(key) else { continue };
            let entry = Arc::make_mut(entry);
            entry.status.generation = entry.status.generation.max(least);
            writes.push(document::put_experiment_status(entry));
        }
        writes
    }
}
