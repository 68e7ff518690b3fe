use std::collections::BTreeMap;

use tidegate_planted::{Mistake, makes};
use tidegate_units::{RevisionHash, Timestamp, Weight};

use crate::{
    Event, Observation, PauseReason, PauseState, RevisionRecord, RevisionSeen, RolloutSpec,
    RolloutStatus, Step, blue_green, window,
};

/// One planning: what is wanted and seen, and the status as it grows.
pub(crate) struct Turn<'a> {
    pub(crate) spec: &'a RolloutSpec,
    pub(crate) before: &'a RolloutStatus,
    pub(crate) seen: &'a Observation,
    pub(crate) now: Timestamp,
    pub(crate) status: RolloutStatus,
    pub(crate) events: Vec<Event>,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(
        spec: &'a RolloutSpec,
        before: &'a RolloutStatus,
        seen: &'a Observation,
        now: Timestamp,
    ) -> Self {
        Self { spec, before, seen, now, status: before.clone(), events: Vec::new() }
    }

    /// The revision that all users should get.
    pub(crate) fn current(&self) -> &'a RevisionHash {
        &self.spec.revision
    }

    /// The stable revision, while another one is on its way beside it.
    pub(crate) fn stable_beside(&self) -> Option<&RevisionHash> {
        self.status.stable.as_ref().filter(|stable| *stable != self.current())
    }

    /// Whether a canary stands, or should stand, beside a stable revision.
    pub(crate) fn in_flight(&self) -> bool {
        self.stable_beside().is_some()
    }

    /// Whether a canary is on its way and was not taken back.
    pub(crate) fn advancing(&self) -> bool {
        self.in_flight() && self.status.abort.is_none()
    }

    /// Whether somebody, or an analysis that could not tell, holds it where it is. A pause that the
    /// strategy asks for is not meant: it ends by the rules of the strategy.
    pub(crate) fn frozen(&self) -> bool {
        let held = |pause: &PauseState| {
            !matches!(pause.reason, PauseReason::Step | PauseReason::BlueGreen)
        };
        let held = self.spec.paused || self.status.pause.as_ref().is_some_and(held);
        held && !makes(Mistake::GoesOnWhilePaused)
    }

    /// The step that is being taken.
    pub(crate) fn step(&self) -> Option<&'a Step> {
        if self.advancing() { self.spec.canary().steps.get(self.status.step_index) } else { None }
    }

    /// The share that the current revision is on its way to.
    pub(crate) fn target(&self) -> Weight {
        if self.advancing() && self.spec.blue_green().is_some() {
            blue_green::target(self)
        } else if self.advancing() {
            self.target_at(self.status.step_index)
        } else if self.in_flight() {
            Weight::ZERO
        } else {
            Weight::FULL
        }
    }

    /// The share of the current revision at a step. One that is to have no replicas there gets
    /// nothing, whatever its weight.
    pub(crate) fn target_at(&self, index: usize) -> Weight {
        let index = index + usize::from(makes(Mistake::OneStepAhead));
        let canary = self.spec.canary();
        let none = canary.scale_at(index).is_some() && self.spec.canary_replicas_at(index) == 0;
        if none && self.spec.replicas > 0 { Weight::ZERO } else { canary.weight_at(index) }
    }

    /// Whether enough replicas of the current revision are available for a step, and any at all.
    pub(crate) fn carries(&self, index: usize) -> bool {
        let available = self.available(self.current());
        available > 0 && self.is_enough(available, self.spec.canary_replicas_at(index))
    }

    /// Whether so many available replicas of the current revision suffice.
    pub(crate) fn is_enough(&self, available: u32, wanted: u32) -> bool {
        self.spec.canary().progress_threshold.is_met(available, wanted)
    }

    /// Whether the update on its way takes its steps: not when somebody asked to skip them, nor
    /// within the rollback window.
    pub(crate) fn is_stepwise(&self) -> bool {
        !self.status.promote_full && !window::is_return(self)
    }

    /// What is seen of a revision's replicas.
    pub(crate) fn seen_of(&self, revision: &RevisionHash) -> RevisionSeen {
        let seen = self.seen.revisions.get(revision);
        seen.copied().unwrap_or_default()
    }

    /// Available replicas of a revision.
    pub(crate) fn available(&self, revision: &RevisionHash) -> u32 {
        self.seen_of(revision).available
    }

    /// Replicas that a revision should have.
    pub(crate) fn wanted(&self, revision: &RevisionHash) -> u32 {
        let record = self.status.revisions.get(revision);
        record.map_or(0, |record| record.replicas)
    }

    /// The record of a revision, made when there is none: then it is older than all that are known.
    pub(crate) fn record(&mut self, revision: &RevisionHash) -> &mut RevisionRecord {
        let now = self.now;
        self.status.revisions.entry(revision.clone()).or_insert(RevisionRecord {
            number: 0,
            created_at: now,
            replicas: 0,
            scale_down_at: None,
            was_stable: false,
        })
    }

    /// Revisions that are neither current nor stable.
    pub(crate) fn old_revisions(&self) -> impl Iterator<Item = &RevisionHash> {
        self.status.revisions.keys().filter(|revision| {
            *revision != self.current() && Some(*revision) != self.status.stable.as_ref()
        })
    }

    /// Whether the router is known to follow the split of the last plan.
    pub(crate) fn routed(&self) -> bool {
        let status = &self.status;
        if status.route.is_empty() {
            return true;
        }
        // The weights add up to 100, so that all of them being right leaves nothing for others.
        let follows = |routed: &BTreeMap<RevisionHash, Weight>| {
            status.route.iter().all(|(revision, weight)| routed.get(revision) == Some(weight))
        };
        self.seen.routed_generation >= status.route_generation
            && self.seen.routed.as_ref().is_some_and(follows)
    }

    /// Whether all users get the current revision from as many replicas as are wanted, and nothing
    /// that serves is left of the others.
    pub(crate) fn arrived(&self) -> bool {
        self.status.stable.as_ref() == Some(self.current())
            && self.available(self.current()) >= self.spec.replicas
            && self.routed()
            && (self.spec.canary().routed
                || self.old_revisions().all(|old| self.seen_of(old).replicas == 0))
    }

    /// A step begins, or what comes after the last one.
    pub(crate) fn step_begins(&mut self) {
        self.status.step_started = Some(self.now);
        self.status.ring_open = None;
        self.status.exposure = None;
        self.status.weight_missing = Weight::FULL;
        self.progressed();
    }

    /// Something moved forward: the deadline counts from now.
    pub(crate) fn progressed(&mut self) {
        self.status.progressed_at = Some(self.now);
        self.status.available_peak = self.available(self.current());
        self.status.deadline_missed = None;
    }
}

/// The share of a revision in a split.
pub(crate) fn share(route: &[(RevisionHash, Weight)], revision: &RevisionHash) -> Weight {
    let entry = route.iter().find(|(named, _)| named == revision);
    entry.map_or(Weight::ZERO, |(_, weight)| *weight)
}

/// The share of a revision in the split that the router was seen to follow.
pub(crate) fn share_seen(
    routed: Option<&BTreeMap<RevisionHash, Weight>>,
    revision: &RevisionHash,
) -> Weight {
    let weight = routed.and_then(|routed| routed.get(revision));
    weight.copied().unwrap_or_default()
}
