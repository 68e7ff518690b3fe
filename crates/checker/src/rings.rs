use tidegate_rollout::{CanaryScale, Ring, Step};
use tidegate_traffic::{Rule, RuleAction};
use tidegate_units::RevisionHash;

use crate::{
    case::{Case, part_of},
    routes::{revision, told},
    steps::{StepViolation, analysis_succeeded},
};

/// What is wrong with a ring of users.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RingViolation {
    /// Users of a ring are sent back while the new revision is on its way and answers.
    #[error("the users of ring {ring} are sent back, but the new revision was not taken back")]
    Left {
        /// The name of the ring.
        ring: String,
    },
    /// A route is asked before a ring, and may keep its users from it.
    #[error("ring {ring} comes after a route, which may keep its users from it")]
    BehindRoute {
        /// The name of the ring.
        ring: String,
    },
    /// A ring opens before the replicas for it are available.
    #[error("ring {ring} opens with {available} available replicas, but needs {needed}")]
    TooThin {
        /// The name of the ring.
        ring: String,
        /// Available replicas of the new revision.
        available: u32,
        /// What its users need.
        needed: u32,
    },
    /// A ring counts as open that the router was not seen to know.
    #[error("ring {ring} counts as open, but the router was not seen to follow it")]
    NotSeen {
        /// The name of the ring.
        ring: String,
    },
}

/// Whether a rule is a ring of a step that is reached, and says of its users what the ring says, no
/// more and no less.
pub(crate) fn is_reached(case: &Case<'_>, rule: &Rule) -> bool {
    step_of(case, rule).is_some_and(|(step, _)| step <= case.after.step_index)
}

/// The step that opens the ring that a rule is.
fn step_of<'a>(case: &Case<'a>, rule: &Rule) -> Option<(usize, &'a Ring)> {
    let steps = case.spec.canary().steps.iter().enumerate();
    let rings = steps.filter_map(|(index, step)| match step {
        Step::Ring(ring) => Some((index, ring)),
        _ => None,
    });
    rings.into_iter().find(|(_, ring)| says_the_same(ring, rule))
}

fn says_the_same(ring: &Ring, rule: &Rule) -> bool {
    matches!(rule.then, RuleAction::Send { .. }) && ring.name == rule.name && ring.any == rule.any
}

/// Whoever is in a ring stays in while the new revision is on its way: not once it was taken back,
/// has nobody to answer or is scaled to nothing, nor when its steps begin anew or no router splits.
pub(crate) fn nobody_falls_back(case: &mut Case<'_>) {
    let Some(canary) = case.canary() else { return };
    let gone = case.after.abort.is_some()
        || !case.spec.canary().routed
        || case.available(canary) == 0
        || case.scale_at(case.after.step_index) == Some(0);
    if gone || !case.is_same_release() {
        return;
    }
    for rule in &case.before.rules {
        let reached = step_of(case, rule).is_some_and(|(step, _)| step <= case.before.step_index);
        let stays = told(case).contains(rule) && case.after.rules.contains(rule);
        if reached && revision(rule) == canary && !stays {
            case.breaks(RingViolation::Left { ring: rule.name.clone() });
        }
    }
}

/// Of several rules that a request meets the first counts: that of its ring.
pub(crate) fn come_first(case: &mut Case<'_>) {
    let mut rules = told(case).iter().skip_while(|rule| step_of(case, rule).is_some());
    let behind = rules.find(|rule| step_of(case, rule).is_some());
    if let Some(rule) = behind {
        case.breaks(RingViolation::BehindRoute { ring: rule.name.clone() });
    }
}

/// A ring opens only onto available replicas: as many as it asks for, or as its largest share of
/// users needs, unless `setCanaryScale` says how many carry them.
pub(crate) fn opened_onto_enough(case: &mut Case<'_>) {
    let threshold = case.spec.canary().progress_threshold;
    for rule in told(case).iter().filter(|rule| !case.before.rules.contains(rule)) {
        let Some((step, ring)) = step_of(case, rule) else { continue };
        let (available, needed) = (case.available(revision(rule)), needed(case, step, ring));
        if !threshold.is_met(available, needed) {
            let ring = ring.name.clone();
            case.breaks(RingViolation::TooThin { ring, available, needed });
        }
    }
}

fn needed(case: &Case<'_>, step: usize, ring: &Ring) -> u32 {
    let of_all = |hundredths: u64| {
        let share = u64::from(case.spec.replicas) * hundredths;
        u32::try_from(share.div_ceil(10_000)).unwrap_or(u32::MAX)
    };
    match ring.scale {
        Some(CanaryScale::Replicas(count)) => count,
        Some(CanaryScale::Share(percent)) => of_all(u64::from(percent) * 100),
        Some(CanaryScale::Part { part, whole }) => part_of(case.spec.replicas, part, whole),
        _ if case.scale_at(step).is_some() => 1,
        _ => {
            let users = ring.any.iter().filter_map(|it| it.users.as_ref());
            of_all(users.map(|users| u64::from(users.hundredths)).max().unwrap_or(0)).max(1)
        }
    }
}

/// A ring counts as open from when the router was seen to follow it.
pub(crate) fn seen_to_be_open(case: &mut Case<'_>) {
    let step = case.after.step_index;
    let known = case.before.ring_open.is_some()
        && case.before.ring_open == case.after.ring_open
        && (case.is_same_release() && case.before.step_index == step);
    if case.after.ring_open.is_none() || known {
        return;
    }
    match case.spec.canary().steps.get(step) {
        Some(Step::Ring(ring)) if is_seen(case, ring) => {}
        Some(Step::Ring(ring)) => case.breaks(RingViolation::NotSeen { ring: ring.name.clone() }),
        _ => case.breaks(RingViolation::NotSeen { ring: String::new() }),
    }
}

fn is_seen(case: &Case<'_>, ring: &Ring) -> bool {
    let canary: &RevisionHash = &case.spec.revision;
    let mut rules = case.before.rules.iter();
    let told = rules.any(|rule| revision(rule) == canary && says_the_same(ring, rule));
    let followed = case.seen.routed_generation >= case.before.route_generation;
    (told && followed) || case.spec.replicas == 0 || !case.spec.canary().routed
}

/// What a ring still waits for.
pub(crate) fn missing(case: &Case<'_>, step: usize, ring: &Ring) -> Option<StepViolation> {
    let here = case.is_same_release() && case.before.step_index == step;
    let open = case.before.ring_open.filter(|_| here);
    let soaked = match open {
        Some(opened) => case.now >= opened.after(ring.soak),
        None => ring.soak.is_zero() && is_seen(case, ring),
    };
    if !soaked {
        return Some(StepViolation::RingNotSoaked { step, ring: ring.name.clone() });
    }
    let passed = ring.analysis.is_none() || analysis_succeeded(case, step);
    (!passed).then_some(StepViolation::AnalysisNotPassed { step })
}
