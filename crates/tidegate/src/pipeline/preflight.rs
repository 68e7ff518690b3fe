//! What a run would need and cannot have here, told before anything of it runs.

use std::path::Path;

use tidegate_workflow::{Job, Step, StepKind, Steps, Token, Work, Workflow};

use super::{
    library::{Library, Remote, action_in},
    native,
};

/// Everything that cannot be had, each with its place in the workflow.
pub(crate) fn missing(workflow: &Workflow, root: &Path, library: &Library) -> Vec<String> {
    let mut missing = Vec::new();
    for job in &workflow.jobs {
        match &job.work {
            Work::Steps(steps) => own(job, steps, root, library, &mut missing),
            Work::Call(call) => {
                if let Some(called) = &call.workflow {
                    let within = self::missing(called, root, library);
                    missing
                        .extend(within.into_iter().map(|one| format!("{}: {one}", call.uses.what)));
                }
            }
        }
    }
    missing
}

fn own(job: &Job, steps: &Steps, root: &Path, library: &Library, missing: &mut Vec<String>) {
    let id = &job.id;
    if steps.container.is_some() {
        missing.push(format!(
            "{}: job {id} runs in a container: no container runtime is used for jobs yet; take `container` out, and install what it has",
            job.place
        ));
    }
    if steps.services.is_some() {
        missing.push(format!(
            "{}: job {id} has services: no container runtime is used for jobs yet; start them in a step",
            job.place
        ));
    }
    for label in labels(&steps.runs_on.token) {
        if is_elsewhere(&label) {
            missing.push(format!(
                "{}: job {id} runs on {label}, and this machine has Linux",
                steps.runs_on.place
            ));
        }
    }
    uses(&steps.steps, root, library, missing);
}

/// Whether a label asks for another system than this one.
pub(crate) fn is_elsewhere(label: &str) -> bool {
    let label = label.to_lowercase();
    label.starts_with("windows") || label.starts_with("macos")
}

fn labels(token: &Token) -> Vec<String> {
    match token {
        Token::Text(text) => vec![text.to_string()],
        Token::Sequence(items) => items.iter().flat_map(|item| labels(&item.token)).collect(),
        Token::Mapping(entries) => {
            entries.iter().flat_map(|entry| labels(&entry.value.token)).collect()
        }
        _ => vec![],
    }
}

fn uses(steps: &[Step], root: &Path, library: &Library, missing: &mut Vec<String>) {
    for step in steps {
        match &step.kind {
            StepKind::Parallel(steps) => uses(steps, root, library, missing),
            StepKind::Uses(used) => {
                let what = &used.action.what;
                if let Err(why) = found(what, root, library) {
                    missing.push(format!("{}: {what}: {why}", used.action.place));
                }
            }
            _ => {}
        }
    }
}

fn found(what: &str, root: &Path, library: &Library) -> Result<(), String> {
    if let Some(path) = what.strip_prefix("./") {
        let folder = root.join(path);
        // Steps before may make it.
        return if folder.exists() { action_in(&folder).map(drop) } else { Ok(()) };
    }
    let remote = Remote::read(what).ok_or_else(|| native::refusal(what))?;
    if native::has(&remote) { Ok(()) } else { library.has(&remote) }
}
