use tidegate_rollout::{
    Action, BlueGreenProgress, Observation, Plan, Promotion, RolloutSpec, RolloutStatus, Step,
    Threshold,
};
use tidegate_traffic::{RequestMatch, Rule, RuleAction};
use tidegate_units::{Generation, RevisionHash, RunPhase, Timestamp, Weight};

use crate::exposure;

/// What a good plan was made of.
pub(crate) struct Made<'a> {
    pub(crate) spec: &'a RolloutSpec,
    pub(crate) before: &'a RolloutStatus,
    pub(crate) seen: &'a Observation,
    pub(crate) plan: &'a Plan,
    pub(crate) now: Timestamp,
}

type Sabotage = fn(&Made<'_>, &mut Plan) -> bool;

/// Ways to make a good plan harmful. Each tells whether it could.
const SABOTAGES: [(&str, Sabotage); 30] = [
    ("an order of an older generation", older_generation),
    ("more than all requests", more_than_all),
    ("no stable revision", no_stable),
    ("a forgotten abort", forgotten_abort),
    ("all requests for the new revision", full_exposure),
    ("an endless pause passed", pause_passed),
    ("the stable revision forgotten", stable_forgotten),
    ("the stable revision without replicas", stable_cut),
    ("an early promotion", early_promotion),
    ("requests divided", divided),
    ("a share taken too early", hurried),
    ("a share that its replicas do not carry", overloaded),
    ("an untested revision that takes over", untested),
    ("an unproven revision that becomes stable", unproven),
    ("who stands by sent away", standby_cut),
    ("a route that no step has set", stray_route),
    ("a ring sent back", ring_emptied),
    ("a ring of everybody", ring_widened),
    ("a ring passed that has not soaked", ring_passed),
    ("an experiment passed", experiment_passed),
    ("an experiment that nobody ends", experiment_left),
    ("a template with more than it asks for", greedy_template),
    ("a share that rises with nothing new counted", exposure::rises_unseen),
    ("a share that rises too fast", exposure::rises_too_fast),
    ("more than half though harm is not excluded", exposure::rises_unproven),
    ("a share that the budget does not pay for", exposure::rises_unpaid),
    ("requests that are not charged", exposure::sends_for_nothing),
    ("a charge that is taken back", exposure::takes_back_charges),
    ("evidence that is made up", exposure::makes_evidence_up),
    ("a step by evidence passed with none", exposure::passes_unproven),
];

/// The plan made harmful in every way that its situation allows.
pub(crate) fn sabotaged(made: &Made<'_>) -> Vec<(&'static str, Plan)> {
    let attempts = SABOTAGES.iter().map(|(name, sabotage)| {
        let mut plan = made.plan.clone();
        sabotage(made, &mut plan).then_some((*name, plan))
    });
    attempts.flatten().collect()
}

impl Made<'_> {
    fn in_flight(&self) -> bool {
        let wanted = &self.spec.revision;
        let other = |stable: &Option<_>| stable.as_ref().is_some_and(|stable| stable != wanted);
        self.spec.replicas > 0 && other(&self.before.stable) && other(&self.plan.status.stable)
    }

    /// On its way, in the same steps as before, and nobody asked to skip any.
    pub(crate) fn in_steps(&self) -> bool {
        self.in_flight()
            && self.before.current.as_ref() == Some(&self.spec.revision)
            && self.before.steps_hash == self.plan.status.steps_hash
            && !self.before.promote_full
            && self.before.promoted_step.is_none()
            && !self.is_return()
    }

    /// Whether the rollback window may let the wanted revision skip its steps.
    fn is_return(&self) -> bool {
        let first_seen = |revision| self.before.revisions.get(revision).map(|it| it.created_at);
        let stable = self.before.stable.as_ref().and_then(first_seen);
        self.spec.rollback_window > 0 && first_seen(&self.spec.revision) < stable
    }
}

fn older_generation(_: &Made<'_>, plan: &mut Plan) -> bool {
    for action in &mut plan.actions {
        if let Action::Scale { generation, .. } | Action::Route { generation, .. } = action {
            *generation = Generation(generation.0.wrapping_sub(1));
            return true;
        }
    }
    false
}

fn more_than_all(_: &Made<'_>, plan: &mut Plan) -> bool {
    for action in &mut plan.actions {
        let Action::Route { weights, .. } = action else { continue };
        if let Some((_, weight)) = weights.iter_mut().find(|(_, weight)| *weight < Weight::FULL) {
            *weight = a_bit_more(*weight);
            return true;
        }
    }
    false
}

fn no_stable(made: &Made<'_>, plan: &mut Plan) -> bool {
    plan.status.stable = None;
    made.before.stable.is_some()
}

fn forgotten_abort(made: &Made<'_>, plan: &mut Plan) -> bool {
    plan.status.abort = None;
    made.in_steps() && made.before.abort.is_some()
}

fn full_exposure(made: &Made<'_>, plan: &mut Plan) -> bool {
    let status = &plan.status;
    let gated =
        status.abort.is_some() || made.spec.canary().weight_at(status.step_index) < Weight::FULL;
    let stable = status.stable.as_ref().and_then(|stable| made.seen.revisions.get(stable));
    let possible = made.in_steps()
        && made.spec.canary().routed
        && gated
        && stable.is_some_and(|stable| stable.available > 0);
    let weights = vec![(made.spec.revision.clone(), Weight::FULL)];
    // The evidence may have given it all already.
    let possible = possible && plan.status.route != weights;
    plan.status.generation = plan.status.generation.next();
    plan.status.route.clone_from(&weights);
    let (rules, generation) = (plan.status.rules.clone(), plan.status.generation);
    plan.actions = vec![Action::Route { weights, rules, generation }];
    possible
}

fn pause_passed(made: &Made<'_>, plan: &mut Plan) -> bool {
    let step = made.spec.canary().steps.get(plan.status.step_index);
    plan.status.step_index += 1;
    let ahead = plan.status.step_index > made.before.step_index;
    made.in_steps() && ahead && matches!(step, Some(Step::Pause(None)))
}

fn stable_forgotten(made: &Made<'_>, plan: &mut Plan) -> bool {
    let Some(revision) = made.plan.status.stable.clone() else { return false };
    plan.actions.push(Action::Forget { revision });
    true
}

fn stable_cut(made: &Made<'_>, plan: &mut Plan) -> bool {
    let stable = plan.status.stable.clone();
    if let Some(record) = stable.and_then(|stable| plan.status.revisions.get_mut(&stable)) {
        record.replicas = 0;
    }
    let routed = stable_share(made) > Weight::ZERO || !made.spec.canary().dynamic_stable;
    made.in_flight() && made.spec.canary().routed && routed
}

/// What the stable revision is to be given by the plan.
fn stable_share(made: &Made<'_>) -> Weight {
    let stable = made.plan.status.stable.as_ref();
    let mut route = made.plan.status.route.iter();
    route.find(|(name, _)| Some(name) == stable).map_or(Weight::ZERO, |(_, weight)| *weight)
}

fn early_promotion(made: &Made<'_>, plan: &mut Plan) -> bool {
    let early = plan.status.step_index < made.spec.canary().steps.len();
    plan.status.stable = Some(made.spec.revision.clone());
    made.in_steps() && early && made.before.step_index < made.spec.canary().steps.len()
}

fn route(plan: &mut Plan, weights: Vec<(RevisionHash, Weight)>) {
    plan.status.generation = plan.status.generation.next();
    plan.status.route.clone_from(&weights);
    let (rules, generation) = (plan.status.rules.clone(), plan.status.generation);
    plan.actions = vec![Action::Route { weights, rules, generation }];
}

fn divided(made: &Made<'_>, plan: &mut Plan) -> bool {
    let Some(stable) = made.before.stable.clone() else { return false };
    let half = Weight::new(50).unwrap();
    route(plan, vec![(made.spec.revision.clone(), half), (stable, half)]);
    let at_once = made.spec.blue_green().is_some_and(|settings| settings.cut_over.is_empty());
    at_once && made.in_flight() && plan.status.route != made.before.route
}

/// More than the first share, before any has held.
fn hurried(made: &Made<'_>, plan: &mut Plan) -> bool {
    let (Some(settings), Some(stable)) = (made.spec.blue_green(), made.before.stable.clone())
    else {
        return false;
    };
    let Some(first) = settings.cut_over.first() else { return false };
    let more = a_bit_more(first.weight);
    let had = made.before.route == [(stable.clone(), Weight::FULL)];
    route(plan, vec![(made.spec.revision.clone(), more), (stable, more.rest())]);
    had && made.in_steps()
        && plan.status.blue_green.shares_taken == 0
        && !made.before.blue_green.returning
}

/// A share that rises although fewer replicas are there than it needs, and no step has set so few.
fn overloaded(made: &Made<'_>, plan: &mut Plan) -> bool {
    let (canary, Some(stable)) = (made.spec.revision.clone(), made.before.stable.clone()) else {
        return false;
    };
    let settings = made.spec.canary();
    let available = |it| made.seen.revisions.get(it).map_or(0, |seen| seen.available);
    let carried = u128::from(available(&canary)) * u128::from(Weight::PARTS);
    let answered = available(&stable) > 0;
    let told = made.before.route.iter().find(|(it, _)| *it == canary);
    let had = told.map_or(Weight::ZERO, |(_, weight)| *weight);
    let next = a_bit_more(had);
    let needed = u128::from(next.parts()) * u128::from(made.spec.replicas);
    route(plan, vec![(canary, next), (stable, next.rest())]);
    made.in_steps()
        && made.spec.blue_green().is_none()
        && settings.routed
        && settings.progress_threshold == Threshold::All
        && (0..=made.before.step_index).all(|step| settings.scale_at(step).is_none())
        && answered
        && next > had
        && needed > carried
}

/// A new revision of which nothing is known yet has neither been tested nor promoted.
fn untested(made: &Made<'_>, plan: &mut Plan) -> bool {
    let Some(settings) = made.spec.blue_green() else { return false };
    let asked = settings.pre_promotion.is_some() || settings.promotion == Promotion::ByHand;
    let known = made.before.blue_green;
    route(plan, vec![(made.spec.revision.clone(), Weight::FULL)]);
    asked
        && made.in_steps()
        && known == BlueGreenProgress { paused_at: known.paused_at, ..Default::default() }
        && made.before.step_run.is_none()
        && made.before.route != plan.status.route
}

fn unproven(made: &Made<'_>, plan: &mut Plan) -> bool {
    let Some(settings) = made.spec.blue_green() else { return false };
    let known = made.before.blue_green;
    plan.status.stable = Some(made.spec.revision.clone());
    settings.post_promotion.is_some()
        && made.in_steps()
        && !known.proven
        && !known.returning
        && made.before.step_run.is_none()
}

fn standby_cut(made: &Made<'_>, plan: &mut Plan) -> bool {
    let Some(settings) = made.spec.blue_green() else { return false };
    let kept = made.before.revisions.iter().find(|(revision, record)| {
        record.was_stable
            && record.scale_down_at > Some(made.now)
            && record.replicas.min(made.spec.replicas) > 0
            && **revision != made.spec.revision
            && plan.status.stable.as_ref() != Some(revision)
    });
    let record = kept.and_then(|(revision, _)| plan.status.revisions.get_mut(revision));
    let Some(record) = record else { return false };
    record.replicas = 0;
    settings.scale_down_revision_limit.is_none() && !settings.scale_down_delay.is_zero()
}

/// Where a ring stands among the rules that hold before and after the plan.
fn ring_of(made: &Made<'_>, plan: &Plan) -> Option<usize> {
    let is_ring = |rule: &Rule| made.spec.canary().rings().any(|(_, ring)| ring.name == rule.name);
    let held = |rule: &Rule| is_ring(rule) && made.before.rules.contains(rule);
    plan.status.rules.iter().position(held)
}

fn ring_emptied(made: &Made<'_>, plan: &mut Plan) -> bool {
    let Some(ring) = ring_of(made, plan) else { return false };
    plan.status.rules.remove(ring);
    let weights = plan.status.route.clone();
    route(plan, weights);
    made.in_steps()
}

fn ring_widened(made: &Made<'_>, plan: &mut Plan) -> bool {
    let Some(ring) = ring_of(made, plan) else { return false };
    let Some(rule) = plan.status.rules.get_mut(ring) else { return false };
    rule.any.push(RequestMatch::default());
    made.in_steps()
}

fn ring_passed(made: &Made<'_>, plan: &mut Plan) -> bool {
    let status = &mut plan.status;
    let step = made.spec.canary().steps.get(status.step_index);
    let soaks = step.and_then(Step::ring).is_some_and(|ring| {
        !ring.soak.is_zero()
            && made.before.ring_open.is_none_or(|open| open.after(ring.soak) > made.now)
    });
    status.step_index += 1;
    status.ring_open = None;
    let ahead = status.step_index > made.before.step_index;
    made.in_steps() && made.spec.canary().routed && soaks && ahead
}

fn stray_route(made: &Made<'_>, plan: &mut Plan) -> bool {
    let to = made.spec.revision.clone();
    let name = "stray".to_owned();
    plan.status.rules.push(Rule { name, any: Vec::new(), then: RuleAction::Send { to } });
    made.in_flight()
}

fn experiment_passed(made: &Made<'_>, plan: &mut Plan) -> bool {
    let step = made.spec.canary().steps.get(plan.status.step_index);
    plan.status.step_index += 1;
    let ahead = plan.status.step_index > made.before.step_index;
    let known = made.before.experiment.as_ref();
    let seen = known.and_then(|known| made.seen.experiments.get(&known.name));
    made.in_steps()
        && ahead
        && seen.is_none_or(|seen| seen.phase != RunPhase::Successful)
        && matches!(step, Some(Step::Experiment(_)))
}

fn experiment_left(_: &Made<'_>, plan: &mut Plan) -> bool {
    let before = plan.actions.len();
    plan.actions.retain(|action| !matches!(action, Action::StopExperiment { .. }));
    plan.actions.len() < before
}

/// A template takes all requests.
fn greedy_template(made: &Made<'_>, plan: &mut Plan) -> bool {
    let known = |revision: &RevisionHash| plan.status.revisions.contains_key(revision);
    let guest = plan.status.route.iter().map(|(revision, _)| revision).find(|it| !known(it));
    let Some(guest) = guest.cloned() else { return false };
    route(plan, vec![(guest, Weight::FULL)]);
    let of = |revision| made.seen.revisions.get(revision).is_some_and(|seen| seen.available > 0);
    made.in_flight() && (made.spec.canary().routed || of(&made.spec.revision))
}

/// The next larger weight there is.
pub(crate) fn a_bit_more(weight: Weight) -> Weight {
    Weight::at_most(weight.parts() + 1, Weight::PARTS)
}
