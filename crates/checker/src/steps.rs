use std::time::Duration;

use tidegate_rollout::{PauseReason, PauseState, RunKind, RunSeen, SHADOW_RULE, Step};
use tidegate_units::{RunName, Weight};

use crate::{
    capacity::{indispensable, wanted},
    case::{Case, needed, share},
    exposure, rings, routes, shadow,
    step_experiment::{self, GuestViolation},
};

/// A step is passed, or the rollout moves, though it may not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepViolation {
    /// Without a router: the new revision gets more replicas than its share allows.
    #[error("the new revision gets {replicas} replicas, but step {step} allows {allowed}")]
    ReplicasAboveStep {
        /// How many it gets.
        replicas: u32,
        /// How many are allowed.
        allowed: u32,
        /// The index of the step that is reached.
        step: usize,
    },
    /// More than one step is taken at once, and those after the first are not done.
    #[error("the steps from {from} to {to} are taken in one plan")]
    StepsSkipped {
        /// The step that was being taken.
        from: usize,
        /// The step that is being taken now.
        to: usize,
    },
    /// A step is passed before its weight is seen at the router.
    #[error("step {step} is passed, but the new revision was not seen to have {weight}")]
    WeightNotSeen {
        /// The index of the step.
        step: usize,
        /// The weight that it sets.
        weight: Weight,
    },
    /// A pause is passed before its time, or without anybody promoting.
    #[error("the pause of step {step} is passed, but it has not ended and nobody promoted")]
    PauseNotOver {
        /// The index of the step.
        step: usize,
    },
    /// An analysis is passed that has not succeeded.
    #[error("the analysis of step {step} is passed, but it was not seen to succeed")]
    AnalysisNotPassed {
        /// The index of the step.
        step: usize,
    },
    /// An experiment is passed that has not succeeded.
    #[error("the experiment of step {step} is passed, but it was not seen to succeed")]
    ExperimentNotPassed {
        /// The index of the step.
        step: usize,
    },
    /// A `setCanaryScale` is passed before its replicas are available.
    #[error("step {step} is passed, but the replicas that it asks for are not available")]
    ScaleNotSeen {
        /// The index of the step.
        step: usize,
    },
    /// A step is passed before its route is seen at the router.
    #[error("step {step} is passed, but the router was not seen to follow the route {route}")]
    RouteNotSeen {
        /// The index of the step.
        step: usize,
        /// The name of the route.
        route: String,
    },
    /// A ring is passed before its time, or without anybody promoting.
    #[error("ring {ring} of step {step} is passed, but it has not soaked and nobody promoted")]
    RingNotSoaked {
        /// The index of the step.
        step: usize,
        /// The name of the ring.
        ring: String,
    },
    /// A step that goes by evidence is passed before all is shown.
    #[error("step {step} is passed, but harm was not excluded at the last share")]
    ExposureNotProven {
        /// The index of the step.
        step: usize,
    },
    /// It moves on although it is held.
    #[error("the rollout moves on although it is held")]
    MovedWhileHeld,
    /// The new revision gets more although an analysis failed.
    #[error("the rollout moves on although the analysis run {run} failed")]
    MovedAfterFailure {
        /// Which.
        run: RunName,
    },
    /// An analysis failed, and nothing is taken back.
    #[error("the analysis run {run} failed, but the rollout is not aborted")]
    FailureIgnored {
        /// Which.
        run: RunName,
    },
    /// A pause by hand ends though nobody let it go.
    #[error("a person holds it, but it counts as held no more")]
    HoldForgotten,
}

/// No step is passed that is not done, and none is jumped over. Several may be passed in one plan
/// where nothing is left to be done in them: a weight that is seen already, a pause of no length.
pub(crate) fn in_turn(case: &mut Case<'_>) {
    let (from, to) = (case.first_step(), case.after.step_index);
    if !case.is_gated() || case.is_promoted_in_full() || case.is_return() {
        return;
    }
    let promoted = if case.is_same_release() { case.before.promoted_step } else { None };
    for (index, step) in case.spec.canary().steps.iter().enumerate().take(to).skip(from) {
        let missing = step.parts().iter().enumerate().find_map(|(place, part)| {
            // Of several parts the first decides; what measures has to succeed wherever it stands.
            let measures = matches!(part, Step::Analysis(_) | Step::Experiment(_));
            let counts = place == 0 || measures || shadow::is_judged(part);
            missing(case, index, part).filter(|_| counts && promoted != Some(index))
        });
        if let Some(missing) = missing {
            let skipped = StepViolation::StepsSkipped { from, to };
            case.breaks(if index == from { missing } else { skipped });
        }
    }
}

/// What a step still waits for.
fn missing(case: &Case<'_>, step: usize, kind: &Step) -> Option<StepViolation> {
    match kind {
        Step::SetWeight(weight) if !weight_is_seen(case, step, *weight) => {
            Some(StepViolation::WeightNotSeen { step, weight: *weight })
        }
        Step::Pause(duration) if !pause_is_over(case, step, *duration) => {
            Some(StepViolation::PauseNotOver { step })
        }
        Step::Analysis(_) if !analysis_succeeded(case, step) => {
            Some(StepViolation::AnalysisNotPassed { step })
        }
        Step::Experiment(_) if !step_experiment::succeeded(case, step) => {
            Some(StepViolation::ExperimentNotPassed { step })
        }
        Step::SetScale(_) if !scale_is_seen(case, step) => {
            Some(StepViolation::ScaleNotSeen { step })
        }
        Step::SetRoute(route) if !routes::is_seen(case, route) => {
            Some(StepViolation::RouteNotSeen { step, route: route.name.clone() })
        }
        Step::Ring(ring) => rings::missing(case, step, ring),
        Step::Auto(settings) if !exposure::is_proven(case, settings) => {
            Some(StepViolation::ExposureNotProven { step })
        }
        Step::Shadow(_) if shadow::is_judged(kind) => {
            (!analysis_succeeded(case, step)).then_some(StepViolation::AnalysisNotPassed { step })
        }
        Step::Shadow(set) if !shadow::is_seen(case, set) => {
            Some(StepViolation::RouteNotSeen { step, route: SHADOW_RULE.to_owned() })
        }
        _ => None,
    }
}

/// With a router, its own word counts; without one, the replicas that are there, of which a share
/// of few replicas may ask for none.
fn weight_is_seen(case: &Case<'_>, step: usize, weight: Weight) -> bool {
    let canary = &case.spec.revision;
    if case.spec.canary().routed {
        // With no replicas there is nobody to be given anything.
        let none = case.scale_at(step) == Some(0) && case.spec.replicas > 0;
        let weight = if none { Weight::ZERO } else { weight };
        let seen = case.seen.routed.as_ref().and_then(|routed| routed.get(canary));
        return seen.copied().unwrap_or(Weight::ZERO) == weight
            && case.seen.routed_generation >= case.before.route_generation;
    }
    let parts = u128::from(case.spec.replicas) * u128::from(weight.parts());
    let whole = u32::try_from(parts / u128::from(Weight::PARTS)).unwrap_or(u32::MAX);
    case.spec.canary().progress_threshold.is_met(case.available(canary), whole)
}

/// Enough of the replicas are available that the step asks for, or that the share needs.
fn scale_is_seen(case: &Case<'_>, step: usize) -> bool {
    let canary = case.spec.canary();
    let share = needed(case.spec.replicas, canary.weight_at(step));
    let asked = case.scale_at(step).unwrap_or(share);
    !canary.routed || canary.progress_threshold.is_met(case.available(&case.spec.revision), asked)
}

fn pause_is_over(case: &Case<'_>, step: usize, duration: Option<Duration>) -> bool {
    let is_first = case.first_step() == step && case.is_same_release();
    match (case.before.step_started.filter(|_| is_first), duration) {
        (_, Some(Duration::ZERO)) => true,
        (Some(began), Some(duration)) => case.now >= began.after(duration),
        _ => false,
    }
}

pub(crate) fn analysis_succeeded(case: &Case<'_>, index: usize) -> bool {
    let run = case.before.step_run.as_ref().filter(|run| run.kind == RunKind::Step(index));
    let seen = run.and_then(|run| case.seen.runs.get(&run.name));
    case.is_same_release() && seen == Some(&RunSeen::Successful)
}

/// While it is held by a person, by an inconclusive analysis or by `spec.paused`, and when an
/// analysis has failed, nothing moves forward.
pub(crate) fn not_while_stopped(case: &mut Case<'_>) {
    if !moves_forward(case) || !case.is_gated() || case.is_promoted_in_full() {
        return;
    }
    if is_held(case) {
        case.breaks(StepViolation::MovedWhileHeld);
    }
    if let Some(run) = case.failed_run().filter(|_| case.is_same_release()) {
        let run = run.name.clone();
        case.breaks(StepViolation::MovedAfterFailure { run });
    }
    if let Some(name) = step_experiment::failed(case).filter(|_| case.is_same_release()) {
        let (experiment, why) = (name.clone(), "the rollout moves on although it failed");
        case.breaks(GuestViolation::ExperimentRefused { experiment, why });
    }
}

/// A failed analysis takes its revision back: to leave it where it is would let it go on harming.
pub(crate) fn failure_aborts(case: &mut Case<'_>) {
    let released = !case.is_gated() || case.is_promoted_in_full() || !case.is_same_release();
    if released || case.after.abort.is_some() {
        return;
    }
    if let Some(run) = case.failed_run() {
        case.breaks(StepViolation::FailureIgnored { run: run.name.clone() });
    }
    if let Some(name) = step_experiment::failed(case) {
        let (experiment, why) = (name.clone(), "it failed, but the rollout is not aborted");
        case.breaks(GuestViolation::ExperimentRefused { experiment, why });
    }
}

pub(crate) fn is_held(case: &Case<'_>) -> bool {
    use PauseReason::{
        BlueGreen, Inconclusive, InconclusiveExperiment, InconclusiveExposure, Step, User,
    };
    let by_status = case.before.pause.is_some_and(|pause| match pause.reason {
        User => true,
        Inconclusive | InconclusiveExperiment | InconclusiveExposure => case.is_same_release(),
        Step | BlueGreen => false,
    });
    by_status || (case.spec.paused && case.is_same_release())
}

/// What a person holds is held until a person lets it go, whatever is wanted or taken back meanwhile.
pub(crate) fn hold_is_kept(case: &mut Case<'_>) {
    let by_hand =
        |pause: Option<PauseState>| pause.is_some_and(|pause| pause.reason == PauseReason::User);
    if by_hand(case.before.pause) && !by_hand(case.after.pause) {
        case.breaks(StepViolation::HoldForgotten);
    }
}

/// Whether the new revision comes nearer to its users than it was.
fn moves_forward(case: &Case<'_>) -> bool {
    let canary = &case.spec.revision;
    let had = share(&case.before.route, canary);
    let raised = share(case.told(), canary) > had;
    // What is written down before is of the revision that was wanted then.
    let same = case.before.current.as_ref() == Some(canary);
    let weight = if same { case.before.weight } else { had };
    raised
        || routes::told(case).iter().any(|rule| !case.before.rules.contains(rule))
        || case.after.step_index > case.first_step()
        || case.after.weight > weight
        || (case.after.stable != case.before.stable && case.canary().is_none())
}

/// Without a router, the replicas of the new revision are its share; more of those that are there
/// may be kept only where too few others are available.
pub(crate) fn replicas_within_gates(case: &mut Case<'_>) {
    let Some(canary) = case.canary().filter(|_| !case.spec.canary().routed) else { return };
    let (had, replicas) = (wanted(case.before, canary), wanted(case.after, canary));
    let share = needed(case.spec.replicas, case.allowed_weight());
    let allowed = share.max(indispensable(case, canary));
    if replicas > had && replicas > allowed {
        let step = case.after.step_index;
        case.breaks(StepViolation::ReplicasAboveStep { replicas, allowed, step });
    }
}
