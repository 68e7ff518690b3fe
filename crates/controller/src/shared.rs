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
    /// Rises with each snapshot, for who follows the whole fleet: that asks nothing more of the router.
    published: watch::Sender<u64>,
}

/// The world and what was seen of it, after one tick.
#[derive(Clone, Default)]
pub(crate) struct Snapshot {
    pub(crate) world: World,
    pub(crate) sight: Sight,
    /// Services whose listener could not be opened, and why.
    pub(crate) refused: BTreeMap<ObjectKey, String>,
    pub(crate) index: Index,
    /// The last ledger entry that this is the outcome of.
    pub(crate) head: u64,
}

impl Shared {
    pub(crate) fn new(world: World, index: Index, head: u64) -> Self {
        let snapshot = Snapshot { world, index, head, ..Snapshot::default() };
        Self {
            snapshot: RwLock::new(Arc::new(snapshot)),
            version: watch::channel(0).0,
            published: watch::channel(0).0,
        }
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        // A writer replaces the whole snapshot in one assignment, so a poisoned lock holds a whole one.
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    pub(crate) fn published(&self) -> watch::Receiver<u64> {
        self.published.subscribe()
    }

    /// Whether anybody waits for changes.
    pub(crate) fn is_watched(&self) -> bool {
        self.version.receiver_count() > 0
    }

    pub(crate) fn publish(&self, next: Snapshot, changed: bool) {
        let (head, rollouts) = (next.head, next.world.rollouts.clone());
        let mut shown = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *shown, Arc::new(next));
        drop(shown);
        if changed || self.is_watched() {
            self.version.send_modify(|version| *version += 1);
        }
        let moved = before.head != head || !before.world.rollouts.is_same(&rollouts);
        self.published.send_if_modified(|count| {
            *count += u64::from(moved);
            moved
        });
    }
}
