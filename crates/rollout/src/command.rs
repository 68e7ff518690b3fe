use serde::{Deserialize, Serialize};
use tidegate_planted::{Mistake, makes};
use tidegate_units::Timestamp;

use crate::{
    Abort, AbortReason, BlueGreenProgress, PauseReason, PauseState, RolloutSpec, RolloutStatus,
    Step, blue_green,
};

/// What a person may ask of a rollout. Undo, restart and a new image are changes of the spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Go on from a pause, or over the current step.
    Promote,
    /// Skip all remaining steps and analyses.
    PromoteFull,
    /// Hold where it is.
    Pause,
    /// Undo `Pause`.
    Resume,
    /// Take it back.
    Abort {
        /// Why, for the ledger.
        why: Option<String>,
    },
    /// Try an aborted revision again from the first step.
    Retry,
}

/// A command that makes no sense now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct CommandRefused {
    /// Why, in one sentence.
    pub reason: String,
    /// What to do instead.
    pub hint: Option<String>,
}

impl CommandRefused {
    pub(crate) fn new(reason: &str, hint: &str) -> Self {
        Self { reason: reason.to_owned(), hint: Some(hint.to_owned()) }
    }
}

/// The status after `command` by `who`. Plan next: the planner does what follows from it.
pub fn apply_command(
    spec: &RolloutSpec,
    status: &RolloutStatus,
    command: &Command,
    who: &str,
    now: Timestamp,
) -> Result<RolloutStatus, CommandRefused> {
    let mut next = status.clone();
    match command {
        Command::Promote => promote(spec, &mut next)?,
        Command::PromoteFull => promote_full(spec, &mut next)?,
        Command::Pause => pause(spec, &mut next, now)?,
        Command::Resume => resume(spec, &mut next)?,
        Command::Abort { why } => abort(spec, &mut next, who, why.as_ref(), now)?,
        Command::Retry => retry(spec, &mut next, now)?,
    }
    Ok(next)
}

/// Refuses what needs a canary on its way when there is none.
fn needs_canary(
    spec: &RolloutSpec,
    status: &RolloutStatus,
    verb: &str,
) -> Result<(), CommandRefused> {
    let ahead = makes(Mistake::CommandsGoAheadOfPlans);
    let taken_up = status.current.as_ref() == Some(&spec.revision) || ahead;
    // The first revision is stable to the second once that is taken up, if it has users.
    let reason = match status.stable.as_ref().or(status.current.as_ref()) {
        Some(stable) if *stable != spec.revision && taken_up => return Ok(()),
        Some(stable) if *stable != spec.revision => {
            let hint = "it was applied a moment ago; try again";
            let reason = format!("cannot {verb}: the new revision is not taken up yet");
            return Err(CommandRefused::new(&reason, hint));
        }
        Some(_) if status.stable.is_some() => {
            format!("cannot {verb}: no update is on its way, the wanted revision is stable")
        }
        _ => format!("cannot {verb}: the first revision takes no steps and has none before it"),
    };
    let hint = match (verb, &status.stable) {
        ("abort", Some(_)) => "use undo to go back to an earlier revision",
        (_, Some(_)) => "apply a new revision to begin an update",
        (_, None) => "apply another revision, or delete the rollout",
    };
    Err(CommandRefused::new(&reason, hint))
}

fn needs_no_abort(status: &RolloutStatus, verb: &str) -> Result<(), CommandRefused> {
    match status.abort {
        None => Ok(()),
        Some(_) => Err(CommandRefused::new(
            &format!("cannot {verb}: the update is aborted"),
            "use retry to take its steps again, or undo to go back to the stable revision",
        )),
    }
}

fn needs_unpaused_spec(spec: &RolloutSpec, verb: &str) -> Result<(), CommandRefused> {
    if spec.paused {
        Err(CommandRefused::new(
            &format!("cannot {verb}: the manifest says spec.paused: true"),
            "apply it with spec.paused: false",
        ))
    } else {
        Ok(())
    }
}

fn promote(spec: &RolloutSpec, status: &mut RolloutStatus) -> Result<(), CommandRefused> {
    needs_canary(spec, status, "promote")?;
    needs_no_abort(status, "promote")?;
    needs_unpaused_spec(spec, "promote")?;
    if spec.blue_green().is_some() {
        return blue_green::promote(status);
    }
    let step = spec.canary().steps.get(status.step_index);
    let pauses = matches!(step.map(Step::deciding), Some(Step::Pause(_)));
    let reason = status.pause.take().map(|pause| pause.reason);
    let over = match reason {
        // The step held it as well, before somebody or something else did: this lets go of both.
        Some(PauseReason::User) => pauses,
        Some(PauseReason::Inconclusive) => pauses || undecided_step(status),
        None if step.is_none() => {
            return Err(CommandRefused::new(
                "cannot promote: all steps are done, the replicas are on their way",
                "wait with rollout status",
            ));
        }
        Some(
            PauseReason::Step
            | PauseReason::BlueGreen
            | PauseReason::InconclusiveExperiment
            | PauseReason::InconclusiveExposure,
        )
        | None => true,
    };
    if over {
        status.promoted_step = Some(status.step_index);
    }
    Ok(())
}

/// Whether the analysis of the step itself could not tell, so that promoting goes over the step.
fn undecided_step(status: &RolloutStatus) -> bool {
    let run = status.step_run.as_ref();
    run.is_some_and(|run| status.runs_ended.contains(&run.name))
}

fn promote_full(spec: &RolloutSpec, status: &mut RolloutStatus) -> Result<(), CommandRefused> {
    needs_canary(spec, status, "promote in full")?;
    needs_no_abort(status, "promote in full")?;
    needs_unpaused_spec(spec, "promote in full")?;
    status.pause = None;
    status.promote_full = true;
    Ok(())
}

fn pause(
    spec: &RolloutSpec,
    status: &mut RolloutStatus,
    now: Timestamp,
) -> Result<(), CommandRefused> {
    needs_canary(spec, status, "pause")?;
    needs_no_abort(status, "pause")?;
    match status.pause.map(|pause| pause.reason) {
        Some(PauseReason::User) => Err(CommandRefused::new(
            "cannot pause: it is paused already",
            "use resume to let it go on",
        )),
        Some(PauseReason::Inconclusive) => Err(CommandRefused::new(
            "cannot pause: an inconclusive analysis holds it already",
            "use promote to accept the analysis, or abort to take the update back",
        )),
        Some(PauseReason::InconclusiveExperiment) => Err(CommandRefused::new(
            "cannot pause: an inconclusive experiment holds it already",
            "use promote to go over the step, or abort to take the update back",
        )),
        Some(PauseReason::InconclusiveExposure) => Err(CommandRefused::new(
            "cannot pause: a step whose budget or time is over holds it already",
            "use promote to go over the step, or abort to take the update back",
        )),
        Some(PauseReason::Step | PauseReason::BlueGreen) | None => {
            status.pause = Some(PauseState { reason: PauseReason::User, started: now });
            Ok(())
        }
    }
}

fn resume(spec: &RolloutSpec, status: &mut RolloutStatus) -> Result<(), CommandRefused> {
    match status.pause.map(|pause| pause.reason) {
        Some(PauseReason::User) => {
            status.pause = None;
            Ok(())
        }
        Some(PauseReason::Step) => Err(CommandRefused::new(
            "cannot resume: a pause step holds it, not a person",
            "use promote to go over the step",
        )),
        Some(PauseReason::BlueGreen) => Err(CommandRefused::new(
            "cannot resume: it waits to take over, no person holds it",
            "use promote to let it take over",
        )),
        Some(PauseReason::Inconclusive) => Err(CommandRefused::new(
            "cannot resume: an inconclusive analysis holds it",
            "use promote to accept the analysis, or abort to take the update back",
        )),
        Some(PauseReason::InconclusiveExperiment) => Err(CommandRefused::new(
            "cannot resume: an inconclusive experiment holds it",
            "use promote to go over the step, or abort to take the update back",
        )),
        Some(PauseReason::InconclusiveExposure) => Err(CommandRefused::new(
            "cannot resume: a step whose budget or time is over holds it",
            "use promote to go over the step, or abort to take the update back",
        )),
        None => {
            needs_unpaused_spec(spec, "resume")?;
            Err(CommandRefused::new(
                "cannot resume: it is not paused",
                "see what it waits for with rollout get",
            ))
        }
    }
}

fn abort(
    spec: &RolloutSpec,
    status: &mut RolloutStatus,
    who: &str,
    why: Option<&String>,
    now: Timestamp,
) -> Result<(), CommandRefused> {
    needs_canary(spec, status, "abort")?;
    needs_no_abort(status, "abort")?;
    if status.promote_full && makes(Mistake::AbortAfterPromoteIsLost) {
        return Ok(());
    }
    status.promote_full = false;
    status.promoted_step = None;
    status.abort = Some(Abort {
        at: now,
        reason: AbortReason::User { who: who.to_owned(), why: why.cloned() },
    });
    Ok(())
}

fn retry(
    spec: &RolloutSpec,
    status: &mut RolloutStatus,
    now: Timestamp,
) -> Result<(), CommandRefused> {
    needs_canary(spec, status, "retry")?;
    if status.abort.take().is_none() {
        return Err(CommandRefused::new(
            "cannot retry: the update is not aborted",
            "use promote to go on from a pause",
        ));
    }
    status.attempt += 1;
    status.step_index = 0;
    status.step_started = None;
    status.exposure = None;
    status.started_at = Some(now);
    status.told.abort = None;
    status.recovered_at = None;
    status.blue_green = BlueGreenProgress::default();
    if makes(Mistake::RetryKeepsTheFailure) {
        return Ok(());
    }
    // Planned aborts have none left; a retry right after an abort by hand may not keep them.
    status.step_run = None;
    status.experiment = None;
    status.background_run = None;
    status.watch_run = None;
    status.runs_ended.clear();
    Ok(())
}
