//! The report: where a rollout is and what it waits for.

use std::time::Duration;

use tidegate_units::{RevisionHash, Weight};

use crate::{
    AnalysisUse, CanaryScale, PauseReason, Report, RevisionRole, RevisionView, RouteKind, Shadow,
    Step, StepExperiment, StepState, StepView, Waiting, auto, blue_green, guests, orders, ring,
    turn::{Turn, share},
    wake,
};

/// The report of a plan.
pub(crate) fn report(turn: &Turn<'_>) -> Report {
    let routed = turn.seen.routed.as_ref();
    Report {
        phase: turn.status.phase,
        steps: steps(turn),
        wanted_weight: turn.target(),
        actual_weight: routed.map(|routed| routed.get(turn.current()).copied().unwrap_or_default()),
        revisions: revisions(turn),
        waiting: waiting(turn),
        aborted: turn.status.abort.as_ref().map(|abort| abort.reason.clone()),
        rings: ring::views(turn),
        blue_green: turn.spec.blue_green().map(|_| blue_green::view(turn)),
        guests: guests::view(turn),
    }
}

fn steps(turn: &Turn<'_>) -> Vec<StepView> {
    if let Some(settings) = turn.spec.blue_green() {
        return blue_green::steps(turn, settings);
    }
    let steps = turn.spec.canary().steps.iter().enumerate();
    let whole = turn.spec.canary().max_weight;
    let view = |(index, step)| StepView { label: label(step, whole), state: state(turn, index) };
    steps.map(view).collect()
}

fn state(turn: &Turn<'_>, index: usize) -> StepState {
    let here = turn.status.step_index;
    let skipped = turn.status.skipped_from.is_some_and(|from| index >= from);
    if index < here && skipped {
        StepState::Skipped
    } else if index < here {
        StepState::Done
    } else if index == here && turn.advancing() {
        StepState::Active
    } else {
        StepState::Ahead
    }
}

/// A step as it is written in a manifest where `whole` is the weight of all of the traffic.
pub(crate) fn label(step: &Step, whole: u32) -> String {
    match step {
        Step::SetWeight(weight) => format!("setWeight: {}", weight.out_of(whole)),
        Step::Pause(None) => "pause".to_owned(),
        Step::Pause(Some(duration)) => format!("pause: {}", span(*duration)),
        Step::Analysis(AnalysisUse { plugin: Some(plugin), .. }) => {
            format!("plugin: {}", plugin.name)
        }
        Step::Analysis(analysis) => analysis_label("analysis", analysis),
        Step::Experiment(experiment) => experiment_label(experiment),
        Step::SetScale(scale) => format!("setCanaryScale: {}", scale_label(*scale)),
        Step::SetRoute(route) => {
            let field = match route.kind {
                RouteKind::Header => "setHeaderRoute",
                RouteKind::Mirror(_) => "setMirrorRoute",
            };
            let removed = if route.any.is_empty() { " (removed)" } else { "" };
            format!("{field}: {}{removed}", route.name)
        }
        Step::Ring(ring) => format!("ring: {}", ring.name),
        Step::Shadow(shadow) => shadow_label(shadow),
        Step::Auto(settings) => format!("tidegate/auto: budget {}", settings.budget),
        Step::Several(parts) => {
            let parts: Vec<_> = parts.iter().map(|part| label(part, whole)).collect();
            parts.join(", ")
        }
    }
}

fn shadow_label(shadow: &Shadow) -> String {
    match (shadow.share, shadow.duration) {
        (Weight::ZERO, _) => "tidegate/shadow: ended".to_owned(),
        (share, None) => format!("tidegate/shadow: {share}"),
        (share, Some(duration)) => format!("tidegate/shadow: {share} for {}", span(duration)),
    }
}

fn scale_label(scale: CanaryScale) -> String {
    match scale {
        CanaryScale::Replicas(count) => format!("{{replicas: {count}}}"),
        CanaryScale::Share(weight) | CanaryScale::Part { part: weight, .. } => {
            format!("{{weight: {weight}}}")
        }
        CanaryScale::MatchTraffic => "{matchTrafficWeight: true}".to_owned(),
    }
}

fn experiment_label(experiment: &StepExperiment) -> String {
    let names: Vec<&str> =
        experiment.templates.iter().map(|template| template.name.as_str()).collect();
    let names = names.join(", ");
    experiment.duration.map_or_else(
        || format!("experiment: {names}"),
        |duration| format!("experiment: {names} ({})", span(duration)),
    )
}

/// An analysis by its field and its templates.
pub(crate) fn analysis_label(field: &str, analysis: &AnalysisUse) -> String {
    let names: Vec<&str> =
        analysis.templates.iter().map(|template| template.name.as_str()).collect();
    format!("{field}: {}", names.join(", "))
}

/// A duration as manifests write it, such as `1h30m`.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts = [
        (seconds / 3600, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
        (u64::from(duration.subsec_millis()), "ms"),
    ];
    let mut text = String::new();
    for (count, unit) in parts.iter().filter(|(count, _)| *count > 0) {
        text.push_str(&count.to_string());
        text.push_str(unit);
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

fn revisions(turn: &Turn<'_>) -> Vec<RevisionView> {
    let mut views: Vec<RevisionView> = turn
        .status
        .revisions
        .iter()
        .map(|(revision, record)| {
            let seen = turn.seen_of(revision);
            RevisionView {
                revision: revision.clone(),
                number: record.number,
                role: role(turn, revision),
                weight: share(&turn.status.route, revision),
                wanted: record.replicas,
                replicas: seen.replicas,
                ready: seen.ready,
                available: seen.available,
                scale_down_at: record.scale_down_at,
            }
        })
        .filter(|view| view.role != RevisionRole::Old || view.wanted > 0 || view.replicas > 0)
        .collect();
    views.sort_by_key(|view| std::cmp::Reverse(view.number));
    views
}

fn role(turn: &Turn<'_>, revision: &RevisionHash) -> RevisionRole {
    if Some(revision) == turn.status.stable.as_ref() {
        RevisionRole::Stable
    } else if turn.spec.blue_green().is_some() && share(&turn.status.route, revision) > Weight::ZERO
    {
        RevisionRole::Active
    } else if revision == turn.current() && turn.spec.blue_green().is_some() {
        RevisionRole::Preview
    } else if revision == turn.current() {
        RevisionRole::Canary
    } else {
        RevisionRole::Old
    }
}

fn waiting(turn: &Turn<'_>) -> Vec<Waiting> {
    let mut list = Vec::new();
    if turn.spec.paused {
        list.push(Waiting::Unpaused);
    }
    list.extend(held(turn).or_else(|| blue_green::holds(turn)));
    for revision in turn.status.revisions.keys() {
        list.extend(obstacle(turn, revision));
        list.extend(replicas(turn, revision));
    }
    list.extend(orders::awaited(turn).map(|generation| Waiting::Router { generation }));
    list.extend(analysis(turn));
    list.extend(experiment(turn));
    list.extend(auto::waiting(turn));
    for (revision, record) in &turn.status.revisions {
        list.extend(
            record
                .scale_down_at
                .map(|until| Waiting::ScaleDown { revision: revision.clone(), until }),
        );
    }
    list
}

fn held(turn: &Turn<'_>) -> Option<Waiting> {
    let pause = turn.status.pause?;
    match wake::pause_end(turn) {
        Some(until) if matches!(pause.reason, PauseReason::Step | PauseReason::BlueGreen) => {
            Some(Waiting::PauseUntil { until })
        }
        _ => Some(Waiting::Promotion { reason: pause.reason }),
    }
}

/// What stands in the way of a revision that should have replicas.
pub(crate) fn obstacle(turn: &Turn<'_>, revision: &RevisionHash) -> Option<Waiting> {
    let message = turn.seen.obstacles.get(revision)?;
    (turn.wanted(revision) > 0)
        .then(|| Waiting::Obstacle { revision: revision.clone(), message: message.clone() })
}

/// Replicas that are missing, or still there. Those of an old revision that only stands by are not
/// waited for: it may be one that never came up.
fn replicas(turn: &Turn<'_>, revision: &RevisionHash) -> Option<Waiting> {
    let (seen, wanted) = (turn.seen_of(revision), turn.wanted(revision));
    if seen.available < wanted && role(turn, revision) != RevisionRole::Old {
        Some(Waiting::Replicas { revision: revision.clone(), have: seen.available, need: wanted })
    } else if seen.replicas > wanted {
        Some(Waiting::Surplus { revision: revision.clone(), have: seen.replicas, want: wanted })
    } else {
        None
    }
}

fn analysis(turn: &Turn<'_>) -> Option<Waiting> {
    let run = turn.status.step_run.as_ref()?;
    let ended = turn.status.runs_ended.contains(&run.name);
    (!ended).then(|| Waiting::Analysis { run: run.name.clone() })
}

fn experiment(turn: &Turn<'_>) -> Option<Waiting> {
    let known = turn.status.experiment.as_ref().filter(|known| !known.ended)?;
    Some(Waiting::Experiment { experiment: known.name.clone() })
}

/// Whether a revision other than the current one still has replicas or a share.
pub(crate) fn old_serves(turn: &Turn<'_>) -> bool {
    turn.old_revisions()
        .any(|old| turn.seen_of(old).replicas > 0 || share(&turn.status.route, old) > Weight::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_in_manifests() {
        for (millis, text) in [
            (0, "0s"),
            (30_000, "30s"),
            (90_000, "1m30s"),
            (3_600_000, "1h"),
            (5_400_000, "1h30m"),
            (90_061_500, "25h1m1s500ms"),
        ] {
            assert_eq!(span(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn a_step_is_labelled_as_it_is_written() {
        let names = ["smoke", "slo"].map(|name| crate::TemplateUse {
            name: name.to_owned(),
            ..crate::TemplateUse::default()
        });
        let analysis = AnalysisUse { templates: names.to_vec(), ..AnalysisUse::default() };
        for (step, text) in [
            (Step::SetWeight(Weight::FULL), "setWeight: 100"),
            (Step::Pause(None), "pause"),
            (Step::Pause(Some(Duration::from_mins(1))), "pause: 1m"),
            (Step::Analysis(analysis), "analysis: smoke, slo"),
            (Step::SetScale(CanaryScale::Replicas(3)), "setCanaryScale: {replicas: 3}"),
            (Step::SetScale(CanaryScale::Share(25)), "setCanaryScale: {weight: 25}"),
            (
                Step::SetScale(CanaryScale::Part { part: 5, whole: 1000 }),
                "setCanaryScale: {weight: 5}",
            ),
            (
                Step::SetScale(CanaryScale::MatchTraffic),
                "setCanaryScale: {matchTrafficWeight: true}",
            ),
        ] {
            assert_eq!(label(&step, 100), text);
        }
        let fine = Step::SetWeight(Weight::of(1, 1000).unwrap());
        assert_eq!(label(&fine, 1000), "setWeight: 1");
    }
}
