//! The experiments that steps make.

use tidegate_rollout::{Action, ExperimentSeen, Step, StepExperiment, TemplateSeen};
use tidegate_units::{RevisionHash, RunPhase, Weight};

use crate::{
    case::{Case, Split, share},
    steps::is_held,
};

/// What is wrong with the experiment of a step, or its templates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuestViolation {
    /// Something is done with an experiment that may not be.
    #[error("the experiment {experiment} is wrong: {why}")]
    ExperimentRefused {
        /// Which.
        experiment: String,
        /// Why.
        why: &'static str,
    },
    /// A template of an experiment gets more requests than it may.
    #[error(
        "the template {revision} gets {weight} of the requests, which no step that is being taken gives it"
    )]
    GuestAboveStep {
        /// What it is measured under.
        revision: RevisionHash,
        /// The share that it gets.
        weight: Weight,
    },
}

/// An experiment is made for the step that is being taken, once, of the revisions that stand beside
/// each other; and nothing begins while it is held.
pub(crate) fn made_in_turn(case: &mut Case<'_>) {
    for action in &case.plan.actions {
        let Action::StartExperiment { experiment, what, canary, stable } = action else { continue };
        let revisions = case.canary() == Some(canary) && case.after.stable.as_ref() == Some(stable);
        let why = if !revisions {
            "it is not of the new and the stable revision"
        } else if case.after.abort.is_some() {
            "the new revision was taken back"
        } else if step(case) != Some(what) {
            "the step that is being taken does not ask for it"
        } else if awaited(case) != Some(experiment) {
            "it is not written down that it is waited for"
        } else if case.seen.experiments.contains_key(experiment) {
            "it is there"
        } else if case.seen.taken.contains(experiment) {
            "its name is somebody else's"
        } else if is_held(case) {
            "the rollout is held"
        } else {
            continue;
        };
        case.breaks(GuestViolation::ExperimentRefused { experiment: experiment.clone(), why });
    }
}

/// What nobody waits for is told to end, and what is waited for is not. One whose end was noted is
/// over, even if what is seen is older than that.
pub(crate) fn ended_in_turn(case: &mut Case<'_>) {
    let known = case.after.experiment.as_ref().filter(|known| known.ended);
    let over = |name: &String| known.is_some_and(|known| known.name == *name);
    let told = |name: &String| {
        let mut actions = case.plan.actions.iter();
        actions.any(|it| matches!(it, Action::StopExperiment { experiment } if experiment == name))
    };
    let wrong: Vec<String> = case
        .seen
        .experiments
        .iter()
        .filter(|(name, seen)| !seen.ending && !over(name))
        .filter(|(name, _)| told(name) == (awaited(case) == Some(*name)))
        .map(|(name, _)| name.clone())
        .collect();
    for experiment in wrong {
        let why = if awaited(case) == Some(&experiment) {
            "it is ended although a step waits for it"
        } else {
            "it goes on although no step waits for it"
        };
        case.breaks(GuestViolation::ExperimentRefused { experiment, why });
    }
}

/// Templates get requests while the experiment of the step runs and they can answer: with a router
/// no more than they ask for, without one no more than they are many.
pub(crate) fn guests_within_gates(case: &mut Case<'_>) {
    let told: &Split = case.told();
    let (before, after) = (&case.before.revisions, &case.after.revisions);
    let own = |revision| before.contains_key(revision) || after.contains_key(revision);
    for (revision, weight) in told.iter().filter(|(revision, _)| !own(revision)) {
        let had = share(&case.before.route, revision);
        let allowed = if is_held(case) { had } else { Weight::FULL };
        if *weight > allowed.min(allowance(case, revision)) {
            let (revision, weight) = (revision.clone(), *weight);
            case.breaks(GuestViolation::GuestAboveStep { revision, weight });
        }
    }
}

/// The most that a template may get.
fn allowance(case: &Case<'_>, revision: &RevisionHash) -> Weight {
    let Some((name, seen)) = guest(case, revision) else { return Weight::ZERO };
    let released = case.canary().is_none() || case.after.abort.is_some();
    if released || case.is_promoted_in_full() {
        return Weight::ZERO;
    }
    let template = step(case).and_then(|step| step.templates.iter().find(|it| it.name == *name));
    match template {
        Some(template) if case.spec.canary().routed => template.weight.unwrap_or_default(),
        Some(_) if seen.selected => of_all(case, seen),
        _ => Weight::ZERO,
    }
}

/// The share of a template's replicas among themselves and those of the stable or the new revision,
/// of which one may have no share: whichever has fewer.
fn of_all(case: &Case<'_>, seen: &TemplateSeen) -> Weight {
    let revisions = case.after.stable.iter().chain([&case.spec.revision]);
    let own = revisions.map(|revision| case.available(revision)).filter(|count| *count > 0).min();
    let (part, own) = (u64::from(seen.available), u64::from(own.unwrap_or(0)));
    let percent = (part * 100).checked_div(part + own).unwrap_or(0).max(1);
    Weight::at_most(percent, 100)
}

/// The template of the running experiment of the step that has this revision and can answer.
fn guest<'a>(case: &Case<'a>, revision: &RevisionHash) -> Option<(&'a String, &'a TemplateSeen)> {
    let seen = case.seen.experiments.get(awaited(case)?)?;
    let running = seen.phase == RunPhase::Running && !seen.ending;
    let mut templates = seen.templates.iter().filter(|_| running);
    templates.find(|(_, seen)| seen.revision == *revision && seen.available > 0)
}

/// Whether a revision is a template that can answer.
pub(crate) fn guest_answers(case: &Case<'_>, revision: &RevisionHash) -> bool {
    guest(case, revision).is_some()
}

/// Whether the experiment of a step was seen to succeed.
pub(crate) fn succeeded(case: &Case<'_>, index: usize) -> bool {
    let own = case.is_same_release() && case.before.step_index == index;
    own && waited_for(case).is_some_and(|(_, seen)| seen.phase == RunPhase::Successful)
}

/// The experiment that was waited for, if it failed or could not be carried out.
pub(crate) fn failed<'a>(case: &Case<'a>) -> Option<&'a String> {
    let (name, seen) = waited_for(case)?;
    matches!(seen.phase, RunPhase::Failed | RunPhase::Error).then_some(name)
}

fn waited_for<'a>(case: &Case<'a>) -> Option<(&'a String, &'a ExperimentSeen)> {
    let known = case.before.experiment.as_ref()?;
    Some((&known.name, case.seen.experiments.get(&known.name)?))
}

/// The experiment that is waited for from now on.
fn awaited<'a>(case: &Case<'a>) -> Option<&'a String> {
    let known = case.after.experiment.as_ref();
    known.filter(|known| !known.ended).map(|known| &known.name)
}

/// What the step that is being taken says of its experiment.
fn step<'a>(case: &Case<'a>) -> Option<&'a StepExperiment> {
    let parts = case.spec.canary().steps.get(case.after.step_index)?.parts();
    parts.iter().find_map(|part| match part {
        Step::Experiment(step) => Some(step),
        _ => None,
    })
}
