//! The safety rules, derived anew from the spec and the plan alone.

use tidegate_rollout::{
    Action, Canary, Event, Observation, PauseReason, PauseState, Plan, RolloutSpec, RolloutStatus,
    Step, plan,
};
use tidegate_units::{RevisionHash, Timestamp, Weight};

/// Checks a plan that was made of `before` and `seen`.
pub(crate) fn check(
    spec: &RolloutSpec,
    before: &RolloutStatus,
    seen: &Observation,
    next: &Plan,
    now: Timestamp,
) {
    let violations = tidegate_checker::check(spec, before, seen, next, now).err();
    let violations = violations.unwrap_or_default();
    assert!(violations.is_empty(), "the checker refuses: {violations:?}");
    let case = Case { spec, before, seen, next };
    case.weights_add_up();
    case.nothing_raised_without_replicas();
    case.weight_is_earned();
    case.abort_takes_all();
    case.no_step_is_skipped();
    case.a_weight_is_done_when_it_is_seen();
    case.promoted_is_what_serves_all();
    case.forgotten_is_what_was_gone();
    case.what_serves_keeps_its_replicas();
    case.enough_serve();
    case.route_down_comes_first();
    case.wakes_later(now);
    case.thinking_again_comes_to_an_end(now);
}

struct Case<'a> {
    spec: &'a RolloutSpec,
    before: &'a RolloutStatus,
    seen: &'a Observation,
    next: &'a Plan,
}

fn share(route: &[(RevisionHash, Weight)], revision: &RevisionHash) -> Weight {
    route
        .iter()
        .filter(|(named, _)| named == revision)
        .map(|(_, weight)| *weight)
        .next()
        .unwrap_or_default()
}

impl Case<'_> {
    /// Of the rollout's own revisions.
    fn available(&self, revision: &RevisionHash) -> u32 {
        self.seen.revisions.get(revision).map_or(0, |seen| seen.available)
    }

    /// Whether a revision, or a template of an experiment, has a replica that can answer.
    fn answers(&self, revision: &RevisionHash) -> bool {
        let templates = self.seen.experiments.values().flat_map(|seen| seen.templates.values());
        let mut guests = templates.filter(|seen| seen.revision == *revision);
        self.available(revision) > 0 || guests.any(|seen| seen.available > 0)
    }

    fn route_action(&self) -> Option<&Vec<(RevisionHash, Weight)>> {
        self.next.actions.iter().find_map(|action| match action {
            Action::Route { weights, .. } => Some(weights),
            _ => None,
        })
    }

    fn in_flight(&self) -> bool {
        let stable = &self.next.status.stable;
        stable.is_some() && stable.as_ref() != Some(&self.spec.revision)
    }

    fn weights_add_up(&self) {
        let route = &self.next.status.route;
        let sum: u64 = route.iter().map(|(_, weight)| weight.parts()).sum();
        assert!(route.is_empty() || sum == Weight::PARTS, "{route:?}");
        if let Some(weights) = self.route_action() {
            assert_eq!(weights, route);
        }
    }

    /// Only the stable revision may be given traffic with nothing to answer it, and only when
    /// no other revision that had traffic can answer either. A template of an experiment gives back
    /// what it had, whoever answers: it is not there to serve.
    fn nothing_raised_without_replicas(&self) {
        for (revision, weight) in &self.next.status.route {
            let raised = *weight > share(&self.before.route, revision);
            if raised && !self.answers(revision) {
                assert_eq!(Some(revision), self.next.status.stable.as_ref());
                for (served, had) in &self.before.route {
                    let lost = *had > share(&self.next.status.route, served);
                    assert!(
                        !lost || self.available(served) == 0,
                        "{served} serves, {revision} does not, {:?}",
                        self.next.status.route
                    );
                }
            }
        }
    }

    /// Where a router splits, a canary has no more than its step gives it. It may keep what it had
    /// while the stable revision has nothing to answer with.
    fn weight_is_earned(&self) {
        if !self.in_flight() || !self.spec.canary().routed {
            return;
        }
        let status = &self.next.status;
        let allowed = if status.abort.is_some() {
            Weight::ZERO
        } else {
            let auto_weight = status.exposure.as_ref().map(|it| it.weight);
            let canary = Canary { auto_weight, ..self.spec.canary().clone() };
            canary.weight_at(status.step_index)
        };
        let stable = status.stable.as_ref().unwrap();
        let given = share(&status.route, &self.spec.revision);
        let had = share(&self.before.route, &self.spec.revision);
        let kept = given <= had && given <= self.carried_by(stable).rest();
        assert!(given <= allowed || kept, "{given} > {allowed}");
        let (step, available) = (status.step_index, self.available(&self.spec.revision));
        // A step that is not carried yet may get what the one before it was scaled for.
        let scaled = [step, step.saturating_sub(1)].map(|step| self.spec.canary().scale_at(step));
        if given > had && scaled == [None, None] {
            let needed = needed(self.spec.replicas, given);
            assert!(self.spec.canary().progress_threshold.is_met(available, needed));
        }
        assert!(given <= had || available > 0);
    }

    /// The share that the stable revision may not be spared: nothing while nobody of it answers,
    /// then all of it, or with `dynamicStableScale` what its available replicas carry.
    fn carried_by(&self, stable: &RevisionHash) -> Weight {
        let canary = self.spec.canary();
        match self.available(stable) {
            0 => Weight::ZERO,
            available if !canary.routed && available < self.must_serve() => {
                Weight::of(available, self.must_serve()).unwrap_or_default()
            }
            available if canary.dynamic_stable && canary.routed => {
                let (available, replicas) = (available.min(self.spec.replicas), self.spec.replicas);
                let whole = canary.max_weight;
                let carried = (available * whole).checked_div(replicas).unwrap_or(whole);
                Weight::of(carried, whole).unwrap()
            }
            _ => Weight::FULL,
        }
    }

    fn abort_takes_all(&self) {
        let status = &self.next.status;
        if status.abort.is_none() {
            return;
        }
        assert!(self.in_flight(), "aborted with nothing on its way");
        let stable = status.stable.as_ref().unwrap();
        let given = share(&status.route, &self.spec.revision);
        let short = self.carried_by(stable) < Weight::FULL;
        let serves_alone = short && self.available(&self.spec.revision) > 0;
        let old_serves = short
            && status
                .route
                .iter()
                .any(|(revision, _)| revision != stable && self.available(revision) > 0);
        // While nobody answers at all, who had the requests may keep them.
        let had = share(&self.before.route, &self.spec.revision);
        let nobody = self.before.route.iter().all(|(revision, _)| self.available(revision) == 0);
        let kept = self.available(stable) == 0 && nobody && given <= had;
        assert!(
            given == Weight::ZERO || serves_alone || old_serves || kept,
            "aborted with {given}"
        );
        assert!(status.step_run.is_none() && status.watch_run.is_none());
        assert!(status.background_run.is_none());
        let by_hand = |pause: PauseState| pause.reason == PauseReason::User;
        assert!(status.pause.is_none_or(by_hand), "only a person holds it now");
    }

    fn no_step_is_skipped(&self) {
        let (before, after) = (self.before, &self.next.status);
        let same = before.current == after.current
            && before.stable.is_some()
            && before.steps_hash == after.steps_hash
            && after.abort.is_none()
            && before.abort.is_none();
        if !same || !self.in_flight() {
            return;
        }
        let completed = self
            .next
            .events
            .iter()
            .filter(|event| matches!(event, Event::StepCompleted { .. }))
            .count();
        let asked = before.promote_full || self.spec.rollback_window > 0;
        let jumped = asked && after.skipped_from == Some(before.step_index);
        assert!(
            jumped || after.step_index == before.step_index + completed,
            "{} -> {} with {completed} completed",
            before.step_index,
            after.step_index
        );
    }

    fn seen_share(&self, revision: &RevisionHash) -> Weight {
        let routed = self.seen.routed.as_ref();
        routed.and_then(|routed| routed.get(revision).copied()).unwrap_or_default()
    }

    /// A `setWeight` that nobody promoted over is done when its replicas are available and, if a
    /// router splits, it was seen to; if none does, when nothing older serves.
    fn a_weight_is_done_when_it_is_seen(&self) {
        if self.spec.replicas == 0 {
            return;
        }
        for event in &self.next.events {
            let Event::StepCompleted { index } = event else { continue };
            let step = self.spec.canary().steps.get(*index);
            let (Some(Step::SetWeight(weight)), false) =
                (step, self.before.promoted_step == Some(*index))
            else {
                continue;
            };
            let canary = &self.spec.revision;
            if self.spec.canary().routed {
                if self.spec.canary().scale_at(*index).is_some() {
                    continue;
                }
                assert_eq!(self.seen_share(canary), *weight, "step {index}");
                let needed = needed(self.spec.replicas, *weight);
                assert!(
                    self.spec.canary().progress_threshold.is_met(self.available(canary), needed)
                );
            } else {
                let stable = self.before.stable.as_ref();
                let mut others = self.before.revisions.keys();
                let older = |name: &RevisionHash| name != canary && Some(name) != stable;
                assert!(!others.any(|name| older(name) && self.available(name) > 0));
            }
        }
    }

    fn promoted_is_what_serves_all(&self) {
        for event in &self.next.events {
            let Event::Promoted { revision } = event else { continue };
            if *revision != self.spec.revision {
                assert!(self.before.stable.is_none() && self.available(revision) > 0);
                assert!(share(&self.before.route, revision) > Weight::ZERO);
                continue;
            }
            let threshold = self.spec.canary().progress_threshold;
            assert!(threshold.is_met(self.available(revision), self.spec.replicas));
            let seen = self.seen_share(revision) == Weight::FULL;
            assert!(seen || self.spec.replicas == 0, "promoted before it serves all");
        }
    }

    fn forgotten_is_what_was_gone(&self) {
        for event in &self.next.events {
            let Event::Forgotten { revision } = event else { continue };
            assert_eq!(self.before.revisions[revision].replicas, 0);
            assert!(!self.seen.revisions.contains_key(revision));
            assert_eq!(self.seen_share(revision), Weight::ZERO);
        }
    }

    /// Where a router splits, a revision that may be given traffic is not scaled below what it
    /// carries; stable keeps all.
    fn what_serves_keeps_its_replicas(&self) {
        if !self.spec.canary().routed {
            return;
        }
        if self.in_flight()
            && !self.spec.canary().dynamic_stable
            && let Some(stable) = &self.next.status.stable
        {
            let record = &self.next.status.revisions[stable];
            assert_eq!(record.replicas, self.spec.replicas);
        }
        for action in &self.next.actions {
            let Action::Scale { revision, replicas, .. } = action else {
                continue;
            };
            let routed = self.seen.routed.as_ref();
            let live = routed
                .and_then(|routed| routed.get(revision).copied())
                .unwrap_or_default()
                .max(share(&self.next.status.route, revision));
            let serves = live > Weight::ZERO && self.spec.replicas > 0;
            let known = self.before.revisions.get(revision);
            let had = known.map_or(0, |record| record.replicas);
            assert!(
                !serves || *replicas > 0 || had == 0,
                "{revision} with {live} is scaled to nothing"
            );
        }
    }

    /// Without a router, the replicas that serve and are told to stay are at least `replicas -
    /// maxUnavailable`, or all that serve.
    fn enough_serve(&self) {
        if self.spec.canary().routed {
            return;
        }
        let revisions = &self.next.status.revisions;
        let serving: u32 = revisions.keys().map(|revision| self.available(revision)).sum();
        let staying: u32 = revisions
            .iter()
            .map(|(revision, record)| self.available(revision).min(record.replicas))
            .sum();
        let floor = self.must_serve();
        assert!(staying >= floor.min(serving), "fewer than {floor} serve");
    }

    /// `replicas - maxUnavailable`.
    fn must_serve(&self) -> u32 {
        let surge = self.spec.canary().max_surge.rounded_up(self.spec.replicas);
        let missing = self.spec.canary().max_unavailable.rounded_down(self.spec.replicas);
        let missing = if surge == 0 { missing.max(1) } else { missing };
        self.spec.replicas.saturating_sub(missing)
    }

    /// What lowers the canary's share is the first action.
    fn route_down_comes_first(&self) {
        let lowered = share(&self.next.status.route, &self.spec.revision)
            < share(&self.before.route, &self.spec.revision);
        if lowered {
            let first = self.next.actions.first();
            assert!(matches!(first, Some(Action::Route { .. })), "{first:?}");
        }
    }

    fn wakes_later(&self, now: Timestamp) {
        assert!(self.next.wake_at.is_none_or(|at| at > now));
    }

    /// Planning again on the same observation comes to an end; a plan that decides nothing is
    /// repeated as it is, under the same generation.
    fn thinking_again_comes_to_an_end(&self, now: Timestamp) {
        let mut last = self.next.clone();
        let limit = 5 + self.spec.canary().steps.len();
        for _ in 0..limit {
            let again = plan(self.spec, &last.status, self.seen, now);
            if last.events.is_empty() {
                assert_eq!(again.status, last.status);
                assert_eq!(again.actions, last.actions);
                assert_eq!(again.events, Vec::new());
                return;
            }
            assert!(last.wake_at.is_some(), "decided, and not asked to look again");
            last = again;
        }
        panic!("no end of decisions: {:?}", last.events);
    }
}

/// The replicas that a share needs, rounded up.
fn needed(replicas: u32, share: Weight) -> u32 {
    let parts = u128::from(replicas) * u128::from(share.parts());
    u32::try_from(parts.div_ceil(Weight::PARTS.into())).unwrap()
}
