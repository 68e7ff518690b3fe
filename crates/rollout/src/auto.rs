//! The step `tidegate/auto`: the share of the new revision follows from the evidence so far, within a
//! budget of hurt requests.

use std::borrow::Cow;

use tidegate_exposure::{Exposure, ExposureSettings, Limit, Stage};
use tidegate_units::{Timestamp, Weight};

use crate::{
    Event, Observation, PauseReason, PauseState, RolloutSpec, RolloutStatus, Step, Strategy,
    Waiting,
    turn::{Turn, share_seen},
    wanted, window,
};

/// The settings of the step that is being taken, if it goes by evidence: not once it is taken back,
/// skipped, or another revision or other steps are wanted.
fn taken<'a>(spec: &'a RolloutSpec, status: &RolloutStatus) -> Option<&'a ExposureSettings> {
    let canary = spec.canary();
    let Step::Auto(settings) = canary.steps.get(status.step_index)? else { return None };
    let beside = status.stable.as_ref().is_some_and(|stable| *stable != spec.revision);
    let taken = beside
        && canary.routed
        && status.abort.is_none()
        && !status.promote_full
        && status.step_started.is_some()
        && status.current.as_ref() == Some(&spec.revision)
        && status.steps_hash == wanted::hash_steps(&canary.steps);
    taken.then_some(settings)
}

/// What the step has come to by what is seen now.
pub(crate) fn look(
    spec: &RolloutSpec,
    status: &RolloutStatus,
    seen: &Observation,
) -> Option<Exposure> {
    let settings = taken(spec, status)?;
    let known = status.exposure.clone();
    let Some(counted) = &seen.counted else { return known };
    let mut exposure = known.unwrap_or_else(|| {
        let weight = spec.canary().weight_at(status.step_index);
        Exposure::begin(settings, counted, weight)
    });
    let followed = seen.routed_generation >= status.route_generation;
    let share = share_seen(seen.routed.as_ref(), &spec.revision);
    let held = spec.paused || status.pause.is_some();
    exposure.look(settings, counted, followed && share == exposure.weight, held);
    Some(exposure)
}

/// The spec with the share that the step gives now.
pub(crate) fn with_share<'a>(
    spec: &'a RolloutSpec,
    exposure: Option<&Exposure>,
) -> Cow<'a, RolloutSpec> {
    let Some(exposure) = exposure else { return Cow::Borrowed(spec) };
    let mut spec = spec.clone();
    if let Strategy::Canary(canary) = &mut spec.strategy {
        canary.auto_weight = Some(exposure.weight);
    }
    Cow::Owned(spec)
}

/// Takes over what the step has come to. Each share that is decided is told, and that the last one is
/// given: it is what the step ends by.
pub(crate) fn take(turn: &mut Turn<'_>, exposure: Option<Exposure>) {
    let had = turn.before.exposure.as_ref();
    turn.status.exposure = exposure;
    let (Some(had), Some(has), Some(settings)) = (had, &turn.status.exposure, current(turn)) else {
        return;
    };
    let rose = has.weight > had.weight;
    let ends = has.is_done(settings) && !had.is_done(settings);
    if has.weight != had.weight || ends {
        let outlook = has.outlook(settings);
        turn.events.push(Event::ShareDecided { outlook });
    }
    if rose {
        turn.status.weight_missing = Weight::FULL;
        turn.progressed();
    }
}

/// Begins the step, if it has come to one that goes by evidence.
pub(crate) fn begin(turn: &mut Turn<'_>) {
    if turn.status.exposure.is_none() && current(turn).is_some() {
        turn.status.exposure = look(turn.spec, &turn.status, turn.seen);
    }
}

/// Whether the step is done: all is shown, and the router gives the last share. A budget that is
/// spent, and a time that is over, hold the rollout.
///
/// What was decided before this plan counts, so that what a step ends by is written down first.
pub(crate) fn is_done(turn: &mut Turn<'_>, settings: &ExposureSettings) -> bool {
    if turn.spec.replicas == 0 {
        return true;
    }
    if turn.before.exposure.as_ref().is_some_and(|it| it.is_done(settings)) {
        return turn.routed() && turn.carries(turn.status.step_index);
    }
    let stuck = |it: &Exposure| it.stage == Stage::Spent || it.is_late(settings, turn.now);
    if turn.status.exposure.as_ref().is_some_and(stuck) {
        let reason = PauseReason::InconclusiveExposure;
        turn.status.pause = Some(PauseState { reason, started: turn.now });
    }
    false
}

/// Whether evidence is waited for, not the replicas or the router.
pub(crate) fn waits(turn: &Turn<'_>) -> bool {
    let exposure = turn.status.exposure.as_ref();
    exposure.is_some_and(|it| it.given.is_some() || it.weight == Weight::ZERO)
}

/// What is missing that neither replicas nor the router can bring.
pub(crate) fn unfinished(turn: &Turn<'_>) -> Option<&'static str> {
    let limit = outlook(turn).filter(|_| waits(turn))?.limit;
    Some(match limit {
        Limit::Traffic => "waiting for requests to judge the revision by: there are none",
        Limit::Nothing => return None,
        _ => "waiting for evidence of what the revision does",
    })
}

/// When the counts are to be looked at again.
pub(crate) fn due(turn: &Turn<'_>) -> Option<Timestamp> {
    let settings = current(turn)?;
    Some(turn.status.exposure.as_ref().map_or(turn.now, |it| it.due(settings)))
}

/// What the share follows from, and what the next one needs.
pub(crate) fn waiting(turn: &Turn<'_>) -> Option<Waiting> {
    outlook(turn).map(|outlook| Waiting::Exposure { outlook })
}

fn outlook(turn: &Turn<'_>) -> Option<tidegate_exposure::Outlook> {
    let settings = current(turn)?;
    turn.status.exposure.as_ref().map(|it| it.outlook(settings))
}

fn current<'a>(turn: &Turn<'a>) -> Option<&'a ExposureSettings> {
    match turn.step() {
        Some(Step::Auto(settings)) if !window::is_return(turn) => Some(settings),
        _ => None,
    }
}
