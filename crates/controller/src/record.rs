//! What the router counted, with where each revision stands, into a history.

use std::sync::Arc;

use tidegate_series::{History, Part, Standing};
use tidegate_traffic::ServiceRoles;
use tidegate_units::{ObjectKey, Owner, OwnerKind, ReplicaId, RevisionHash};

use crate::{handle::ControlPlane, routes::roles, shared::Snapshot, world::RolloutEntry};

impl ControlPlane {
    /// Takes the newest reading of the router into `history`. One that is there already changes
    /// nothing, so this may be called as often as anybody likes.
    pub fn record(&self, history: &mut History) {
        let snapshot = self.snapshot();
        if let Some(reading) = &snapshot.sight.traffic {
            history.record(reading, |owner, revision| snapshot.standing(owner, revision));
        }
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshot()
    }
}

impl Snapshot {
    /// Whose a replica is that there is.
    pub(crate) fn owner_of(&self, replica: &ReplicaId) -> Option<Owner> {
        let mut all = self.sight.replicas.iter();
        let own = all.find(|(_, replicas)| replicas.iter().any(|one| one.id == *replica));
        own.map(|(owner, _)| owner.clone())
    }

    fn standing(&self, owner: &Owner, revision: &RevisionHash) -> Standing {
        let entry = match owner.kind {
            OwnerKind::Rollout => self.world.rollouts.get(&owner.key()),
            OwnerKind::Experiment | OwnerKind::AnalysisRun => None,
        };
        let Some(entry) = entry else {
            return Standing { part: Part::Other, listener: None, service: None };
        };
        let part = part(entry, revision);
        let roles = roles(&entry.declared.value, &entry.status);
        let listener = self.listener(entry.key());
        let named = self.named(entry.key(), &roles, part);
        let service = named.or_else(|| listener.clone());
        Standing { part, listener: listener.map(|(key, _)| key), service }
    }

    /// The Service before a rollout that listens on the lowest address: the one that the router
    /// names too.
    fn listener(&self, rollout: &ObjectKey) -> Option<(ObjectKey, u16)> {
        let slots = self.index.selection().services_of(rollout).flat_map(|service| {
            let slots = self.world.addresses.from(&(service.clone(), 0));
            slots.take_while(move |((key, _), _)| key == service)
        });
        slots.min_by_key(|(_, address)| **address).map(|(slot, _)| slot.clone())
    }

    /// The Service that is there to reach such a revision, with its first port.
    fn named(
        &self,
        rollout: &ObjectKey,
        roles: &ServiceRoles,
        part: Part,
    ) -> Option<(ObjectKey, u16)> {
        let name = match part {
            Part::Stable => roles.stable.last(),
            Part::Canary => roles.canary.last(),
            Part::Other => None,
        };
        let key = ObjectKey::new(&rollout.namespace, name?);
        let first = self.world.services.get(&key)?.value.ports.first()?.port;
        Some((key, first))
    }
}

fn part(entry: &RolloutEntry, revision: &RevisionHash) -> Part {
    if entry.status.stable.as_ref() == Some(revision) {
        Part::Stable
    } else if entry.status.current.as_ref() == Some(revision) {
        Part::Canary
    } else {
        Part::Other
    }
}
