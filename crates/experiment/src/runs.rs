//! Analyses: which have begun, and what their ends mean.

use tidegate_rollout::RunSeen;

use crate::{Analysis, Event, Phase, RunRecord, turn::Turn};

/// Takes note of what the runs came to, and of analyses that could not begin.
pub(crate) fn take_note(turn: &mut Turn<'_>) {
    for analysis in &turn.spec.analyses {
        match turn.status.runs.get(&analysis.name).cloned() {
            Some(record) if !record.phase.is_completed() => note(turn, analysis, record),
            None if turn.status.available_at.is_none() && !turn.status.phase.is_completed() => {
                refuse(turn, analysis);
            }
            _ => {}
        }
    }
}

fn note(turn: &mut Turn<'_>, analysis: &Analysis, mut record: RunRecord) {
    let Some(seen) = record.run.as_ref().and_then(|run| turn.seen.runs.get(run)) else {
        return;
    };
    (record.phase, record.message) = outcome(seen);
    if record.phase.is_completed() {
        ended(turn, analysis, &record);
    }
    turn.status.runs.insert(analysis.name.clone(), record);
}

fn outcome(seen: &RunSeen) -> (Phase, String) {
    let (phase, message) = match seen {
        RunSeen::Running => (Phase::Running, ""),
        RunSeen::Successful => (Phase::Successful, ""),
        RunSeen::Failed(message) => (Phase::Failed, message.as_str()),
        RunSeen::Error(message) => (Phase::Error, message.as_str()),
        RunSeen::Inconclusive(message) => (Phase::Inconclusive, message.as_str()),
    };
    (phase, message.to_owned())
}

/// As in Argo Rollouts, an analysis whose template is not there ends the experiment before it has
/// begun, rather than after its replicas were waited for.
fn refuse(turn: &mut Turn<'_>, analysis: &Analysis) {
    let Some(message) = turn.seen.unusable.get(&analysis.name) else { return };
    let record = RunRecord { run: None, phase: Phase::Error, message: message.clone() };
    ended(turn, analysis, &record);
    turn.status.runs.insert(analysis.name.clone(), record);
}

fn ended(turn: &mut Turn<'_>, analysis: &Analysis, record: &RunRecord) {
    turn.events.push(Event::RunEnded {
        analysis: analysis.name.clone(),
        phase: record.phase,
        message: record.message.clone(),
    });
}

/// Begins what has not begun, once all templates were available.
pub(crate) fn begin(turn: &mut Turn<'_>) {
    if turn.status.available_at.is_none() || turn.is_ending() {
        return;
    }
    for analysis in &turn.spec.analyses {
        if turn.status.runs.contains_key(&analysis.name) {
            continue;
        }
        let run = turn.spec.run_of(analysis);
        turn.events.push(Event::RunStarted { run: run.clone() });
        let record = RunRecord { run: Some(run), phase: Phase::Pending, message: String::new() };
        turn.status.runs.insert(analysis.name.clone(), record);
    }
}
