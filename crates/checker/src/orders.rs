use tidegate_rollout::{Action, RolloutStatus, RunKind, RunRef};
use tidegate_units::{Generation, RevisionHash, RunName, Weight};

use crate::case::{Case, share};

/// What is wrong with the orders of a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderViolation {
    /// The generation runs backwards.
    #[error("the generation falls from {from} to {to}")]
    GenerationFell {
        /// Before.
        from: Generation,
        /// After.
        to: Generation,
    },
    /// Other orders under the generation of the old ones: an executor could not tell them apart.
    #[error("the orders change, but the generation stays {generation}")]
    GenerationStayed {
        /// Which.
        generation: Generation,
    },
    /// An order carries another generation than its plan.
    #[error("an order carries generation {found}, its plan {plan}")]
    WrongGeneration {
        /// The order's.
        found: Generation,
        /// The plan's.
        plan: Generation,
    },
    /// What is ordered is not what is stored: after a crash nobody would know.
    #[error("what is ordered of revision {revision} is not what the status says")]
    NotRecorded {
        /// Which.
        revision: RevisionHash,
    },
    /// A revision is forgotten that is still needed.
    #[error("revision {revision} is forgotten although it {why}")]
    ForgottenTooEarly {
        /// Which.
        revision: RevisionHash,
        /// What it still is, or has.
        why: &'static str,
    },
    /// A run compares other revisions than the new one and the stable one.
    #[error("the analysis run {run} does not compare the new revision with the stable one")]
    WrongComparison {
        /// Which.
        run: RunName,
    },
    /// A run is begun under the name of one that is there, whose measurements would be its own.
    #[error("the analysis run {run} is begun under the name of another one")]
    NameUsedAgain {
        /// Which.
        run: RunName,
    },
    /// A program that took a step is not called for as it should.
    #[error("the call {run} of a program is wrong: {why}")]
    PluginCallRefused {
        /// The run in which it is made, or that of its step.
        run: RunName,
        /// Why.
        why: &'static str,
    },
}

/// Generations never fall, grow when the orders change, and every order carries its plan's.
pub(crate) fn fenced(case: &mut Case<'_>) {
    let (from, to) = (case.before.generation, case.after.generation);
    if to < from {
        case.breaks(OrderViolation::GenerationFell { from, to });
    }
    for action in &case.plan.actions {
        let Some(found) = generation(action) else { continue };
        if found != to {
            case.breaks(OrderViolation::WrongGeneration { found, plan: to });
        }
        if to == from && is_new(case, action) {
            case.breaks(OrderViolation::GenerationStayed { generation: to });
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
                    case.breaks(OrderViolation::NotRecorded { revision: revision.clone() });
                }
            }
            Action::Route { weights, rules, .. } => {
                if *rules != case.after.rules {
                    case.breaks(OrderViolation::NotRecorded {
                        revision: case.spec.revision.clone(),
                    });
                }
                for (revision, weight) in weights {
                    if share(&case.after.route, revision) != *weight {
                        case.breaks(OrderViolation::NotRecorded { revision: revision.clone() });
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
            case.breaks(OrderViolation::ForgottenTooEarly { revision: revision.clone(), why });
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
            case.breaks(OrderViolation::WrongComparison { run: run.clone() });
        }
    }
}

/// What a run finds is its own: it has a name that none had which is still known.
pub(crate) fn begin_anew(case: &mut Case<'_>) {
    let before = runs(case.before);
    for run in runs(case.after).into_iter().flatten() {
        let is_new = !before.contains(&Some(run));
        if is_new && case.seen.runs.contains_key(&run.name) {
            case.breaks(OrderViolation::NameUsedAgain { run: run.name.clone() });
        }
    }
}

pub(crate) fn runs(status: &RolloutStatus) -> [Option<&RunRef>; 3] {
    [&status.step_run, &status.background_run, &status.watch_run].map(Option::as_ref)
}
