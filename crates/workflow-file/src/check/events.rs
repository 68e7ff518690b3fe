use super::{cron, inputs};
use crate::{Kind, Pair, Token, problem::Problems};

/// What starts a workflow.
pub(super) fn check(problems: &mut Problems<'_>, on: &Token) {
    match &on.kind {
        Kind::List(events) if events.is_empty() => none(problems, on),
        Kind::Map(events) if events.is_empty() => none(problems, on),
        Kind::Map(events) => {
            for event in events {
                one(problems, event);
            }
        }
        _ => {}
    }
}

fn none(problems: &mut Problems<'_>, on: &Token) {
    problems.error(on.span, "No event triggers defined in `on`");
}

fn one(problems: &mut Problems<'_>, event: &Pair) {
    let name = event.key.text().unwrap_or_default();
    match name {
        "schedule" => {
            for item in event.value.items().unwrap_or_default() {
                cron::check(problems, item);
            }
        }
        "workflow_dispatch" | "workflow_call" => {
            if let Some(given) = event.value.get("inputs") {
                inputs::check(problems, given);
            }
            for pair in event.value.pairs().unwrap_or_default() {
                let key = pair.key.shown();
                if name == "workflow_dispatch" && key != "inputs" {
                    let message = format!("'{key}' means nothing to workflow_dispatch");
                    let hint = "GitHub passes it over; remove it".to_owned();
                    problems.warn(pair.key.span, pair.key.span, message, hint);
                }
            }
        }
        _ => filters(problems, event, name),
    }
}

fn filters(problems: &mut Problems<'_>, event: &Pair, name: &str) {
    for kind in ["branches", "tags", "paths"] {
        let ignored = format!("{kind}-ignore");
        let second = match event.value.pairs() {
            Some(pairs) => pairs
                .iter()
                .rfind(|pair| pair.key.text().is_some_and(|key| key == kind || key == ignored)),
            None => None,
        };
        if let Some(second) = second
            && event.value.get(kind).is_some()
            && event.value.get(&ignored).is_some()
        {
            let message =
                format!("you may only define one of `{kind}` and `{ignored}` for a single event");
            let hint =
                format!("keep `{kind}`, with a pattern that begins with `!` for what is left out");
            problems.warn(second.key.span, second.key.span, message, hint);
        }
    }
    if name == "workflow_run" && event.value.get("workflows").is_none() {
        let message = "on.workflow_run does not reference any workflows";
        problems.error_with_hint(event.key.span, message.to_owned(), "add `workflows: [NAME]`");
    }
}
