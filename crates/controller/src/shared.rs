//! What the driver shows to everybody else.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use tidegate_units::ObjectKey;
use tokio::sync::watch;

use crate::{index::Index, sight::Sight, world::World};

/// The last finished tick, as others may see it.
pub(crate) struct Shared {
    snapshot: RwLock<Arc<Snapshot>>,
    version: watch::Sender<u64>,
}

/// The world and what was seen of it, after one tick.
#[derive(Clone, Default)]
pub(crate) struct Snapshot {
    pub(crate) world: World,
    pub(crate) sight: Sight,
    /// Services whose listener could not be opened, and why.
    pub(crate) refused: BTreeMap<ObjectKey, String>,
    pub(crate) index: Index,
}

impl Shared {
    pub(crate) fn new(world: World, index: Index) -> Self {
        let snapshot = Snapshot { world, index, ..Snapshot::default() };
        Self { snapshot: RwLock::new(Arc::new(snapshot)), version: watch::channel(0).0 }
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        // A writer replaces the whole snapshot in one assignment, so a poisoned lock holds a whole one.
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Whether anybody waits for changes.
    pub(crate) fn is_watched(&self) -> bool {
        self.version.receiver_count() > 0
    }

    pub(crate) fn publish(&self, next: Snapshot, changed: bool) {
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        if changed || self.is_watched() {
            self.version.send_modify(|version| *version += 1);
        }
    }
}
