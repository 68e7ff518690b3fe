//! What executors are told, in the order in which it is safe.

use tidegate_planted::{Mistake, makes};
use tidegate_units::{Generation, RevisionHash, Weight};

use crate::{
    Action, Event, RunKind, RunRef, RunSeen, Step, experiments, plugins, runs,
    turn::{Turn, share, share_seen},
};

/// The actions of the plan, and the generation that they carry.
///
/// What lowers the canary's share comes first, then what grows, then what raises the share, then
/// what shrinks.
pub(crate) fn give(turn: &mut Turn<'_>) -> Vec<Action> {
    let route_changed =
        turn.status.route != turn.before.route || turn.status.rules != turn.before.rules;
    if route_changed || restart_changed(turn) || counts_changed(turn) {
        turn.status.generation = turn.status.generation.next();
    }
    if route_changed {
        turn.status.route_generation = turn.status.generation;
    }
    let mut actions = Vec::new();
    let route = route(turn, route_changed);
    let raises = raises(turn);
    let (grow, shrink) = scales(turn);
    if raises {
        actions.extend(grow);
        actions.extend(route);
    } else {
        actions.extend(route);
        actions.extend(grow);
    }
    actions.extend(start_runs(turn));
    actions.extend(plugins::start(turn));
    actions.extend(experiments::start(turn));
    actions.extend(shrink);
    actions.extend(stop_runs(turn));
    actions.extend(experiments::stop(turn));
    actions.extend(forget(turn));
    actions
}

fn restart_changed(turn: &Turn<'_>) -> bool {
    turn.status.restart_before != turn.before.restart_before
}

fn counts_changed(turn: &Turn<'_>) -> bool {
    turn.status
        .revisions
        .iter()
        .any(|(revision, record)| record.replicas != wanted_before(turn, revision))
}

fn wanted_before(turn: &Turn<'_>, revision: &RevisionHash) -> u32 {
    let record = turn.before.revisions.get(revision);
    record.map_or(0, |record| record.replicas)
}

fn route(turn: &Turn<'_>, changed: bool) -> Option<Action> {
    let due = changed || !turn.routed();
    (due && !turn.status.route.is_empty()).then(|| Action::Route {
        weights: turn.status.route.clone(),
        rules: turn.status.rules.clone(),
        generation: turn.status.generation,
    })
}

/// Whether the split gives the current revision more than it may have now.
fn raises(turn: &Turn<'_>) -> bool {
    let current = turn.current();
    let next = share(&turn.status.route, current);
    let seen = share_seen(turn.seen.routed.as_ref(), current);
    next > seen.max(share(&turn.before.route, current)) && turn.in_flight()
}

/// Scale orders that are new or not seen to be fulfilled: those that grow, and those that shrink.
fn scales(turn: &Turn<'_>) -> (Vec<Action>, Vec<Action>) {
    let (mut grow, mut shrink) = (Vec::new(), Vec::new());
    for (revision, record) in &turn.status.revisions {
        let seen = turn.seen_of(revision);
        let before = wanted_before(turn, revision);
        let restarts = turn.status.restart_before.is_some()
            && turn.status.restart_before == turn.spec.restart_at
            && record.replicas > 0
            && seen.outdated > 0;
        if before == record.replicas && seen.replicas == record.replicas && !restarts {
            continue;
        }
        let order = scale(turn, revision, record.replicas);
        if record.replicas > 0 && record.replicas >= seen.replicas {
            grow.push(order);
        } else {
            shrink.push(order);
        }
    }
    // Replicas of a revision that nobody knows: left by a status that was lost. They end as soon
    // as nothing is routed to them.
    for (revision, seen) in &turn.seen.revisions {
        let unknown = !turn.status.revisions.contains_key(revision);
        let unused = turn.seen.routed.is_some()
            && share_seen(turn.seen.routed.as_ref(), revision) == Weight::ZERO;
        if unknown && unused && seen.replicas > 0 {
            shrink.push(scale(turn, revision, 0));
        }
    }
    (grow, shrink)
}

fn scale(turn: &Turn<'_>, revision: &RevisionHash, replicas: u32) -> Action {
    Action::Scale {
        revision: revision.clone(),
        replicas,
        restart_before: turn.status.restart_before,
        generation: turn.status.generation,
    }
}

fn start_runs(turn: &Turn<'_>) -> Vec<Action> {
    let Some(stable) = turn.stable_beside() else {
        return Vec::new();
    };
    runs::refs(&turn.status)
        .filter(|run| {
            !turn.seen.runs.contains_key(&run.name) && !turn.status.runs_ended.contains(&run.name)
        })
        .map(|run| start_run(turn, run, stable))
        .collect()
}

fn start_run(turn: &Turn<'_>, run: &RunRef, stable: &RevisionHash) -> Action {
    let swapped = makes(Mistake::JudgesAgainstItself);
    let analysis = match run.kind {
        RunKind::Step(index) => {
            turn.spec.canary().steps.get(index).and_then(Step::analysis).cloned()
        }
        RunKind::Background => turn.spec.canary().background.clone(),
        // The default analysis is declared nowhere, and calls of programs are given by themselves.
        RunKind::Watch | RunKind::PluginCall(_) => None,
        RunKind::PrePromotion => {
            turn.spec.blue_green().and_then(|settings| settings.pre_promotion.clone())
        }
        RunKind::PostPromotion => {
            turn.spec.blue_green().and_then(|settings| settings.post_promotion.clone())
        }
    };
    Action::StartRun {
        run: run.name.clone(),
        kind: run.kind,
        analysis,
        canary: if swapped { stable.clone() } else { turn.current().clone() },
        stable: stable.clone(),
    }
}

/// Every run of this rollout that goes on though nobody waits for it.
fn stop_runs(turn: &Turn<'_>) -> Vec<Action> {
    turn.seen
        .runs
        .iter()
        .filter(|(name, seen)| {
            **seen == RunSeen::Running
                && !makes(Mistake::RunsGoOn)
                && runs::refs(&turn.status).all(|run| run.name != **name)
                && !plugins::is_owed(&turn.status, name)
        })
        .map(|(name, _)| Action::StopRun { run: name.clone() })
        .collect()
}

/// Forgets the oldest revisions beyond the limit: those that have no replicas and no share.
fn forget(turn: &mut Turn<'_>) -> Vec<Action> {
    let limit = usize::try_from(turn.spec.revision_history_limit).unwrap_or(usize::MAX);
    let mut idle: Vec<(u64, RevisionHash)> = turn
        .old_revisions()
        .filter(|revision| is_idle(turn, revision))
        .filter_map(|revision| {
            let record = turn.status.revisions.get(revision)?;
            Some((record.number, revision.clone()))
        })
        .collect();
    idle.sort_unstable();
    idle.truncate(idle.len().saturating_sub(limit));
    idle.into_iter()
        .map(|(_, revision)| {
            turn.status.revisions.remove(&revision);
            turn.events.push(Event::Forgotten { revision: revision.clone() });
            Action::Forget { revision }
        })
        .collect()
}

fn is_idle(turn: &Turn<'_>, revision: &RevisionHash) -> bool {
    turn.wanted(revision) == 0
        && wanted_before(turn, revision) == 0
        && turn.seen_of(revision).replicas == 0
        && share(&turn.status.route, revision) == Weight::ZERO
        && share_seen(turn.seen.routed.as_ref(), revision) == Weight::ZERO
}

/// The generation whose split the router should confirm.
pub(crate) fn awaited(turn: &Turn<'_>) -> Option<Generation> {
    (!turn.routed()).then_some(turn.status.route_generation)
}
