//! Programs that take steps, and what is to be told to them when a release does not end as it began.
//!
//! As in Argo Rollouts: once a release is taken back, every program whose step is done, or on its way,
//! is called to undo it, the last step first; and one that is still at its step when the release is
//! complete, by a promotion over it or in full, is called to stop. One call follows the other, each
//! is made once, and what comes of it changes nothing for the rollout.

use tidegate_units::RunName;

use crate::{
    Action, AnalysisUse, Event, PluginCall, PluginStep, PluginTask, PluginUse, RolloutStatus,
    RunKind, RunRef, RunSeen, Step, runs, turn::Turn,
};

/// Takes note of the run of a step, if a program takes it.
pub(crate) fn begun(turn: &mut Turn<'_>, run: &RunRef) {
    let RunKind::Step(step) = run.kind else { return };
    let Some(stable) = turn.stable_beside().cloned() else { return };
    if program(turn, step).is_some() {
        let step = PluginStep { step, run: run.name.clone(), stable, done: false, ended: false };
        turn.status.plugin_steps.push(step);
    }
}

/// Takes note that a program has done its step.
pub(crate) fn done(turn: &mut Turn<'_>, run: &RunName) {
    for step in turn.status.plugin_steps.iter_mut().filter(|step| step.run == *run) {
        step.done = true;
    }
}

/// Takes note that a program has failed: there is nothing to undo.
pub(crate) fn failed(turn: &mut Turn<'_>, run: &RunName) {
    turn.status.plugin_steps.retain(|step| step.run != *run);
}

/// Lets the calls be there that are owed.
pub(crate) fn settle(turn: &mut Turn<'_>) {
    take_ends(turn);
    if turn.status.abort.is_some() {
        for step in std::mem::take(&mut turn.status.plugin_steps).into_iter().rev() {
            owe(turn, &step, PluginTask::Abort);
        }
    } else if turn.status.promote_full || !turn.in_flight() {
        let open = turn.status.plugin_steps.iter_mut().rfind(|step| !step.done);
        if let Some(step) = open.filter(|step| !step.ended) {
            step.ended = true;
            let step = step.clone();
            owe(turn, &step, PluginTask::Terminate);
        }
        if !turn.in_flight() {
            turn.status.plugin_steps.clear();
        }
    }
}

fn take_ends(turn: &mut Turn<'_>) {
    while let Some(call) = turn.status.plugin_calls.first() {
        let seen = turn.seen.runs.get(&call.run).filter(|seen| **seen != RunSeen::Running);
        let Some(seen) = seen else { break };
        let (run, outcome) = (call.run.clone(), runs::outcome(seen));
        turn.events.push(Event::RunEnded { run, outcome });
        turn.status.plugin_calls.remove(0);
    }
}

fn owe(turn: &mut Turn<'_>, of: &PluginStep, task: PluginTask) {
    let Some(plugin) = program(turn, of.step) else { return };
    let plugin = PluginUse { task, of: Some(of.run.clone()), ..plugin.clone() };
    let word = match task {
        PluginTask::Run => return,
        PluginTask::Terminate => "terminate",
        PluginTask::Abort => "abort",
    };
    let run = runs::unused(
        0,
        turn.seen.runs.len(),
        |number| match number {
            0 => RunName::from(format!("{}-{word}", of.run)),
            number => RunName::from(format!("{}-{word}-{number}", of.run)),
        },
        |name| !turn.seen.runs.contains_key(name),
    );
    let (canary, stable) = (turn.current().clone(), of.stable.clone());
    turn.events.push(Event::RunStarted { run: run.clone() });
    turn.status.plugin_calls.push(PluginCall { run, step: of.step, plugin, canary, stable });
}

/// The program that takes a step.
fn program<'a>(turn: &Turn<'a>, step: usize) -> Option<&'a PluginUse> {
    turn.spec.canary().steps.get(step)?.program()
}

/// The call whose turn it is, until it is seen.
pub(crate) fn start(turn: &Turn<'_>) -> Option<Action> {
    let call = turn.status.plugin_calls.first()?;
    let plugin = Some(Box::new(call.plugin.clone()));
    (!turn.seen.runs.contains_key(&call.run)).then(|| Action::StartRun {
        run: call.run.clone(),
        kind: RunKind::PluginCall(call.step),
        analysis: Some(AnalysisUse { plugin, ..AnalysisUse::default() }),
        canary: call.canary.clone(),
        stable: call.stable.clone(),
    })
}

/// Whether a call is owed or on its way.
pub(crate) fn is_owed(status: &RolloutStatus, run: &RunName) -> bool {
    status.plugin_calls.iter().any(|call| call.run == *run)
}

impl RolloutStatus {
    /// Whether what a run has come to may still be asked for, by a call of its program.
    pub fn needs_run(&self, run: &RunName) -> bool {
        is_owed(self, run)
            || self.plugin_steps.iter().any(|step| step.run == *run)
            || self.plugin_calls.iter().any(|call| call.plugin.of.as_ref() == Some(run))
    }
}

impl Step {
    /// The program that takes the step, if one does.
    pub fn program(&self) -> Option<&PluginUse> {
        self.analysis().and_then(|analysis| analysis.plugin.as_deref())
    }
}
