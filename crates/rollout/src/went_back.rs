//! A store that went back: the router was told later than this status knows.

use tidegate_units::{Generation, RevisionHash, Timestamp, Weight};

use crate::{Abort, AbortReason, Event, RolloutSpec, RolloutStatus, turn::share};

impl RolloutStatus {
    /// Goes on from above a generation in which a split was decided that this status does not know: what
    /// is decided from here on is later, and so is what is known already.
    pub fn go_on_above(&mut self, decided: Generation) {
        self.generation = self.generation.max(decided).next();
        self.route_generation = self.generation;
    }

    /// Takes back what is on its way, where it was told to have less of the requests than is known here:
    /// why is lost, and it may have been an abort. Says what else changed.
    ///
    /// Where everybody was sent to a revision before it that is still known, that one is stable: it was
    /// made so again by what was lost, and nobody has to move.
    pub fn take_back_what_was_left(
        &mut self,
        spec: &RolloutSpec,
        told: &[(RevisionHash, Weight)],
        now: Timestamp,
    ) -> Vec<Event> {
        let Some(stable) = self.stable.clone().filter(|_| self.abort.is_none()) else {
            return Vec::new();
        };
        let current = &spec.revision;
        let (known, now_told) = (share(&self.route, current), share(told, current));
        if self.current.as_ref() != Some(current) || now_told >= known {
            return Vec::new();
        }
        let mut events = Vec::new();
        let has_all = |(_, weight): &&(RevisionHash, Weight)| *weight == Weight::FULL;
        let serves = told.iter().find(has_all).map(|(revision, _)| revision);
        let returned = serves.filter(|it| **it != stable && self.revisions.contains_key(*it));
        match returned {
            Some(revision) => {
                let record = self.revisions.get_mut(revision);
                if let Some(record) = record {
                    (record.was_stable, record.scale_down_at) = (true, None);
                }
                self.stable = Some(revision.clone());
                self.stable_is_ping = !self.stable_is_ping;
                events.push(Event::Promoted { revision: revision.clone() });
            }
            // It is stable itself, and whoever has its requests is not known.
            None if stable == *current => return events,
            None => {}
        }
        self.promote_full = false;
        self.promoted_step = None;
        let reason = AbortReason::StoreWentBack { known, told: now_told };
        self.abort = Some(Abort { at: now, reason });
        events
    }
}
