//! What would become of a request: carried out on a copy of the world, of which nothing is written and nothing done.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use tidegate_ledger::Draft;
use tidegate_units::Timestamp;

use crate::{
    ControlPlane,
    request::{Request, take_one},
    shared::Snapshot,
    stage::Stage,
};

/// The world as it was when the rehearsal began, and what was asked of it since.
pub struct Rehearsal(Mutex<Scene>);

struct Scene {
    snapshot: Snapshot,
    entries: Vec<Draft>,
}

impl ControlPlane {
    /// The same control plane, of which everything may be asked and nothing happens: requests are answered as they
    /// would be, and [`Rehearsal::entries`] says what would follow from them at once.
    #[must_use]
    pub fn rehearsing(&self) -> (Self, Arc<Rehearsal>) {
        let snapshot = (*self.shared.snapshot()).clone();
        let rehearsal = Arc::new(Rehearsal(Mutex::new(Scene { snapshot, entries: Vec::new() })));
        let mut other = self.clone();
        other.rehearsal = Some(Arc::clone(&rehearsal));
        (other, rehearsal)
    }

    /// Whether nothing happens of what is asked of it.
    pub const fn is_rehearsing(&self) -> bool {
        self.rehearsal.is_some()
    }
}

impl Rehearsal {
    /// What the ledger would be told: that it was asked, and what the next plans come to.
    pub fn entries(&self) -> Vec<Draft> {
        // What panics half way leaves a copy behind that nobody else sees.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entries.clone()
    }

    /// Answers a request, and plans what it touched.
    pub(crate) fn take(&self, request: Request, now: Timestamp) {
        let mut scene = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (world, index) = (scene.snapshot.world.clone(), scene.snapshot.index.clone());
        let mut stage = Stage::new(world, index, now);
        let answer = take_one(&mut stage, request);
        stage.follow();
        for owner in mem::take(&mut stage.dirty) {
            stage.plan(&owner, &scene.snapshot.sight);
        }
        stage.follow();
        scene.entries.append(&mut stage.batch.entries);
        (scene.snapshot.world, scene.snapshot.index) = (stage.world, stage.index);
        answer.give();
    }
}
