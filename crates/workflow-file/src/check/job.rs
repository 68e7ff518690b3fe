use super::{Identifiers, Scope, concurrency_group, container, matrix, steps, uses};
use crate::{Token, problem::Problems};

/// A job by itself.
pub(super) fn check(problems: &mut Problems<'_>, key: &Token, job: &Token) {
    if let Err(message) = Identifiers::default().take(key.text().unwrap_or_default()) {
        problems.error(key.span, message);
    }
    if let Some(concurrency) = job.get("concurrency") {
        concurrency_group(problems, concurrency);
    }
    if let Some(container) = job.get("container") {
        container::check(problems, container, container::Role::Job);
    }
    for pair in job.get("services").and_then(Token::pairs).unwrap_or_default() {
        container::check(problems, &pair.value, container::Role::Service);
    }
    if let Some(group) = job.get("runs-on").and_then(|runs_on| runs_on.get("group")) {
        runner_group(problems, group);
    }
    if let Some(strategy) = job.get("strategy") {
        matrix::check(problems, strategy);
    }
    if let Some(version) = job.get("snapshot").and_then(|snapshot| snapshot.get("version")) {
        snapshot_version(problems, version);
    }
    if let Some(called) = job.get("uses") {
        uses::workflow(problems, called);
    }
    if let Some(list) = job.get("steps") {
        steps(problems, list, Scope::Workflow);
    }
}

/// A group's name may say whose group it is.
fn runner_group(problems: &mut Problems<'_>, group: &Token) {
    let Some(name) = group.text() else { return };
    let parts: Vec<&str> = name.split('/').collect();
    let owners = ["org", "organization", "ent", "enterprise"];
    let message = match parts.as_slice() {
        [_] => return,
        [_, ""] => format!("Invalid runs-on group name '{name}'."),
        [owner, _] if owners.contains(owner) => return,
        _ => format!(
            "Invalid runs-on group name '{name}'. Please use 'organization/' or 'enterprise/' prefix to target a single runner group."
        ),
    };
    problems.error(group.span, message);
}

fn snapshot_version(problems: &mut Problems<'_>, version: &Token) {
    let Some(text) = version.text() else { return };
    let major = text.strip_suffix(".*");
    if !major.is_some_and(|major| {
        !major.is_empty()
            && major.bytes().all(|byte| byte.is_ascii_digit())
            && major.parse::<i32>().is_ok()
    }) {
        let message = format!("Expected format '{{major-version}}.*' Actual '{text}'");
        problems.error(version.span, message);
    }
}
