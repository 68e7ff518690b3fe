use std::sync::Arc;

use tidegate_workflow::{Execution, Ids, Script, Step, StepKind, Uses, identify};

use crate::{Kind, Token};

use super::{condition, place, placed, template, texts, under};

/// Steps; those without an id get one.
pub(super) fn steps(list: &Token) -> Vec<Step> {
    let items = list.items().unwrap_or_default();
    let mut steps: Vec<Step> = items.iter().map(step).collect();
    let mut ids = Ids::default();
    for step in &steps {
        // It was checked when it was read.
        let _ = ids.take(&step.id);
    }
    identify(&mut steps, &mut ids);
    steps
}

fn step(token: &Token) -> Step {
    Step {
        place: place(token.span),
        id: token.get("id").map(Token::shown).unwrap_or_default().into(),
        name: under(token, "name"),
        continue_on_error: under(token, "continue-on-error"),
        kind: kind(token),
    }
}

fn kind(token: &Token) -> StepKind {
    let id = |token: &Token| placed(token, Arc::from(token.shown()));
    if let Some(script) = token.get("run") {
        return StepKind::Run(Box::new(Script {
            script: template(script),
            shell: under(token, "shell"),
            working_directory: under(token, "working-directory"),
            execution: execution(token),
        }));
    }
    if let Some(uses) = token.get("uses") {
        let action = placed(uses, uses.shown());
        let with = under(token, "with");
        return StepKind::Uses(Box::new(Uses { action, with, execution: execution(token) }));
    }
    if let Some(wait) = token.get("wait") {
        let ids = texts(wait);
        let ids =
            ids.into_iter().map(|id| tidegate_workflow::Placed::new(id.place, id.what.into()));
        return StepKind::Wait(ids.collect());
    }
    if let Some(cancel) = token.get("cancel") {
        return StepKind::Cancel(id(cancel));
    }
    match token.get("parallel") {
        Some(parallel) => StepKind::Parallel(steps(parallel)),
        None => StepKind::WaitAll,
    }
}

fn execution(token: &Token) -> Execution {
    let background = token.get("background").is_some_and(|one| one.kind == Kind::Boolean(true));
    Execution {
        condition: condition(token.get("if")),
        env: under(token, "env"),
        timeout_minutes: under(token, "timeout-minutes"),
        background,
    }
}
