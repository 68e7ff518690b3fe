//! The steps of a canary: which is taken, and when it is done.

use std::time::Duration;

use tidegate_planted::{Mistake, makes};
use tidegate_units::Weight;

use crate::{
    Event, PauseReason, PauseState, RunKind, Step, auto, basic, experiments, ring, rules, runs,
    shadow,
    turn::{Turn, share},
};

/// Takes as many steps as are done.
pub(crate) fn advance(turn: &mut Turn<'_>) {
    if turn.advancing() && !turn.is_stepwise() {
        skip_the_rest(turn);
    }
    // Each pass completes a step or ends the loop, so it ends after the last step at the latest.
    while let Some(step) = turn.step() {
        if turn.status.step_started.is_none() {
            turn.step_begins();
        }
        if turn.frozen() {
            // Who promotes and then pauses wants it held; the promotion counts once it is let go.
            return;
        }
        let promoted = turn.status.promoted_step == Some(turn.status.step_index);
        if !promoted && !is_done(turn, step) {
            break;
        }
        complete(turn);
    }
    turn.status.promoted_step = None;
}

/// What a person holds stays where it is, also where nothing is left to be proven: what would be
/// skipped may change until it is let go.
fn skip_the_rest(turn: &mut Turn<'_>) {
    turn.status.pause = turn.status.pause.filter(|pause| pause.reason == PauseReason::User);
    let last = turn.spec.canary().steps.len();
    if turn.status.step_index < last && !turn.frozen() {
        turn.status.skipped_from = Some(turn.status.step_index);
        turn.status.step_index = last;
        turn.step_begins();
    }
}

fn complete(turn: &mut Turn<'_>) {
    runs::drop_step(turn);
    turn.events.push(Event::StepCompleted { index: turn.status.step_index });
    turn.status.step_index += 1;
    turn.status.pause = None;
    turn.step_begins();
}

fn is_done(turn: &mut Turn<'_>, step: &Step) -> bool {
    match step {
        Step::SetWeight(weight) => weight_reached(turn, *weight),
        Step::Pause(duration) => pause_over(turn, *duration),
        Step::Analysis(_) => {
            runs::passed(turn, RunKind::Step(turn.status.step_index))
                || makes(Mistake::PassesAnalyses)
        }
        Step::Experiment(_) => experiments::passed(turn),
        Step::SetScale(_) => scale_reached(turn),
        Step::SetRoute(_) => rules::are_followed(turn),
        Step::Ring(ring) => ring::is_done(turn, ring),
        Step::Shadow(shadow) => shadow::is_done(turn, shadow),
        Step::Auto(settings) => auto::is_done(turn, settings),
        Step::Several(parts) => all_done(turn, parts),
    }
}

/// The first part decides, as in Argo Rollouts. Where that is no analysis, Argo would stop the one
/// that stands beside it; here it has to succeed as well, for that is why somebody wrote it.
fn all_done(turn: &mut Turn<'_>, parts: &[Step]) -> bool {
    let mut done = true;
    for (index, part) in parts.iter().enumerate() {
        if index == 0 || part.is_judged() {
            done &= is_done(turn, part);
        }
    }
    done
}

fn weight_reached(turn: &Turn<'_>, weight: Weight) -> bool {
    if turn.spec.canary().routed {
        let given = share(&turn.status.route, turn.current());
        let target = turn.target();
        let enough = target == Weight::ZERO || turn.carries(turn.status.step_index);
        turn.spec.replicas == 0 || (given == target && turn.routed() && enough)
    } else {
        counts_reached(turn, weight)
    }
}

/// The new revision has the replicas that its step asks for: enough of them are available, and
/// those beyond are gone. Without a router the replicas are the share, and no scale is their own.
fn scale_reached(turn: &Turn<'_>) -> bool {
    if !turn.spec.canary().routed {
        return true;
    }
    let wanted = turn.spec.canary_replicas_at(turn.status.step_index);
    let seen = turn.seen_of(turn.current());
    turn.wanted(turn.current()) == wanted
        && seen.replicas <= wanted
        && turn.is_enough(seen.available, wanted)
        && turn.routed()
}

/// Argo's rule without a router: the canary is available, the stable revision is there in the right
/// number, and nothing older serves.
fn counts_reached(turn: &Turn<'_>, weight: Weight) -> bool {
    let counts = basic::targets(turn.spec, weight);
    let Some(stable) = turn.stable_beside() else {
        return true;
    };
    let canary = turn.current();
    turn.wanted(canary) == counts.canary
        && turn.is_enough(turn.available(canary), counts.canary)
        && turn.wanted(stable) == counts.stable
        && turn.seen_of(stable).replicas == counts.stable
        && turn.old_revisions().all(|old| turn.available(old) == 0)
        && turn.routed()
}

fn pause_over(turn: &mut Turn<'_>, duration: Option<Duration>) -> bool {
    let started = turn.status.step_started.unwrap_or(turn.now);
    if duration.is_none() && makes(Mistake::PassesOpenPauses) {
        return true;
    }
    let duration =
        if makes(Mistake::PausesByHalf) { duration.map(|whole| whole / 2) } else { duration };
    if duration.is_some_and(|duration| started.after(duration) <= turn.now) {
        return true;
    }
    turn.status.pause = Some(PauseState { reason: PauseReason::Step, started });
    false
}
