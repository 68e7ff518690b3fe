//! Which job waits for which.

use std::collections::BTreeSet;

use crate::{Kind, Pair, Span, Token, problem::Problems};

/// The names that a job waits for.
pub(crate) fn of(job: &Token) -> Vec<&Token> {
    match job.get("needs") {
        Some(needs) => match &needs.kind {
            Kind::Text(_) => vec![needs],
            Kind::List(items) => items.iter().filter(|item| item.text().is_some()).collect(),
            _ => Vec::new(),
        },
        None => Vec::new(),
    }
}

/// Whether there is a first job, and each can begin once others are done.
pub(crate) fn check(problems: &mut Problems<'_>, span: Span, jobs: &[Pair]) {
    let name = |token: &Token| token.text().unwrap_or_default().to_lowercase();
    let names: BTreeSet<String> = jobs.iter().map(|job| name(&job.key)).collect();
    let mut open: Vec<(&Pair, Vec<&Token>)> =
        jobs.iter().map(|job| (job, of(&job.value))).collect();
    let mut done: BTreeSet<String> = BTreeSet::new();
    if open.iter().all(|(_, needs)| !needs.is_empty()) {
        let message = "The workflow must contain at least one job with no dependencies.";
        return problems.error(span, message);
    }
    loop {
        let before = open.len();
        open.retain_mut(|(job, needs)| {
            needs.retain(|need| !done.contains(&name(need)));
            if needs.is_empty() {
                done.insert(name(&job.key));
            }
            !needs.is_empty()
        });
        if open.len() == before {
            break;
        }
    }
    for (job, needs) in open {
        let job = job.key.text().unwrap_or_default();
        for need in needs {
            let other = need.text().unwrap_or_default();
            if names.contains(&name(need)) {
                problems.error(
                    need.span,
                    format!("Job '{job}' depends on job '{other}' which creates a cycle in the dependency graph."),
                );
            } else {
                problems.error(need.span, format!("Job '{job}' depends on unknown job '{other}'."));
            }
        }
    }
}
