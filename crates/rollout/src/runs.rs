//! Analysis runs: which should be there, and what their ends mean.

use tidegate_planted::{Mistake, makes};
use tidegate_units::{RunName, Weight};

use crate::{
    Abort, AbortReason, Event, PauseReason, PauseState, RolloutStatus, RunKind, RunRef, RunSeen,
    experiments, plugins, rules, turn::Turn,
};

/// The outcome of a run whose answer no longer mattered.
const STOPPED: &str = "stopped";

/// Takes the canary back when a run or an experiment failed, whatever else goes on.
pub(crate) fn take_failures(turn: &mut Turn<'_>) {
    if !turn.advancing() || !turn.is_stepwise() {
        return;
    }
    let failure = refs(&turn.status).find_map(|run| match turn.seen.runs.get(&run.name) {
        Some(RunSeen::Failed(message) | RunSeen::Error(message)) => {
            Some((run.name.clone(), message.clone()))
        }
        _ => None,
    });
    if let Some((run, message)) = failure {
        note_end(turn, &run);
        plugins::failed(turn, &run);
        turn.status.abort =
            Some(Abort { at: turn.now, reason: AbortReason::Analysis { run, message } });
    } else {
        experiments::take_failure(turn);
    }
}

/// Lets the runs be there that should be, and no others.
pub(crate) fn ensure(turn: &mut Turn<'_>) {
    if !turn.advancing() || !turn.is_stepwise() {
        if !makes(Mistake::RetryKeepsTheFailure) {
            drop_all(turn);
        }
        return;
    }
    let background = turn.spec.canary().background.is_some();
    if !background {
        let run = turn.status.background_run.take();
        end(turn, run);
    }
    if !turn.spec.default_watch() {
        let run = turn.status.watch_run.take();
        end(turn, run);
    }
    if turn.frozen() {
        return;
    }
    let starting_step = usize::try_from(turn.spec.canary().starting_step).unwrap_or(usize::MAX);
    let due = turn.status.step_index >= starting_step;
    if background && due {
        let_undecided_go(turn);
    }
    if background && due && turn.status.background_run.is_none() {
        turn.status.background_run = Some(begin(turn, RunKind::Background));
    }
    let watched = turn.spec.default_watch() && !turn.seen.no_service;
    let has_users = turn.status.weight > Weight::ZERO || rules::send(&turn.status.rules);
    if watched && has_users && turn.status.watch_run.is_none() {
        turn.status.watch_run = Some(begin(turn, RunKind::Watch));
    }
    hold_for_background(turn);
}

/// A background analysis that could not tell has held the rollout, and somebody let it go on: what
/// comes now is judged by another one, as in Argo Rollouts.
fn let_undecided_go(turn: &mut Turn<'_>) {
    let undecided = |run: &mut RunRef| {
        let seen = turn.seen.runs.get(&run.name);
        matches!(seen, Some(RunSeen::Inconclusive(_))) && turn.status.runs_ended.contains(&run.name)
    };
    let run = turn.status.background_run.take_if(undecided);
    end(turn, run);
}

/// A background analysis that could not tell holds the rollout once. The default analysis never
/// does: nobody asked for it, so nobody may be kept waiting by it.
fn hold_for_background(turn: &mut Turn<'_>) {
    let runs = [&turn.status.background_run, &turn.status.watch_run];
    for run in runs.map(Clone::clone).into_iter().flatten() {
        let undecided = match turn.seen.runs.get(&run.name) {
            Some(RunSeen::Inconclusive(_)) => true,
            Some(RunSeen::Successful) => false,
            _ => continue,
        };
        if note_end(turn, &run.name) && undecided && run.kind == RunKind::Background {
            turn.status.pause =
                Some(PauseState { reason: PauseReason::Inconclusive, started: turn.now });
        }
    }
}

/// Whether an analysis that something waits for has succeeded. It is begun where there is none, and
/// one that could not tell holds the rollout.
pub(crate) fn passed(turn: &mut Turn<'_>, kind: RunKind) -> bool {
    if turn.status.step_run.as_ref().is_some_and(|run| run.kind != kind) {
        drop_step(turn);
    }
    let Some(run) = turn.status.step_run.clone() else {
        let run = begin(turn, kind);
        plugins::begun(turn, &run);
        turn.status.step_run = Some(run);
        return false;
    };
    match turn.seen.runs.get(&run.name) {
        Some(RunSeen::Successful) => {
            note_end(turn, &run.name);
            plugins::done(turn, &run.name);
            true
        }
        Some(RunSeen::Inconclusive(_)) => {
            note_end(turn, &run.name);
            turn.status.pause =
                Some(PauseState { reason: PauseReason::Inconclusive, started: turn.now });
            false
        }
        _ => false,
    }
}

/// A run for the current revision, under a name that no run has that is still known: an analysis
/// that is taken out of the spec and put back measures anew.
pub(crate) fn begin(turn: &mut Turn<'_>, kind: RunKind) -> RunRef {
    let revision = turn.current();
    let number = turn.status.revisions.get(revision).map_or(0, |record| record.number);
    let part = match kind {
        RunKind::Step(index) => index.to_string(),
        RunKind::Background => "background".to_owned(),
        RunKind::Watch => "watch".to_owned(),
        RunKind::PrePromotion => "pre".to_owned(),
        RunKind::PostPromotion => "post".to_owned(),
        RunKind::PluginCall(index) => format!("{index}-call"),
    };
    let name = unused(
        turn.status.attempt,
        turn.seen.runs.len(),
        |attempt| match attempt {
            0 => RunName::from(format!("{revision}-{number}-{part}")),
            attempt => RunName::from(format!("{revision}-{number}-{part}-retry{attempt}")),
        },
        |name| !turn.seen.runs.contains_key(name),
    );
    turn.events.push(Event::RunStarted { run: name.clone() });
    RunRef { name, kind }
}

/// The first of the names from attempt `from` on that is free, where `taken` are not. Those of
/// earlier attempts are not used again, even if what had them is forgotten by now.
pub(crate) fn unused<Name>(
    from: u32,
    taken: usize,
    named: impl Fn(u64) -> Name,
    is_free: impl Fn(&Name) -> bool,
) -> Name {
    let last = u64::from(from) + taken as u64;
    (u64::from(from)..last).map(&named).find(is_free).unwrap_or_else(|| named(last))
}

/// Takes note that a run ended by itself; whether this is news.
pub(crate) fn note_end(turn: &mut Turn<'_>, run: &RunName) -> bool {
    if turn.status.runs_ended.contains(run) {
        return false;
    }
    turn.status.runs_ended.push(run.clone());
    turn.events.push(Event::RunEnded {
        run: run.clone(),
        outcome: turn.seen.runs.get(run).map_or_else(|| STOPPED.to_owned(), outcome),
    });
    true
}

/// Ends every run that the rollout has.
pub(crate) fn drop_all(turn: &mut Turn<'_>) {
    drop_step(turn);
    for run in [turn.status.background_run.take(), turn.status.watch_run.take()] {
        end(turn, run);
    }
    turn.status.runs_ended.clear();
}

/// Ends the run and the experiment of the step.
pub(crate) fn drop_step(turn: &mut Turn<'_>) {
    experiments::drop(turn);
    let run = turn.status.step_run.take();
    end(turn, run);
}

/// Lets go of a run; one that has not ended by itself is told to be stopped.
fn end(turn: &mut Turn<'_>, run: Option<RunRef>) {
    let Some(run) = run else { return };
    let known = turn.status.runs_ended.len();
    turn.status.runs_ended.retain(|ended| *ended != run.name);
    if turn.status.runs_ended.len() == known {
        turn.events.push(Event::RunEnded { run: run.name, outcome: STOPPED.to_owned() });
    }
}

/// The runs that the rollout waits for or watches.
pub(crate) fn refs(status: &RolloutStatus) -> impl Iterator<Item = &RunRef> {
    let runs = [&status.step_run, &status.background_run, &status.watch_run];
    runs.into_iter().flatten()
}

pub(crate) fn outcome(seen: &RunSeen) -> String {
    match seen {
        RunSeen::Running => "running".to_owned(),
        RunSeen::Successful => "successful".to_owned(),
        RunSeen::Failed(message) => format!("failed: {message}"),
        RunSeen::Error(message) => format!("error: {message}"),
        RunSeen::Inconclusive(message) => format!("inconclusive: {message}"),
    }
}
