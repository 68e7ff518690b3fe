//! What the experiment has come to.

use crate::{Event, Phase, TemplatePhase, turn::Turn};

/// What Argo Rollouts says when the required analyses end an experiment.
const REQUIRED_COMPLETED: &str = "Required AnalysisRuns completed";

/// Decides the phase, once and for all when it is completed.
pub(crate) fn reach(turn: &mut Turn<'_>) {
    if turn.status.phase.is_completed() {
        return;
    }
    let (templates, message) = templates(turn);
    if templates == Phase::Running && turn.status.available_at.is_none() {
        turn.status.available_at = Some(turn.now);
        turn.events.push(Event::Available);
    }
    let (phase, message) = joined(turn, (templates, message));
    turn.status.phase = phase;
    turn.status.message.clone_from(&message);
    if phase.is_completed() {
        turn.status.finished_at = Some(turn.now);
        turn.events.push(Event::Finished { phase, message });
    }
}

/// The templates together are as good as the worst of them.
fn templates(turn: &Turn<'_>) -> (Phase, String) {
    let records = turn.spec.templates.iter().filter_map(|one| turn.status.templates.get(&one.name));
    // The first of the worst: `max_by_key` would take the last.
    let worst = records.rev().max_by_key(|record| record.phase);
    let message = worst.map(|record| record.message.clone()).unwrap_or_default();
    let phase = match worst.map(|record| record.phase) {
        Some(TemplatePhase::Successful) => Phase::Successful,
        Some(TemplatePhase::Running) => Phase::Running,
        Some(TemplatePhase::Progressing) | None => Phase::Pending,
        Some(TemplatePhase::Error) => Phase::Error,
        Some(TemplatePhase::Failed) => Phase::Failed,
    };
    (phase, message)
}

fn joined(turn: &Turn<'_>, templates: (Phase, String)) -> (Phase, String) {
    if templates.0.is_bad() {
        return templates;
    }
    let worst = turn.records().max_by_key(|record| record.phase.badness());
    if let Some(bad) = worst.filter(|record| record.phase.is_bad()) {
        return (bad.phase, bad.message.clone());
    }
    if turn.required_succeeded() {
        return (Phase::Successful, REQUIRED_COMPLETED.to_owned());
    }
    if templates.0 == Phase::Successful && waits_for_required(turn) {
        return (Phase::Running, String::new());
    }
    templates
}

/// Whether a required analysis is under way: its end is waited for whatever else is over. One that
/// never got to begin is not begun any more once it all ends.
fn waits_for_required(turn: &Turn<'_>) -> bool {
    let ending = turn.is_ending();
    turn.spec.analyses.iter().filter(|analysis| analysis.required).any(|analysis| {
        let record = turn.status.runs.get(&analysis.name);
        let open = record.filter(|record| !record.phase.is_completed());
        let begun = open.and_then(|record| record.run.as_ref());
        begun.is_some_and(|run| !ending || turn.seen.runs.contains_key(run))
    })
}
