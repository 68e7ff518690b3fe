//! How the templates are.

use crate::{Event, Template, TemplatePhase, turn::Turn};

/// Takes note of how many replicas there are, and of what that makes of each template.
pub(crate) fn assess(turn: &mut Turn<'_>) {
    for template in &turn.spec.templates {
        count(turn, template);
    }
    for template in &turn.spec.templates {
        move_on(turn, template);
    }
    // What one of them has come to may end it for all.
    if turn.is_ending() {
        for template in &turn.spec.templates {
            move_on(turn, template);
        }
    }
}

fn count(turn: &mut Turn<'_>, template: &Template) {
    let seen = turn.seen_of(template);
    let now = turn.now;
    let record = turn.record(&template.name);
    let counts = (seen.replicas, seen.ready, seen.available);
    if (record.replicas, record.ready, record.available) != counts {
        (record.replicas, record.ready, record.available) = counts;
        record.changed_at = now;
    }
}

fn move_on(turn: &mut Turn<'_>, template: &Template) {
    let was = turn.phase_of(template);
    if was.is_completed() {
        return;
    }
    let available = turn.seen_of(template).available;
    let refused = turn.seen.refused.get(&template.name);
    let refused = refused.filter(|_| turn.status.available_at.is_none());
    let (to, message) = if turn.is_ending() {
        (TemplatePhase::Successful, String::new())
    } else if let Some(why) = refused {
        (TemplatePhase::Error, why.clone())
    } else if available != template.replicas {
        unfinished(turn, template)
    } else if turn.is_over() {
        (TemplatePhase::Successful, String::new())
    } else {
        (TemplatePhase::Running, String::new())
    };
    let known = turn.before.templates.contains_key(&template.name);
    let record = turn.record(&template.name);
    record.phase = to;
    record.message.clone_from(&message);
    if was != to || !known {
        turn.events.push(Event::TemplateMoved { template: template.name.clone(), to, message });
    }
}

fn unfinished(turn: &Turn<'_>, template: &Template) -> (TemplatePhase, String) {
    let record = turn.status.templates.get(&template.name);
    let since = record.map_or(turn.now, |record| record.changed_at);
    if since.after(turn.spec.progress_deadline) > turn.now {
        return (TemplatePhase::Progressing, String::new());
    }
    let seconds = turn.spec.progress_deadline.as_secs();
    let message =
        format!("Template '{}' exceeded its progressDeadlineSeconds ({seconds})", template.name);
    let obstacle = turn.seen.obstacles.get(&template.revision);
    let message = obstacle.map_or_else(|| message.clone(), |why| format!("{message}: {why}"));
    (TemplatePhase::Failed, message)
}
