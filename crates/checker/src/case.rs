use tidegate_rollout::{
    Action, CanaryScale, Observation, Plan, RolloutSpec, RolloutStatus, RunRef, RunSeen, Step,
};
use tidegate_units::{RevisionHash, Timestamp, Weight};

use crate::Violation;

/// A split, as it is ordered and stored.
pub(crate) type Split = [(RevisionHash, Weight)];

/// A plan with all that it was made of.
pub(crate) struct Case<'a> {
    pub(crate) spec: &'a RolloutSpec,
    pub(crate) before: &'a RolloutStatus,
    pub(crate) seen: &'a Observation,
    pub(crate) plan: &'a Plan,
    pub(crate) after: &'a RolloutStatus,
    pub(crate) now: Timestamp,
    found: Vec<Violation>,
}

impl<'a> Case<'a> {
    pub(crate) fn new(
        spec: &'a RolloutSpec,
        before: &'a RolloutStatus,
        seen: &'a Observation,
        plan: &'a Plan,
        now: Timestamp,
    ) -> Self {
        Self { spec, before, seen, plan, after: &plan.status, now, found: Vec::new() }
    }

    /// Notes that a rule is broken.
    pub(crate) fn breaks(&mut self, violation: impl Into<Violation>) {
        let violation = violation.into();
        if !self.found.contains(&violation) {
            self.found.push(violation);
        }
    }

    pub(crate) fn into_violations(self) -> Vec<Violation> {
        self.found
    }

    /// The revision on its way: the wanted one, while another one is stable.
    pub(crate) fn canary(&self) -> Option<&'a RevisionHash> {
        let stable = self.after.stable.as_ref()?;
        (*stable != self.spec.revision).then_some(&self.spec.revision)
    }

    /// Whether somebody else than the wanted revision has users: then it is on its way to them, by
    /// its gates. A first revision, and one that is stable already, have none before them. With no
    /// replicas wanted there are no users to be kept from harm.
    pub(crate) fn is_gated(&self) -> bool {
        let theirs = self.before.stable.as_ref().or(self.first());
        self.spec.replicas > 0 && theirs.is_some_and(|stable| *stable != self.spec.revision)
    }

    /// While none is stable yet: the revision that serves users although another one is wanted.
    pub(crate) fn first(&self) -> Option<&'a RevisionHash> {
        let none_is_stable = self.before.stable.is_none();
        let mut served = self.before.route.iter().filter(|(_, weight)| *weight > Weight::ZERO);
        let first = served.find(|(it, _)| *it != self.spec.revision && self.available(it) > 0);
        first.map(|(revision, _)| revision).filter(|_| none_is_stable)
    }

    /// Whether what `before` says about steps is about this revision and these steps. A retry is
    /// in `before` already, so that a planner cannot begin anew by itself.
    pub(crate) fn is_same_release(&self) -> bool {
        self.before.current.as_ref() == Some(&self.spec.revision)
            && self.before.steps_hash == self.after.steps_hash
    }

    /// Whether somebody asked to skip all that is left.
    pub(crate) fn is_promoted_in_full(&self) -> bool {
        self.before.promote_full && self.is_same_release()
    }

    /// Whether the wanted revision, once stable, was left so short a while ago that `rollbackWindow` lets it
    /// come back without steps: fewer revisions than it says were first seen after it and before the
    /// stable one.
    pub(crate) fn is_return(&self) -> bool {
        let known = &self.before.revisions;
        let stable =
            self.before.stable.as_ref().and_then(|it| known.get(it)).map(|it| it.created_at);
        let wanted = known.get(&self.spec.revision).filter(|it| it.was_stable);
        let (Some(wanted), Some(stable)) = (wanted.map(|it| it.created_at), stable) else {
            return false;
        };
        let between = self.before.revisions.values().map(|it| it.created_at);
        let between = between.filter(|at| *at > wanted && *at < stable).count();
        wanted < stable && u32::try_from(between).is_ok_and(|it| it < self.spec.rollback_window)
    }

    /// How many replicas the new revision is told to have at a step, whatever its share is.
    pub(crate) fn scale_at(&self, step: usize) -> Option<u32> {
        match self.spec.canary().scale_at(step)? {
            CanaryScale::Replicas(count) => Some(count),
            CanaryScale::Share(percent) => Some(part_of(self.spec.replicas, percent, 100)),
            CanaryScale::Part { part, whole } => Some(part_of(self.spec.replicas, part, whole)),
            CanaryScale::MatchTraffic => None,
        }
    }

    /// The share that the available replicas of a revision carry, rounded down to one that a step
    /// could ask for.
    pub(crate) fn carried_by(&self, revision: &RevisionHash) -> Weight {
        let (available, replicas) = (self.available(revision), self.spec.replicas);
        if available >= replicas {
            return Weight::FULL;
        }
        let whole = u64::from(self.spec.canary().max_weight);
        Weight::at_most(u64::from(available) * whole / u64::from(replicas), whole)
    }

    /// The step that was being taken.
    pub(crate) fn first_step(&self) -> usize {
        let begun = self.is_same_release() && self.before.stable.is_some();
        if begun { self.before.step_index } else { 0 }
    }

    /// The most that the new revision may get.
    pub(crate) fn allowed_weight(&self) -> Weight {
        if self.after.abort.is_some() {
            Weight::ZERO
        } else if self.is_promoted_in_full() {
            Weight::FULL
        } else {
            let set = self.spec.canary().weight_at(self.after.step_index);
            let step = self.spec.canary().steps.get(self.after.step_index);
            match (step, &self.after.exposure) {
                (Some(Step::Auto(_)), Some(exposure)) => exposure.weight,
                _ => set,
            }
        }
    }

    /// Replicas of a revision that are seen to be there.
    pub(crate) fn replicas(&self, revision: &RevisionHash) -> u32 {
        self.seen.revisions.get(revision).map_or(0, |seen| seen.replicas)
    }

    /// Replicas of a revision that are seen to be available.
    pub(crate) fn available(&self, revision: &RevisionHash) -> u32 {
        self.seen.revisions.get(revision).map_or(0, |seen| seen.available)
    }

    /// The split that the router will have been told after this plan.
    pub(crate) fn told(&self) -> &'a Split {
        let ordered = self.plan.actions.iter().rev().find_map(|action| match action {
            Action::Route { weights, .. } => Some(weights.as_slice()),
            _ => None,
        });
        ordered.unwrap_or(&self.before.route)
    }

    /// The analyses of this release that have failed.
    pub(crate) fn failed_run(&self) -> Option<&'a RunRef> {
        let runs = [&self.before.step_run, &self.before.background_run, &self.before.watch_run];
        runs.into_iter().flatten().find(|run| {
            matches!(self.seen.runs.get(&run.name), Some(RunSeen::Failed(_) | RunSeen::Error(_)))
        })
    }
}

/// The share of a revision in a split; one that is not named gets nothing.
pub(crate) fn share(split: &Split, revision: &RevisionHash) -> Weight {
    let named = split.iter().filter(|(name, _)| name == revision);
    named.map(|(_, weight)| *weight).max().unwrap_or(Weight::ZERO)
}

/// How many of `replicas` a share of the requests needs, rounded up.
pub(crate) fn needed(replicas: u32, weight: Weight) -> u32 {
    let share = u128::from(replicas) * u128::from(weight.parts());
    u32::try_from(share.div_ceil(Weight::PARTS.into())).unwrap_or(u32::MAX)
}

/// `part` of `whole` of the replicas, rounded up.
pub(crate) fn part_of(replicas: u32, part: u32, whole: u32) -> u32 {
    let exact = (u64::from(replicas) * u64::from(part)).checked_next_multiple_of(whole.into());
    let count = exact.and_then(|exact| exact.checked_div(whole.into()));
    count.and_then(|count| u32::try_from(count).ok()).unwrap_or(u32::MAX)
}
