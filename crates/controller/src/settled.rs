//! Rollouts with which nothing was to be done, and what that followed from.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tidegate_rollout::Observation;
use tidegate_units::{ObjectKey, Timestamp};

use crate::world::RolloutEntry;

/// After so long it is planned whatever it was: a plan that wakes too late is found by then.
const PLAN_ANYHOW_AFTER: Duration = Duration::from_mins(10);

/// What the last plans were made of that left everything as it was.
///
/// A plan follows from what is declared, the status, what is seen and the time. The first two are in the
/// entry, and an entry is never changed but replaced: where it is the same one, they are the same. What is
/// seen is compared. Of the time the plan says itself when it matters next. So the same plan would come of
/// it, and is not made.
#[derive(Default)]
pub(crate) struct Settled(BTreeMap<ObjectKey, Known>);

struct Known {
    entry: Arc<RolloutEntry>,
    seen: Observation,
    at: Timestamp,
}

impl Settled {
    /// Notes that nothing was to be done with an entry.
    pub(crate) fn note(&mut self, entry: &Arc<RolloutEntry>, seen: Observation, at: Timestamp) {
        let known = Known { entry: Arc::clone(entry), seen, at };
        self.0.insert(entry.key().clone(), known);
    }

    /// By what sight nothing was to be done with an entry, if that is so for another sight like it: it is
    /// the same entry, and its time has not come.
    pub(crate) fn seen_by(
        &self,
        entry: &Arc<RolloutEntry>,
        now: Timestamp,
    ) -> Option<&Observation> {
        let known = self.0.get(entry.key()).filter(|known| Arc::ptr_eq(&known.entry, entry))?;
        let in_time = known.at <= now && now.since(known.at) < PLAN_ANYHOW_AFTER;
        let due = entry.latest.wake_at.is_some_and(|at| at <= now);
        (in_time && !due).then_some(&known.seen)
    }

    /// It is planned again, or gone. Until something is known anew an old entry is not kept.
    pub(crate) fn forget(&mut self, key: &ObjectKey) {
        self.0.remove(key);
    }
}

#[cfg(test)]
mod tests;
