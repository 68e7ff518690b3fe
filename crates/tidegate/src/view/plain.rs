//! A rollout in lines for logs: one for each change that matters.

use tidegate_controller::RolloutView;
use tidegate_rollout::{StepState, Waiting};

use super::words::{aborted, revision, waiting};

/// Where a rollout is, in one line: the phase and what it waits for, or why it was taken back.
pub(crate) fn summary(view: &RolloutView) -> String {
    let phase = view.report.phase;
    if let Some(reason) = &view.report.aborted {
        return format!("{phase} - {}", aborted(reason));
    }
    // Countdowns and replicas that leave later would change the line all the time.
    let wait = view.report.waiting.iter().find_map(|wait| match wait {
        Waiting::ScaleDown { .. } => None,
        Waiting::PauseUntil { until } => Some(format!("the pause to end at {until}")),
        other => Some(waiting(view, other, view.at)),
    });
    match wait {
        Some(wait) => format!("{phase} - waits for {wait}"),
        None if view.status.message.is_empty() => phase.to_string(),
        None => format!("{phase} - {}", view.status.message),
    }
}

/// What changed between two views, in lines; all of it when there was none before.
pub(crate) fn changes(before: Option<&RolloutView>, after: &RolloutView) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say_if_new = |tell: fn(&RolloutView) -> Vec<String>| {
        let old = before.map(tell).unwrap_or_default();
        lines.extend(tell(after).into_iter().filter(|line| !old.contains(line)));
    };
    say_if_new(|view| vec![summary(view)]);
    say_if_new(steps);
    say_if_new(weights);
    say_if_new(runs);
    say_if_new(replicas);
    lines
}

fn steps(view: &RolloutView) -> Vec<String> {
    let total = view.report.steps.len();
    let told = view.report.steps.iter().enumerate().filter_map(|(index, step)| {
        let word = match step.state {
            StepState::Ahead => return None,
            StepState::Active => "begins",
            StepState::Done => "done",
            StepState::Skipped => "skipped",
        };
        Some(format!("step {}/{total} {}: {word}", index + 1, step.label.replacen(": ", " ", 1)))
    });
    // Of what is behind only the last is news.
    let told = told.collect::<Vec<_>>();
    told.iter().rev().take(2).rev().cloned().collect()
}

fn weights(view: &RolloutView) -> Vec<String> {
    let told = view
        .report
        .revisions
        .iter()
        .map(|seen| format!("weight {}: {}", revision(view, &seen.revision), seen.weight));
    told.collect()
}

fn runs(view: &RolloutView) -> Vec<String> {
    let told = view.runs.iter().take(4).map(|run| {
        let message = &run.status.message;
        let colon = if message.is_empty() { "" } else { ": " };
        format!("analysis {} {:?}{colon}{message}", run.spec.name, run.status.phase)
    });
    told.collect()
}

fn replicas(view: &RolloutView) -> Vec<String> {
    let told = view.report.revisions.iter().map(|seen| {
        format!(
            "replicas {}: {} ready, {} available, {} wanted",
            revision(view, &seen.revision),
            seen.ready,
            seen.available,
            seen.wanted
        )
    });
    told.collect()
}
