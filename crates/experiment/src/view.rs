//! The report: where an experiment is and what it waits for.

use crate::{Report, Template, Waiting, turn::Turn};

/// The report of a plan.
pub(crate) fn report(turn: &Turn<'_>) -> Report {
    Report {
        phase: turn.status.phase,
        ends_at: turn.ends_at().filter(|_| !turn.status.phase.is_completed()),
        waiting: waiting(turn),
    }
}

fn waiting(turn: &Turn<'_>) -> Vec<Waiting> {
    let mut list: Vec<Waiting> =
        turn.spec.templates.iter().flat_map(|template| replicas(turn, template)).collect();
    list.extend(end(turn));
    list
}

fn replicas(turn: &Turn<'_>, template: &Template) -> Vec<Waiting> {
    let name = || template.name.clone();
    let seen = turn.seen_of(template);
    let Some(record) = turn.status.templates.get(&template.name) else { return Vec::new() };
    let mut list = Vec::new();
    if let (Some(message), true) = (turn.seen.obstacles.get(&template.revision), record.wanted > 0)
    {
        list.push(Waiting::Obstacle { template: name(), message: message.clone() });
    }
    if let Some(until) = record.scale_down_at {
        list.push(Waiting::ScaleDown { template: name(), until });
    } else if seen.available < record.wanted {
        let (have, need) = (seen.available, record.wanted);
        list.push(Waiting::Replicas { template: name(), have, need });
    } else if seen.replicas > record.wanted {
        let (have, want) = (seen.replicas, record.wanted);
        list.push(Waiting::Surplus { template: name(), have, want });
    }
    list
}

/// What ends it.
fn end(turn: &Turn<'_>) -> Vec<Waiting> {
    if turn.status.phase.is_completed() || turn.status.available_at.is_none() {
        return Vec::new();
    }
    let required = turn.spec.analyses.iter().filter(|analysis| analysis.required);
    let open = required.filter_map(|analysis| {
        let record = turn.status.runs.get(&analysis.name)?;
        let run = record.run.clone().filter(|_| !record.phase.is_completed())?;
        Some(Waiting::Analysis { run })
    });
    let until = turn.ends_at().filter(|end| *end > turn.now);
    let mut list: Vec<Waiting> =
        until.map(|until| Waiting::Duration { until }).into_iter().collect();
    list.extend(open);
    if list.is_empty() && turn.spec.duration.is_none() && !turn.is_ending() {
        list.push(Waiting::Termination);
    }
    list
}
