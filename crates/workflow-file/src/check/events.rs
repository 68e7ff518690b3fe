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
                schedule(problems, item);
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

fn schedule(problems: &mut Problems<'_>, item: &Token) {
    if let Some(token) = item.get("cron")
        && let Some(text) = token.text()
    {
        if !cron::is_valid(text) {
            let message = "Invalid cron expression. Expected format: '* * * * *' (minute hour day month weekday)";
            problems.error(token.span, message);
        } else if cron::is_too_often(text) {
            let message =
                format!("This schedule asks for starts less than {} minutes apart", cron::SHORTEST);
            let hint = format!(
                "GitHub starts a scheduled workflow at most every {} minutes",
                cron::SHORTEST
            );
            problems.warn(token.span, token.span, message, hint);
        }
    }
    if let Some(zone) = item.get("timezone")
        && zone.text().is_some_and(|zone| !zone_like(zone))
    {
        let message = format!("Invalid time zone '{}'", zone.shown());
        problems.error_with_hint(
            zone.span,
            message,
            "write an IANA name such as Europe/Vienna or UTC",
        );
    }
}

/// Whether a text is written as the names of the time zone database are. Which of them there are is known to whoever
/// keeps the time.
fn zone_like(zone: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
    };
    zone.split('/').all(part)
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
