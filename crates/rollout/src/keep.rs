//! A revision that goes on serving though the status does not say so: what said so was lost.

use std::collections::{BTreeMap, BTreeSet};

use tidegate_units::{RevisionHash, Timestamp, Weight};

use crate::{Event, RevisionRecord, RolloutStatus, turn::share};

impl RolloutStatus {
    /// Lets those have the requests that the router sends them to, of some of which so many replicas
    /// serve, and says what changed. The next plans take them from these as from any others: once those
    /// that are to have them serve.
    ///
    /// One that is not known is older than all that are.
    pub fn keep(
        &mut self,
        next: Vec<(RevisionHash, Weight)>,
        serving: &BTreeMap<&RevisionHash, u32>,
        now: Timestamp,
    ) -> Vec<Event> {
        let named: BTreeSet<RevisionHash> =
            self.route.iter().chain(&next).map(|(revision, _)| revision.clone()).collect();
        let turn = |revision: RevisionHash| {
            let (from, to) = (share(&self.route, &revision), share(&next, &revision));
            (from != to).then_some(Event::WeightSet { revision, from, to })
        };
        let mut events: Vec<_> = named.into_iter().filter_map(turn).collect();
        for (revision, _) in &next {
            let Some(&replicas) = serving.get(revision) else { continue };
            let record = self.revisions.entry(revision.clone()).or_insert(RevisionRecord {
                number: 0,
                created_at: now,
                replicas: 0,
                scale_down_at: None,
                was_stable: false,
            });
            let from = std::mem::replace(&mut record.replicas, replicas);
            if from != replicas {
                events.push(Event::Scaled { revision: revision.clone(), from, to: replicas });
            }
        }
        self.weight = self.current.as_ref().map_or(Weight::ZERO, |current| share(&next, current));
        self.route = next;
        // Whoever starts on a store that has lost this finds at the router that it was decided.
        self.generation = self.generation.next();
        self.route_generation = self.generation;
        events
    }
}
