//! A blue-green update as people see it.

use super::{BlueGreen, Promotion, cut_over, is_active, preview_replicas};
use crate::{
    BlueGreenView, StepState, StepView, Waiting,
    turn::Turn,
    view::{analysis_label, span},
};

/// What the Services of the rollout reach.
pub(crate) fn view(turn: &Turn<'_>) -> BlueGreenView {
    let route = &turn.status.route;
    let active = route.iter().find(|(revision, _)| is_active(turn, revision));
    // While requests are taken little by little, the stable one is who has to have the rest.
    let divided = turn.status.stable.clone().filter(|_| !route.is_empty());
    BlueGreenView {
        active: active.map(|(revision, _)| revision.clone()).or(divided),
        preview: turn.current().clone(),
    }
}

/// The share of a gradual switch that is waited for to have held.
pub(crate) fn holds(turn: &Turn<'_>) -> Option<Waiting> {
    let end = cut_over::end(turn, turn.spec.blue_green()?)?;
    (end > turn.now && !turn.frozen()).then_some(Waiting::PauseUntil { until: end })
}

/// One part of an update.
struct Part {
    label: String,
    /// Whether the update is past it.
    passed: bool,
    /// Whether it was gone through, and not jumped over, if it is passed.
    taken: bool,
}

/// What an update goes through, in order, as it is written in a manifest.
pub(crate) fn steps(turn: &Turn<'_>, settings: &BlueGreen) -> Vec<StepView> {
    let mut is_next = turn.advancing();
    let view = |part: Part| {
        let state = match (part.passed || !turn.in_flight(), part.taken) {
            (true, true) => StepState::Done,
            (true, false) => StepState::Skipped,
            (false, _) if std::mem::take(&mut is_next) => StepState::Active,
            (false, _) => StepState::Ahead,
        };
        StepView { label: part.label, state }
    };
    parts(turn, settings).into_iter().map(view).collect()
}

fn parts(turn: &Turn<'_>, settings: &BlueGreen) -> Vec<Part> {
    let progress = turn.status.blue_green;
    let ready =
        turn.advancing() && turn.available(turn.current()) >= preview_replicas(turn, settings);
    let switched = turn.advancing() && is_active(turn, turn.current());
    let part = |label: &str, passed, taken| Part { label: label.to_owned(), passed, taken };
    let mut parts = vec![part("preview", ready || progress.cleared, ready || progress.cleared)];
    if let Some(analysis) = &settings.pre_promotion {
        let label = analysis_label("prePromotionAnalysis", analysis);
        parts.push(part(&label, progress.tested || progress.cleared, progress.tested));
    }
    let pause = match settings.promotion {
        Promotion::AtOnce => None,
        Promotion::After(delay) => Some(format!("pause: {}", span(delay))),
        Promotion::ByHand => Some("pause".to_owned()),
    };
    if let Some(label) = pause {
        parts.push(part(&label, progress.cleared, progress.paused_at.is_some()));
    }
    for (index, cut) in settings.cut_over.iter().enumerate() {
        let label = format!("cut over: {} for {}", cut.weight, span(cut.wait));
        let taken = progress.shares_taken > index;
        parts.push(part(&label, taken || switched, taken));
    }
    parts.push(part("switch", switched, progress.cleared));
    if let Some(analysis) = &settings.post_promotion {
        let label = analysis_label("postPromotionAnalysis", analysis);
        parts.push(part(&label, progress.proven, progress.proven));
    }
    parts
}

/// What is missing until the new revision is stable, in Argo Rollouts' words.
pub(crate) fn unfinished(turn: &Turn<'_>, settings: &BlueGreen) -> Option<&'static str> {
    if !turn.in_flight() {
        None
    } else if !is_active(turn, turn.current()) || !turn.routed() {
        Some("active service cutover pending")
    } else if settings.post_promotion.is_some() {
        Some("waiting for analysis to complete")
    } else {
        Some("waiting for post-promotion verification to complete")
    }
}
