use crate::{
    error::EvalError,
    eval::{Evaluated, Run},
    labels::{Labels, is_label_name},
    matcher::whole,
    series::{Series, Span},
    syntax::{Expr, ExprKind},
};

/// `label_replace(vector, target, replacement, source, pattern)`
pub(super) fn replace(run: &Run<'_>, arguments: &[Expr], span: Span) -> Evaluated<Vec<Series>> {
    let all = run.eval(argument(arguments, 0)?, span)?;
    let [target, replacement, source, pattern] = [1, 2, 3, 4].map(|index| text(arguments, index));
    let regex = whole(pattern).map_err(|_| {
        let problem = "invalid regular expression in label_replace()";
        EvalError::execution(format!("{problem}: {pattern}"))
    })?;
    if !is_label_name(target) {
        let problem = "invalid destination label name in label_replace()";
        return Err(EvalError::execution(format!("{problem}: {target}")));
    }
    relabel(run, all, span, |labels| {
        let Some(found) = regex.captures(labels.get(source)) else {
            return labels.clone();
        };
        let mut value = String::new();
        found.expand(replacement, &mut value);
        labels.with(target, &value)
    })
}

/// `label_join(vector, target, separator, source..)`
pub(super) fn join(run: &Run<'_>, arguments: &[Expr], span: Span) -> Evaluated<Vec<Series>> {
    let all = run.eval(argument(arguments, 0)?, span)?;
    let [target, separator] = [1, 2].map(|index| text(arguments, index));
    let sources: Vec<&str> = (3..arguments.len()).map(|index| text(arguments, index)).collect();
    for source in &sources {
        if !is_label_name(source) {
            let problem = "invalid source label name in label_join()";
            return Err(EvalError::execution(format!("{problem}: {source}")));
        }
    }
    if !is_label_name(target) {
        let problem = "invalid destination label name in label_join()";
        return Err(EvalError::execution(format!("{problem}: {target}")));
    }
    relabel(run, all, span, |labels| {
        let values: Vec<&str> = sources.iter().map(|source| labels.get(source)).collect();
        labels.with(target, &values.join(separator))
    })
}

fn argument(arguments: &[Expr], index: usize) -> Evaluated<&Expr> {
    arguments.get(index).ok_or_else(|| EvalError::execution("an argument is wanted"))
}

/// The types are checked: it is a text.
fn text(arguments: &[Expr], index: usize) -> &str {
    match arguments.get(index).map(|argument| &argument.bare().kind) {
        Some(ExprKind::Text(text)) => text,
        _ => "",
    }
}

/// With other labels. At each moment they must be of one series alone.
fn relabel(
    run: &Run<'_>,
    mut all: Vec<Series>,
    span: Span,
    relabelled: impl Fn(&Labels) -> Labels,
) -> Evaluated<Vec<Series>> {
    for series in &mut all {
        series.labels = relabelled(&series.labels);
    }
    run.together(&all, span)
}
