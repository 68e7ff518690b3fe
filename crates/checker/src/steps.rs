use tidegate_rollout::{RunKind, RunSeen, Step};
use tidegate_units::Weight;

use crate::{
    Violation,
    case::{Case, needed, share},
};

/// Steps are taken one at a time, and none is passed that is not done.
pub(crate) fn in_turn(case: &mut Case<'_>) {
    let (from, to) = (case.first_step(), case.after.step_index);
    if !case.is_gated() || case.is_promoted_in_full() || to <= from {
        return;
    }
    if to > from + 1 {
        case.breaks(Violation::StepsSkipped { from, to });
    }
    let promoted = if case.is_same_release() { case.before.promoted_step } else { None };
    for (index, step) in case.spec.canary.steps.iter().enumerate().take(to).skip(from) {
        if promoted != Some(index) {
            passed(case, index, step);
        }
    }
}

fn passed(case: &mut Case<'_>, index: usize, step: &Step) {
    let violation = match step {
        Step::SetWeight(weight) if !weight_is_seen(case, *weight) => {
            Violation::WeightNotSeen { step: index, weight: *weight }
        }
        Step::Pause(duration) if !pause_is_over(case, index, *duration) => {
            Violation::PauseNotOver { step: index }
        }
        Step::Analysis(_) if !analysis_succeeded(case, index) => {
            Violation::AnalysisNotPassed { step: index }
        }
        _ => return,
    };
    case.breaks(violation);
}

/// With a router, its own word counts; without one, the replicas that are there.
fn weight_is_seen(case: &Case<'_>, weight: Weight) -> bool {
    let canary = &case.spec.revision;
    if case.spec.canary.routed {
        let seen = case.seen.routed.as_ref().and_then(|routed| routed.get(canary));
        return seen.copied().unwrap_or(Weight::ZERO) == weight
            && case.seen.routed_generation >= case.before.route_generation;
    }
    weight == Weight::ZERO || case.spec.replicas == 0 || case.available(canary) > 0
}

fn pause_is_over(case: &Case<'_>, index: usize, duration: Option<std::time::Duration>) -> bool {
    let began =
        case.before.step_started.filter(|_| case.first_step() == index && case.is_same_release());
    match (began, duration) {
        (Some(began), Some(duration)) => case.now >= began.after(duration),
        _ => false,
    }
}

fn analysis_succeeded(case: &Case<'_>, index: usize) -> bool {
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
        case.breaks(Violation::MovedWhileHeld);
    }
    if let Some(run) = case.failed_run().filter(|_| case.is_same_release()) {
        let run = run.name.clone();
        case.breaks(Violation::MovedAfterFailure { run });
    }
}

fn is_held(case: &Case<'_>) -> bool {
    use tidegate_rollout::PauseReason::{Inconclusive, User};
    let held = case.before.pause.as_ref().filter(|_| case.is_same_release());
    let by_status = held.is_some_and(|pause| matches!(pause.reason, Inconclusive | User));
    by_status || (case.spec.paused && case.is_same_release())
}

/// Whether the new revision comes nearer to its users than it was.
fn moves_forward(case: &Case<'_>) -> bool {
    let canary = &case.spec.revision;
    let raised = share(case.told(), canary) > share(&case.before.route, canary);
    raised
        || case.after.step_index > case.first_step()
        || case.after.weight > case.before.weight
        || case.after.stable != case.before.stable
}

/// Without a router, the replicas of the new revision are its share.
pub(crate) fn replicas_within_gates(case: &mut Case<'_>) {
    let Some(canary) = case.canary().filter(|_| !case.spec.canary.routed) else { return };
    let wanted = |revisions: &std::collections::BTreeMap<_, tidegate_rollout::RevisionRecord>| {
        revisions.get(canary).map_or(0, |record| record.replicas)
    };
    let (had, replicas) = (wanted(&case.before.revisions), wanted(&case.after.revisions));
    let allowed = needed(case.spec.replicas, case.allowed_weight());
    if replicas > had && replicas > allowed {
        let step = case.after.step_index;
        case.breaks(Violation::ReplicasAboveStep { replicas, allowed, step });
    }
}
