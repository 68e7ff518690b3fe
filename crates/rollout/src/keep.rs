//! A revision that goes on serving though the status does not say so: what said so was lost.

use std::collections::BTreeSet;

use tidegate_units::{RevisionHash, Timestamp, Weight};

use crate::{Event, RevisionRecord, RolloutStatus, turn::share};

impl RolloutStatus {
    /// Lets a revision of which so many replicas run have all requests, and says what changed. The next
    /// plans take them from it as from any other: once those that are to have them serve.
    ///
    /// One that is not known is older than all that are.
    pub fn keep(&mut self, serves: &RevisionHash, replicas: u32, now: Timestamp) -> Vec<Event> {
        let next = vec![(serves.clone(), Weight::FULL)];
        let named = self.route.iter().map(|(revision, _)| revision).chain([serves]);
        let named: BTreeSet<RevisionHash> = named.cloned().collect();
        let turn = |revision: RevisionHash| {
            let (from, to) = (share(&self.route, &revision), share(&next, &revision));
            (from != to).then_some(Event::WeightSet { revision, from, to })
        };
        let mut events: Vec<_> = named.into_iter().filter_map(turn).collect();
        let record = self.revisions.entry(serves.clone()).or_insert(RevisionRecord {
            number: 0,
            created_at: now,
            replicas: 0,
            scale_down_at: None,
            was_stable: false,
        });
        let from = std::mem::replace(&mut record.replicas, replicas);
        if from != replicas {
            events.push(Event::Scaled { revision: serves.clone(), from, to: replicas });
        }
        self.weight = self.current.as_ref().map_or(Weight::ZERO, |current| share(&next, current));
        self.route = next;
        events
    }
}
