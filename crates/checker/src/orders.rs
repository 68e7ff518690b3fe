use tidegate_rollout::{Action, RolloutStatus, RunKind, RunRef};
use tidegate_units::{Generation, RevisionHash, Weight};

use crate::{
    Violation,
    case::{Case, share},
};

/// Generations never fall, grow when the orders change, and every order carries its plan's.
pub(crate) fn fenced(case: &mut Case<'_>) {
    let (from, to) = (case.before.generation, case.after.generation);
    if to < from {
        case.breaks(Violation::GenerationFell { from, to });
    }
    for action in &case.plan.actions {
        let Some(found) = generation(action) else { continue };
        if found != to {
            case.breaks(Violation::WrongGeneration { found, plan: to });
        }
        if to == from && is_new(case, action) {
            case.breaks(Violation::GenerationStayed { generation: to });
        }
    }
}

fn generation(action: &Action) -> Option<Generation> {
    match action {
        Action::Scale { generation, .. } | Action::Route { generation, .. } => Some(*generation),
        Action::StartRun { .. }
        | Action::StopRun { .. }
        | Action::StartExperiment { .. }
        | Action::StopExperiment { .. }
        | Action::Forget { .. } => None,
    }
}

/// Whether an order says something else than the status before it.
fn is_new(case: &Case<'_>, action: &Action) -> bool {
    match action {
        Action::Scale { revision, replicas, restart_before, .. } => {
            let had = case.before.revisions.get(revision).map(|record| record.replicas);
            had.unwrap_or(0) != *replicas || *restart_before > case.before.restart_before
        }
        Action::Route { weights, rules, .. } => {
            let mut named = weights.iter().chain(&case.before.route).map(|(revision, _)| revision);
            named.any(|revision| share(weights, revision) != share(&case.before.route, revision))
                || *rules != case.before.rules
        }
        _ => false,
    }
}

/// What is ordered is what is stored: after a crash, the status is all that is known.
pub(crate) fn recorded(case: &mut Case<'_>) {
    for action in &case.plan.actions {
        match action {
            Action::Scale { revision, replicas, .. } => {
                let stored = case.after.revisions.get(revision);
                if stored.is_some_and(|record| record.replicas != *replicas) {
                    case.breaks(Violation::NotRecorded { revision: revision.clone() });
                }
            }
            Action::Route { weights, rules, .. } => {
                if *rules != case.after.rules {
                    case.breaks(Violation::NotRecorded { revision: case.spec.revision.clone() });
                }
                for (revision, weight) in weights {
                    if share(&case.after.route, revision) != *weight {
                        case.breaks(Violation::NotRecorded { revision: revision.clone() });
                    }
                }
            }
            _ => {}
        }
    }
}

/// A revision is forgotten only when nothing needs it any more.
pub(crate) fn forgotten_in_time(case: &mut Case<'_>) {
    for action in &case.plan.actions {
        let Action::Forget { revision } = action else { continue };
        if let Some(why) = still_needed(case, revision) {
            case.breaks(Violation::ForgottenTooEarly { revision: revision.clone(), why });
        }
    }
}

fn still_needed(case: &Case<'_>, revision: &RevisionHash) -> Option<&'static str> {
    let routed = case.seen.routed.as_ref().and_then(|routed| routed.get(revision));
    if case.after.stable.as_ref() == Some(revision) {
        Some("is stable")
    } else if case.spec.revision == *revision {
        Some("is wanted")
    } else if case.seen.revisions.get(revision).is_some_and(|seen| seen.replicas > 0) {
        Some("has replicas")
    } else if case.after.revisions.get(revision).is_some_and(|record| record.replicas > 0) {
        Some("is to have replicas")
    } else if share(case.told(), revision).max(routed.copied().unwrap_or(Weight::ZERO))
        > Weight::ZERO
    {
        Some("gets requests")
    } else {
        None
    }
}

/// A run compares the new revision with the stable one.
pub(crate) fn compare_the_right_ones(case: &mut Case<'_>) {
    for action in &case.plan.actions {
        let Action::StartRun { run, kind, canary, stable, .. } = action else { continue };
        // A call of a program compares nothing, and may be of a release that is over.
        let compares = !matches!(kind, RunKind::PluginCall(_));
        let right = *canary == case.spec.revision && case.after.stable.as_ref() == Some(stable);
        if compares && !right {
            case.breaks(Violation::WrongComparison { run: run.clone() });
        }
    }
}

/// What a run finds is its own: it has a name that none had which is still known.
pub(crate) fn begin_anew(case: &mut Case<'_>) {
    let before = runs(case.before);
    for run in runs(case.after).into_iter().flatten() {
        let is_new = !before.contains(&Some(run));
        if is_new && case.seen.runs.contains_key(&run.name) {
            case.breaks(Violation::NameUsedAgain { run: run.name.clone() });
        }
    }
}

pub(crate) fn runs(status: &RolloutStatus) -> [Option<&RunRef>; 3] {
    [&status.step_run, &status.background_run, &status.watch_run].map(Option::as_ref)
}
