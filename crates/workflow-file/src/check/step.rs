use super::{Identifiers, identifier::reserved, uses};
use crate::{Kind, Span, Token, problem::Problems};

/// Whose steps they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// A job's.
    Workflow,
    /// Those within `parallel` of a step, which is there.
    Parallel(Span),
    /// A composite action's, where GitHub looks at `uses` only when the action runs.
    Action,
}

/// The steps of a job, or of an action.
pub(crate) fn steps(problems: &mut Problems<'_>, list: &Token, scope: Scope) {
    let mut known = Identifiers::default();
    for step in list.items().unwrap_or_default() {
        check(problems, step, &mut known, scope);
    }
}

fn check(problems: &mut Problems<'_>, step: &Token, known: &mut Identifiers, scope: Scope) {
    let own = step.get("id").and_then(Token::text);
    if let Some(id) = step.get("id")
        && let Some(name) = own
        && let Err(message) = known.take(name)
    {
        problems.error(id.span, message);
    }
    if let Some(called) = step.get("uses")
        && scope != Scope::Action
    {
        uses::action(problems, called);
    }
    for name in ["wait", "cancel"] {
        let targets = step.get(name).map(targets).unwrap_or_default();
        for target in targets {
            check_target(problems, target, own, known);
        }
    }
    if let Some(all) = step.get("wait-all")
        && all.kind == Kind::Boolean(false)
    {
        problems.error(all.span, "The value of 'wait-all' must be true or omitted");
    }
    if let Scope::Parallel(outer) = scope {
        within_parallel(problems, step, outer);
    }
    if let Some(parallel) = step.get("parallel") {
        steps(problems, parallel, Scope::Parallel(step.span));
    }
}

fn targets(token: &Token) -> Vec<&Token> {
    match &token.kind {
        Kind::List(items) => items.iter().collect(),
        _ => vec![token],
    }
}

fn check_target(
    problems: &mut Problems<'_>,
    target: &Token,
    own: Option<&str>,
    known: &Identifiers,
) {
    let Some(name) = target.text() else { return };
    if name.starts_with("__") {
        problems.error(target.span, reserved(name));
    } else if let Some(own) = own.filter(|own| own.eq_ignore_ascii_case(name)) {
        problems.error(target.span, format!("Step '{own}' cannot reference itself"));
    } else if !known.has(name) {
        problems.error(target.span, format!("Step references unknown step ID '{name}'"));
    }
}

/// Steps within `parallel` are in the background, and there is nothing to wait for among them.
fn within_parallel(problems: &mut Problems<'_>, step: &Token, outer: Span) {
    for name in ["background", "wait", "wait-all", "cancel", "parallel"] {
        let Some(value) = step.get(name) else { continue };
        let reason = match name {
            "background" => " Steps in a parallel block are automatically run as background steps.",
            _ => "",
        };
        let message = format!("'{name}' is not allowed inside a parallel block.{reason}");
        problems.error_within(outer, value.span, message);
    }
}
