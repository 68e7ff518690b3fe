//! What executors are told.

use tidegate_rollout::RunSeen;
use tidegate_units::{RevisionHash, RunName};

use crate::{Action, turn::Turn};

/// The actions of the plan: what grows, what begins, what shrinks, what ends.
pub(crate) fn give(turn: &mut Turn<'_>) -> Vec<Action> {
    if counts_changed(turn) {
        turn.status.generation = turn.status.generation.next();
    }
    let (mut actions, shrink) = scales(turn);
    actions.extend(start_runs(turn));
    actions.extend(shrink);
    actions.extend(stop_runs(turn));
    actions
}

fn wanted_before(turn: &Turn<'_>, name: &str) -> u32 {
    turn.before.templates.get(name).map_or(0, |record| record.wanted)
}

fn counts_changed(turn: &Turn<'_>) -> bool {
    let templates = &turn.status.templates;
    templates.iter().any(|(name, record)| record.wanted != wanted_before(turn, name))
}

/// Scale orders that are new or not seen to be fulfilled.
fn scales(turn: &Turn<'_>) -> (Vec<Action>, Vec<Action>) {
    let (mut grow, mut shrink) = (Vec::new(), Vec::new());
    let generation = turn.status.generation;
    for template in &turn.spec.templates {
        let wanted = turn.status.templates.get(&template.name).map_or(0, |record| record.wanted);
        let there = turn.seen_of(template).replicas;
        if wanted == wanted_before(turn, &template.name) && wanted == there {
            continue;
        }
        let revision = template.revision.clone();
        let order = Action::Scale { revision, replicas: wanted, generation };
        if wanted > 0 && wanted >= there { grow.push(order) } else { shrink.push(order) }
    }
    // Replicas of what the spec does not name: left by a status that was lost.
    let known =
        |revision: &RevisionHash| turn.spec.templates.iter().any(|one| one.revision == *revision);
    let unknown =
        turn.seen.revisions.iter().filter(|(name, seen)| !known(name) && seen.replicas > 0);
    shrink.extend(unknown.map(|(revision, _)| Action::Scale {
        revision: revision.clone(),
        replicas: 0,
        generation,
    }));
    (grow, shrink)
}

fn start_runs(turn: &Turn<'_>) -> Vec<Action> {
    if turn.is_ending() {
        return Vec::new();
    }
    let started = turn.status.runs.iter().filter_map(|(analysis, record)| {
        let run = record.run.clone().filter(|_| !record.phase.is_completed())?;
        let unseen = !turn.seen.runs.contains_key(&run);
        unseen.then(|| Action::StartRun { run, analysis: analysis.clone() })
    });
    started.collect()
}

/// The runs that go on though nobody waits for them: all, once it is ending. While only the time is
/// over they go on, for a required one is waited for.
fn stop_runs(turn: &Turn<'_>) -> Vec<Action> {
    let ending = turn.is_ending();
    let wanted = |name: &RunName| {
        turn.spec.analyses.iter().any(|analysis| turn.spec.run_of(analysis) == *name)
    };
    let open = turn.seen.runs.iter().filter(|(_, seen)| **seen == RunSeen::Running);
    open.filter(|(name, _)| ending || !wanted(name))
        .map(|(name, _)| Action::StopRun { run: name.clone() })
        .collect()
}
