//! The phase, its message, and the conditions, in the words that Argo Rollouts uses for them.

use tidegate_units::{RevisionHash, Weight};

use crate::{
    AbortReason, Condition, ConditionKind, PauseReason, Phase, Waiting, auto, blue_green, finish,
    turn::{Turn, share},
    view,
};

/// Writes what the plan comes to into the status.
pub(crate) fn conclude(turn: &mut Turn<'_>) {
    finish::note_pause(turn);
    let (phase, message) = phase(turn);
    if phase == Phase::Healthy {
        turn.status.started_at = None;
    }
    turn.status.phase = phase;
    turn.status.message = message;
    let next = [
        available(turn),
        progressing(turn),
        paused(turn),
        completed(turn),
        healthy(turn),
        invalid(turn),
    ];
    turn.status.conditions = next.into_iter().map(|finding| condition(turn, finding)).collect();
}

struct Finding {
    kind: ConditionKind,
    holds: bool,
    reason: &'static str,
    message: String,
}

fn condition(turn: &Turn<'_>, finding: Finding) -> Condition {
    let known = turn
        .before
        .conditions
        .iter()
        .find(|known| known.kind == finding.kind && known.holds == finding.holds);
    Condition {
        kind: finding.kind,
        holds: finding.holds,
        reason: finding.reason.to_owned(),
        message: finding.message,
        since: known.map_or(turn.now, |known| known.since),
    }
}

fn phase(turn: &Turn<'_>) -> (Phase, String) {
    if turn.status.abort.is_some() {
        let why = abort_message(turn);
        return (Phase::Degraded, format!("RolloutAborted: {why}"));
    }
    if turn.status.deadline_missed.is_some() {
        let why = deadline_message(turn);
        return (Phase::Degraded, format!("ProgressDeadlineExceeded: {why}"));
    }
    if let Some(held) = pause_message(turn) {
        return (Phase::Paused, held.to_owned());
    }
    match unfinished(turn) {
        Some(what) => (Phase::Progressing, what),
        None => (Phase::Healthy, String::new()),
    }
}

fn number(turn: &Turn<'_>) -> u64 {
    let record = turn.status.revisions.get(turn.current());
    record.map_or(0, |record| record.number)
}

fn abort_message(turn: &Turn<'_>) -> String {
    let update = format!("Rollout aborted update to revision {}", number(turn));
    match turn.status.abort.as_ref().map(|abort| &abort.reason) {
        None => update,
        Some(AbortReason::User { who, why: None }) => format!("{update}: by {who}"),
        Some(AbortReason::User { who, why: Some(why) }) => format!("{update}: by {who}: {why}"),
        Some(AbortReason::Analysis { run, message }) => {
            format!("{update}: analysis run {run}: {message}")
        }
        Some(AbortReason::Experiment { experiment, message }) => {
            format!("{update}: experiment {experiment}: {message}")
        }
        Some(AbortReason::Deadline) => format!("{update}: {}", deadline_message(turn)),
        Some(AbortReason::StoreWentBack { known, told }) => format!(
            "{update}: the store went back: it knows a share of {known}, the router was told {told} \
             later, and why is lost; a retry takes it up again"
        ),
    }
}

fn deadline_message(turn: &Turn<'_>) -> String {
    let seconds = turn.spec.progress_deadline.as_secs();
    let what = format!("revision {} made no progress for {seconds} s", number(turn));
    match obstacle(turn) {
        Some(obstacle) => format!("{what}: {obstacle}"),
        None => what,
    }
}

fn pause_message(turn: &Turn<'_>) -> Option<&'static str> {
    if turn.spec.paused {
        return Some("manually paused");
    }
    let pause = turn.status.pause?;
    Some(match pause.reason {
        PauseReason::Step => "CanaryPauseStep",
        PauseReason::BlueGreen => "BlueGreenPause",
        PauseReason::Inconclusive => "InconclusiveAnalysisRun",
        PauseReason::InconclusiveExperiment => "InconclusiveExperiment",
        PauseReason::InconclusiveExposure => "InconclusiveExposure",
        PauseReason::User => "manually paused",
    })
}

/// What stands in the way of the current or the stable revision.
fn obstacle(turn: &Turn<'_>) -> Option<String> {
    let revisions = [Some(turn.current()), turn.status.stable.as_ref()];
    let found =
        revisions.into_iter().flatten().find_map(|revision| view::obstacle(turn, revision))?;
    match found {
        Waiting::Obstacle { message, .. } => Some(message),
        _ => None,
    }
}

/// What is missing until all is well.
fn unfinished(turn: &Turn<'_>) -> Option<String> {
    let seen = turn.seen_of(turn.current());
    let restarting =
        turn.spec.restart_at.is_some() && turn.spec.restart_at != turn.status.restarted_at;
    let what = if let Some(message) = obstacle(turn) {
        return Some(message);
    } else if restarting && turn.spec.restart_at <= Some(turn.now) {
        "rollout is restarting"
    } else if let Some(missing) = auto::unfinished(turn) {
        missing
    } else if seen.replicas < turn.spec.replicas {
        "more replicas need to be updated"
    } else if seen.available < turn.spec.replicas {
        "updated replicas are still becoming available"
    } else if !turn.spec.canary().routed && view::old_serves(turn) {
        "old replicas are pending termination"
    } else if let Some(missing) =
        turn.spec.blue_green().and_then(|settings| blue_green::unfinished(turn, settings))
    {
        missing
    } else if turn.in_flight() || turn.status.stable.is_none() {
        "waiting for all steps to complete"
    } else if !turn.routed() {
        "waiting for the router to follow the split"
    } else {
        return None;
    };
    Some(what.to_owned())
}

fn available(turn: &Turn<'_>) -> Finding {
    let serving = |revision: &RevisionHash| match turn.spec.blue_green() {
        Some(_) => share(&turn.status.route, revision) > Weight::ZERO,
        None => true,
    };
    let serving = turn.seen.revisions.iter().filter(|(revision, _)| serving(revision));
    let available: u64 = serving.map(|(_, seen)| u64::from(seen.available)).sum();
    let holds = available >= u64::from(turn.spec.replicas);
    Finding {
        kind: ConditionKind::Available,
        holds,
        reason: "AvailableReason",
        message: if holds {
            "Rollout has minimum availability".to_owned()
        } else {
            "Rollout does not have minimum availability".to_owned()
        },
    }
}

fn progressing(turn: &Turn<'_>) -> Finding {
    let (holds, reason, message) = if turn.status.abort.is_some() {
        (false, "RolloutAborted", abort_message(turn))
    } else if turn.status.deadline_missed.is_some() {
        (false, "ProgressDeadlineExceeded", deadline_message(turn))
    } else if turn.status.phase == Phase::Paused {
        (true, "RolloutPaused", turn.status.message.clone())
    } else if turn.status.phase == Phase::Healthy {
        let message = format!("revision {} has arrived", number(turn));
        (true, "NewReplicaSetAvailable", message)
    } else {
        (true, "ReplicaSetUpdated", turn.status.message.clone())
    };
    Finding { kind: ConditionKind::Progressing, holds, reason, message }
}

fn paused(turn: &Turn<'_>) -> Finding {
    let held = pause_message(turn);
    Finding {
        kind: ConditionKind::Paused,
        holds: held.is_some(),
        reason: "RolloutPaused",
        message: held.unwrap_or_default().to_owned(),
    }
}

fn completed(turn: &Turn<'_>) -> Finding {
    let holds = turn.status.stable.as_ref() == Some(turn.current());
    Finding {
        kind: ConditionKind::Completed,
        holds,
        reason: "RolloutCompleted",
        message: if holds {
            format!("Rollout completed update to revision {}", number(turn))
        } else {
            format!("Rollout not completed, update to revision {}", number(turn))
        },
    }
}

fn healthy(turn: &Turn<'_>) -> Finding {
    let holds = turn.status.phase == Phase::Healthy;
    Finding {
        kind: ConditionKind::Healthy,
        holds,
        reason: "RolloutHealthy",
        message: if holds {
            "Rollout is healthy".to_owned()
        } else {
            "Rollout is not healthy".to_owned()
        },
    }
}

fn invalid(turn: &Turn<'_>) -> Finding {
    let found = obstacle(turn);
    Finding {
        kind: ConditionKind::InvalidSpec,
        holds: found.is_some(),
        reason: "InvalidSpec",
        message: found.unwrap_or_default(),
    }
}
