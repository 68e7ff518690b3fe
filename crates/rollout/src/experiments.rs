//! The experiments that steps make: which should be there, and what their ends mean.

use tidegate_units::RunPhase;

use crate::{
    Abort, AbortReason, Action, Event, ExperimentRef, ExperimentSeen, PauseReason, PauseState,
    StepExperiment, runs::unused, turn::Turn,
};

/// The outcome of an experiment whose answer no longer mattered.
const STOPPED: &str = "stopped";

/// Takes the canary back when the experiment of its step failed or could not be carried out.
pub(crate) fn take_failure(turn: &mut Turn<'_>) {
    let Some((experiment, seen)) = current(turn) else { return };
    if !matches!(seen.phase, RunPhase::Failed | RunPhase::Error) {
        return;
    }
    let (experiment, message) = (experiment.to_owned(), seen.message.clone());
    note_end(turn);
    turn.status.abort =
        Some(Abort { at: turn.now, reason: AbortReason::Experiment { experiment, message } });
}

/// Whether the experiment of the step has succeeded. It is begun where there is none, and one that
/// could not tell holds the rollout.
pub(crate) fn passed(turn: &mut Turn<'_>) -> bool {
    // Somebody took its name meanwhile: it is made again under another one.
    let usurped = |one: &ExperimentRef| !one.ended && turn.seen.taken.contains(&one.name);
    if turn.status.experiment.as_ref().is_none_or(usurped) {
        begin(turn);
        return false;
    }
    match current(turn).map(|(_, seen)| seen.phase) {
        Some(RunPhase::Successful) => {
            note_end(turn);
            true
        }
        Some(RunPhase::Inconclusive) => {
            note_end(turn);
            let (reason, started) = (PauseReason::InconclusiveExperiment, turn.now);
            turn.status.pause = Some(PauseState { reason, started });
            false
        }
        _ => false,
    }
}

/// The experiment of the step, while it is there.
pub(crate) fn current<'t>(turn: &'t Turn<'_>) -> Option<(&'t str, &'t ExperimentSeen)> {
    let known = turn.status.experiment.as_ref()?;
    Some((&known.name, turn.seen.experiments.get(&known.name)?))
}

/// What the step that is being taken says of its experiment.
pub(crate) fn step<'a>(turn: &Turn<'a>) -> Option<&'a StepExperiment> {
    turn.step()?.experiment()
}

/// An experiment under a name that no other has. As in Argo Rollouts it says whose it is, which
/// revision, and which step.
fn begin(turn: &mut Turn<'_>) {
    let revision = turn.current();
    let number = turn.status.revisions.get(revision).map_or(0, |record| record.number);
    let first = format!("{}-{revision}-{number}-{}", turn.spec.name, turn.status.step_index);
    let name = unused(
        turn.status.attempt,
        turn.seen.taken.len() + turn.seen.experiments.len(),
        |attempt| match attempt {
            0 => first.clone(),
            attempt => format!("{first}-{attempt}"),
        },
        |name| {
            !turn.seen.taken.contains(name) && !turn.seen.experiments.contains_key(name.as_str())
        },
    );
    turn.events.push(Event::ExperimentStarted { experiment: name.clone() });
    turn.status.experiment = Some(ExperimentRef { name, ended: false });
}

/// Takes note that the experiment ended by itself.
fn note_end(turn: &mut Turn<'_>) {
    let outcome = current(turn).map_or_else(|| STOPPED.to_owned(), |(_, seen)| outcome(seen));
    let Some(known) = turn.status.experiment.as_mut().filter(|known| !known.ended) else { return };
    known.ended = true;
    turn.events.push(Event::ExperimentEnded { experiment: known.name.clone(), outcome });
}

fn outcome(seen: &ExperimentSeen) -> String {
    let phase = seen.phase.to_string().to_lowercase();
    if seen.message.is_empty() { phase } else { format!("{phase}: {}", seen.message) }
}

/// Lets go of the experiment of the step; one that has not ended by itself is told to end.
pub(crate) fn drop(turn: &mut Turn<'_>) {
    let known = turn.status.experiment.take().filter(|known| !known.ended);
    if let Some(ExperimentRef { name: experiment, .. }) = known {
        let outcome = STOPPED.to_owned();
        turn.events.push(Event::ExperimentEnded { experiment, outcome });
    }
}

/// Has the experiment of the step made, when it is not there.
pub(crate) fn start(turn: &Turn<'_>) -> Option<Action> {
    let known = turn.status.experiment.as_ref().filter(|known| !known.ended && !turn.frozen())?;
    let there = turn.seen.experiments.contains_key(&known.name);
    let stable = turn.stable_beside()?.clone();
    let what = step(turn).filter(|_| !there)?.clone();
    let canary = turn.current().clone();
    Some(Action::StartExperiment { experiment: known.name.clone(), what, canary, stable })
}

/// Every experiment of this rollout that goes on though nobody waits for it.
pub(crate) fn stop<'t>(turn: &'t Turn<'_>) -> impl Iterator<Item = Action> + 't {
    let wanted = turn.status.experiment.as_ref().map(|known| &known.name);
    let open = turn.seen.experiments.iter().filter(|(_, seen)| !seen.ending);
    open.filter(move |(name, _)| Some(*name) != wanted)
        .map(|(name, _)| Action::StopExperiment { experiment: name.clone() })
}
