//! `if`: an expression with or without its braces.

use std::sync::Arc;

use tidegate_expression::ParseError;

use crate::{Kind, Part, Span, Template, Token, expansion::Names, problem::Problems};

/// Where the part of a condition is that an error names, where the condition stands on one line without quotes.
fn named(problems: &Problems<'_>, scalar: &Token, asked: &str, error: &ParseError) -> Span {
    let Span { start, end } = scalar.span;
    let line = problems.lines.line(start.line).chars().skip(start.column as usize - 1);
    let before = asked.get(..error.span.start).unwrap_or_default().chars().count();
    let named = asked.get(error.span.start..error.span.end).unwrap_or_default().chars().count();
    if start.line != end.line
        || named == 0
        || scalar.is_expression()
        || !line.take(asked.chars().count()).eq(asked.chars())
    {
        return scalar.span;
    }
    let start = start.after(before);
    Span { start, end: start.after(named) }
}

/// What an `if` asks. None when it cannot be asked, which was told.
pub(crate) fn read(
    problems: &mut Problems<'_>,
    scalar: &Token,
    names: &Names,
    bare: bool,
) -> Option<Token> {
    let (text, parts) = match &scalar.kind {
        Kind::Expression(template) => (template.text.clone(), template.parts.clone()),
        _ => (scalar.shown().trim().to_owned(), Vec::new()),
    };
    // Braces that are still there were told to be wrong.
    if text.contains("${{") && !scalar.is_expression() {
        return None;
    }
    if text.is_empty() && bare {
        return Some(scalar.clone());
    }
    let asked = if text.is_empty() { "success()".to_owned() } else { text };
    let expression = match names.parse(&asked) {
        Ok(expression) => expression,
        Err(error) => {
            let part = named(problems, scalar, &asked, &error);
            problems.error_within(scalar.span, part, error.to_string());
            return None;
        }
    };
    let parts = if parts.is_empty() {
        vec![Part { span: scalar.span, text: asked.clone(), expression: expression.clone() }]
    } else {
        parts
    };
    if bare || expression.asks_status() {
        let template = Template { text: asked, expression, parts };
        return Some(Token { kind: Kind::Expression(Arc::new(template)), ..scalar.clone() });
    }
    let text = format!("success() && ({asked})");
    match names.parse(&text) {
        Ok(expression) => {
            let template = Template { text, expression, parts };
            Some(Token { kind: Kind::Expression(Arc::new(template)), ..scalar.clone() })
        }
        Err(error) => {
            problems.error(scalar.span, error.to_string());
            None
        }
    }
}
