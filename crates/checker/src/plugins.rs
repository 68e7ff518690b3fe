//! Programs that took steps, and what they are called for afterwards.

use tidegate_rollout::{Action, PluginCall, PluginStep, PluginTask, RunKind, RunSeen};

use crate::{case::Case, orders::OrderViolation};

/// A call is made as it is written down, when it is its turn, and once.
pub(crate) fn called_in_turn(case: &mut Case<'_>) {
    for action in &case.plan.actions {
        let Action::StartRun { run, kind: RunKind::PluginCall(step), analysis, .. } = action else {
            continue;
        };
        let plugin = analysis.as_ref().and_then(|analysis| analysis.plugin.as_deref());
        let first = case.after.plugin_calls.first();
        let written = first.is_some_and(|call| {
            call.run == *run && call.step == *step && Some(&call.plugin) == plugin
        });
        if !written {
            refuse(case, run, "it is not the one whose turn it is");
        } else if case.seen.runs.contains_key(run) {
            refuse(case, run, "it is made already");
        }
    }
}

/// What is owed stays owed until it is seen to have ended, in its order.
pub(crate) fn none_is_lost(case: &mut Case<'_>) {
    let ended = |call: &&PluginCall| {
        case.seen.runs.get(&call.run).is_some_and(|seen| *seen != RunSeen::Running)
    };
    let known = &case.before.plugin_calls;
    let gone = known.iter().take_while(ended).count();
    let kept = known.get(gone..).unwrap_or_default();
    if !case.after.plugin_calls.starts_with(kept)
        && let Some(call) = kept.first()
    {
        refuse(case, &call.run, "it is owed, and forgotten");
    }
}

/// A release that is taken back is undone by every program that took one of its steps, the last
/// first, and by no other; and none is told to stop before the release is complete.
pub(crate) fn undone_in_order(case: &mut Case<'_>) {
    let (before, after) = (&case.before.plugin_calls, &case.after.plugin_calls);
    let new: Vec<_> = after.iter().filter(|call| !before.contains(call)).collect();
    let back = case.after.abort.is_some();
    for call in &new {
        let begun = |step: &&PluginStep| Some(&step.run) == call.plugin.of.as_ref();
        let open = case.before.plugin_steps.iter().find(begun);
        let whole = case.before.promote_full
            || case.after.promote_full
            || case.after.stable.as_ref() == Some(&case.spec.revision);
        let why = match (call.plugin.task, open) {
            // It may have begun in this very plan.
            (_, None) if !is_of_step(case, call) => "its program took no step",
            (PluginTask::Abort, _) if !back => "the release was not taken back",
            (PluginTask::Terminate, _) if back || !whole => "the release is not complete",
            (PluginTask::Terminate, Some(step)) if step.done => "its program is done",
            (PluginTask::Run, _) => "a step is taken by a run of the step",
            _ => continue,
        };
        refuse(case, &call.run, why);
    }
    if back && let Some(step) = case.after.plugin_steps.first() {
        refuse(case, &step.run, "the release is taken back, and it stays");
    }
    // What began in this very plan is the last of all.
    let place = |call: &&PluginCall| {
        let mut known = case.before.plugin_steps.iter();
        known.position(|step| Some(&step.run) == call.plugin.of.as_ref()).unwrap_or(usize::MAX)
    };
    let places: Vec<_> = new.iter().map(place).collect();
    let in_order = places.is_sorted_by(|one, next| one > next);
    if back
        && !in_order
        && let Some(call) = new.first()
    {
        refuse(case, &call.run, "the last step is not undone first");
    }
    missing(case);
}

/// A program that did not fail is not left out.
fn missing(case: &mut Case<'_>) {
    if case.after.abort.is_none() || !case.is_same_release() {
        return;
    }
    for step in &case.before.plugin_steps {
        let seen = case.seen.runs.get(&step.run);
        let failed = matches!(seen, Some(RunSeen::Failed(_) | RunSeen::Error(_)));
        let called = |call: &PluginCall| {
            call.plugin.task == PluginTask::Abort && call.plugin.of.as_ref() == Some(&step.run)
        };
        if !failed && !case.after.plugin_calls.iter().any(called) {
            refuse(case, &step.run, "its program is not told that the release is taken back");
        }
    }
}

fn is_of_step(case: &Case<'_>, call: &PluginCall) -> bool {
    let steps = &case.spec.canary().steps;
    let program = steps.get(call.step).and_then(|step| step.program());
    program.is_some_and(|program| program.name == call.plugin.name)
}

fn refuse(case: &mut Case<'_>, run: &tidegate_units::RunName, why: &'static str) {
    case.breaks(OrderViolation::PluginCallRefused { run: run.clone(), why });
}
