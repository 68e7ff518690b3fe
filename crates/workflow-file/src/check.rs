//! What GitHub checks of a workflow beyond its grammar.

mod container;
mod cron;
mod events;
mod identifier;
mod inputs;
mod job;
mod matrix;
mod needs;
mod step;
mod uses;

use crate::{Kind, Token, problem::Problems};

pub(crate) use identifier::Identifiers;
pub(crate) use step::{Scope, steps};

/// Checks all of a workflow that the grammar let through; what it did not is passed over.
pub(crate) fn workflow(problems: &mut Problems<'_>, root: &Token) {
    if let Some(on) = root.get("on") {
        events::check(problems, on);
    }
    if let Some(concurrency) = root.get("concurrency") {
        concurrency_group(problems, concurrency);
    }
    let Some(jobs) = root.get("jobs") else { return };
    let Some(pairs) = jobs.pairs() else { return };
    let before = problems.count();
    for pair in pairs {
        job::check(problems, &pair.key, &pair.value);
    }
    // Whoever needs a job whose name is wrong would be told that it is unknown.
    if problems.count() == before {
        needs::check(problems, jobs.span, pairs);
    }
}

/// Longer names of groups are refused by GitHub.
const LONGEST_GROUP: usize = 400;

/// The name of a concurrency group, where it is known.
fn concurrency_group(problems: &mut Problems<'_>, concurrency: &Token) {
    let group = match &concurrency.kind {
        Kind::Text(group) => Some(&**group),
        _ => concurrency.get("group").and_then(Token::text),
    };
    if group.is_some_and(|group| group.chars().count() > LONGEST_GROUP) {
        let message =
            format!("Concurrency group name must be less than {LONGEST_GROUP} characters");
        problems.error(concurrency.span, message);
    }
}
