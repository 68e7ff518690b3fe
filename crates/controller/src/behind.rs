//! A store that went back: its disk acknowledged commits, and lost them.
//!
//! Whoever leads is alone, and writes each order down before it gives it. So one that the runtime has
//! overtaken is of a store that knows less than it once did. What was lost is not known. What is still
//! known goes on from above what the runtime has taken, and the ledger says so.

use std::sync::Arc;

use serde_json::json;
use tidegate_ledger::Actor;
use tidegate_units::{Generation, Owner, OwnerKind};

use crate::{Kind, document, driver::Driver, stage::Stage};

impl Driver {
    /// The runtime has taken a later order of an owner than any that is written down.
    pub(crate) fn lags_behind(&mut self, owner: Owner, taken: Generation) {
        tracing::error!(
            %owner, %taken,
            "the runtime has taken an order that this store does not know: it lost what it had acknowledged; going on from there"
        );
        // Not at once: should another one lead as well, the two would overtake each other without end.
        self.retry_soon();
        let known = self.behind.entry(owner).or_default();
        *known = taken.max(*known);
    }
}

impl Stage {
    /// Goes on from above what the runtime has taken.
    pub(crate) fn catch_up(&mut self, owner: &Owner, taken: Generation) {
        let key = owner.key();
        let (kind, known) = match owner.kind {
            OwnerKind::Rollout => {
                let Some(entry) = self.world.rollouts.get_mut(&key) else { return };
                let entry = Arc::make_mut(entry);
                let known = std::mem::replace(&mut entry.status.generation, taken);
                let write = document::put_status(entry);
                self.write(write);
                (Kind::Rollout, known)
            }
            OwnerKind::Experiment => {
                let Some(entry) = self.world.experiments.get_mut(&key) else { return };
                let entry = Arc::make_mut(entry);
                let known = std::mem::replace(&mut entry.status.generation, taken);
                let write = document::put_experiment_status(entry);
                self.write(write);
                (Kind::Experiment, known)
            }
            // Nothing is ordered of one.
            OwnerKind::AnalysisRun => return,
        };
        let detail = json!({ "known": known, "generation": taken });
        self.note(Actor::Controller, kind.as_str(), &key, "StoreWentBack", detail);
        self.dirty.insert(owner.clone());
    }
}
