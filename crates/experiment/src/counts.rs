//! How many replicas each template should have.

use crate::{Event, Template, turn::Turn};

/// Decides the replicas that should be there now: those of the spec while they are needed, then as
/// many as there were until the delay is over, then none.
pub(crate) fn settle(turn: &mut Turn<'_>) {
    let known = |name: &str| turn.spec.template(name).is_some();
    let dropped: Vec<String> =
        turn.status.templates.keys().filter(|name| !known(name)).cloned().collect();
    for name in dropped {
        set(turn, &name, 0);
    }
    for template in &turn.spec.templates {
        let count = count(turn, template);
        set(turn, &template.name, count);
    }
}

fn count(turn: &mut Turn<'_>, template: &Template) -> u32 {
    if turn.needs(template) {
        turn.record(&template.name).scale_down_at = None;
        return template.replicas;
    }
    let (now, delay) = (turn.now, turn.spec.scale_down_delay);
    let record = turn.record(&template.name);
    if record.wanted == 0 {
        return 0;
    }
    let until = *record.scale_down_at.get_or_insert(now.after(delay));
    if until > now { record.wanted } else { 0 }
}

fn set(turn: &mut Turn<'_>, name: &str, to: u32) {
    let now = turn.now;
    let record = turn.record(name);
    let from = std::mem::replace(&mut record.wanted, to);
    if to == 0 {
        record.scale_down_at = None;
    }
    if from != to {
        record.changed_at = now;
        turn.events.push(Event::Scaled { template: name.to_owned(), from, to });
    }
}
