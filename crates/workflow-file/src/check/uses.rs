//! What `uses` names: an action of a step, or a workflow of a job.

use crate::{Token, problem::Problems};

/// An action: `owner/repository[/path]@ref`, `./path` or `docker://image`.
pub(super) fn action(problems: &mut Problems<'_>, uses: &Token) {
    let Some(text) = uses.text() else { return };
    let local = ["docker://", "./", ".\\", "$/"];
    if local.iter().any(|prefix| text.starts_with(prefix)) {
        return;
    }
    let well_formed = match text.split('@').collect::<Vec<_>>().as_slice() {
        [path, reference] => segments(path) >= 2 && !reference.is_empty(),
        _ => false,
    };
    if !well_formed {
        let message = format!("Expected format {{org}}/{{repo}}[/path]@ref. Actual '{text}'");
        problems.error(uses.span, message);
    }
}

/// A workflow: `owner/repository/.github/workflows/file@ref` or `./.github/workflows/file`.
pub(super) fn workflow(problems: &mut Problems<'_>, uses: &Token) {
    let Some(text) = uses.text() else { return };
    let local = text.strip_prefix("./").or_else(|| text.strip_prefix("$/"));
    let reason = match local {
        Some(path) => {
            if path.contains('@') {
                Some("a local workflow has no version, it is of the same commit")
            } else {
                misplaced(path)
            }
        }
        None => remote(text),
    };
    let Some(reason) = reason else { return };
    let message = format!("Invalid workflow reference '{text}': {reason}");
    let hint =
        "write ./.github/workflows/FILE.yml, or OWNER/REPOSITORY/.github/workflows/FILE.yml@REF";
    // GitHub's parser takes what is elsewhere, and the service refuses it once the workflow is to run.
    if [MISPLACED, MISNAMED].contains(&reason) {
        problems.warn(uses.span, uses.span, message, hint.to_owned());
    } else {
        problems.error_with_hint(uses.span, message, hint);
    }
}

const MISPLACED: &str = "workflows are in '.github/workflows/' itself";
const MISNAMED: &str = "the file of a workflow ends in .yml or .yaml";

fn remote(text: &str) -> Option<&'static str> {
    let Some((path, reference)) = text.split_once('@') else {
        return Some("no version specified");
    };
    if reference.is_empty() {
        return Some("no version specified");
    }
    let mut parts = path.splitn(3, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(owner), Some(repository), Some(file))
            if !owner.is_empty() && !repository.is_empty() =>
        {
            misplaced(file)
        }
        _ => Some("it must begin with 'owner/repository/', or with './' for a local workflow"),
    }
}

fn misplaced(path: &str) -> Option<&'static str> {
    let Some(file) = path.strip_prefix(".github/workflows/") else {
        return Some(MISPLACED);
    };
    if file.contains('/') {
        return Some(MISPLACED);
    }
    let named = [".yml", ".yaml"].iter().any(|end| file.len() > end.len() && file.ends_with(end));
    (!named).then_some(MISNAMED)
}

fn segments(path: &str) -> usize {
    path.split(['/', '\\']).filter(|segment| !segment.is_empty()).count()
}
