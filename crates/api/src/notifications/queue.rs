use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tidegate_controller::ControlPlane;
use tidegate_notify::Delivery;
use tidegate_units::Timestamp;
use tokio::sync::Notify;

use crate::notifications::DELIVERY;

/// What waits to be told. It is in the store as well, and comes in here once it is there.
pub(crate) struct Queue {
    held: Mutex<Held>,
    changed: Notify,
}

#[derive(Default)]
struct Held {
    waiting: BTreeMap<String, Delivery>,
    /// Those that are being told.
    under_way: BTreeSet<String>,
}

impl Queue {
    /// What the store has.
    pub(crate) fn open(control: &ControlPlane) -> Self {
        let mut held = Held::default();
        for kept in control.kept(DELIVERY) {
            match serde_json::from_str::<Delivery>(&kept.body) {
                Ok(delivery) => drop(held.waiting.insert(delivery.id.clone(), delivery)),
                Err(problem) => {
                    tracing::error!(key = %kept.key, %problem, "a notification of the store cannot be read");
                }
            }
        }
        Self { held: Mutex::new(held), changed: Notify::new() }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Puts in what is written down.
    pub(crate) fn put(&self, deliveries: impl IntoIterator<Item = Delivery>) {
        let mut held = self.lock();
        for delivery in deliveries {
            held.under_way.remove(&delivery.id);
            held.waiting.insert(delivery.id.clone(), delivery);
        }
        drop(held);
        self.changed.notify_one();
    }

    /// Takes out what is told, or given up.
    pub(crate) fn end(&self, id: &str) {
        let mut held = self.lock();
        held.under_way.remove(id);
        held.waiting.remove(id);
        drop(held);
        self.changed.notify_one();
    }

    /// The next one that is due, which is under way then.
    pub(crate) fn begin(&self, now: Timestamp) -> Option<Delivery> {
        let mut held = self.lock();
        let due = held.waiting.values().filter(|one| one.next_at <= now);
        let due = due.filter(|one| !held.under_way.contains(&one.id));
        let first = due.min_by_key(|one| (one.next_at, one.sequence)).cloned()?;
        held.under_way.insert(first.id.clone());
        Some(first)
    }

    /// When the next one is due that is not under way.
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        let held = self.lock();
        let idle = held.waiting.values().filter(|one| !held.under_way.contains(&one.id));
        idle.map(|one| one.next_at).min()
    }

    /// Returns after anything changed.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
