//! `${{ }}` within a text: each is parsed, and several, or one with text around it, become one call of `format`.

use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use tidegate_expression::{Expression, ParseError};

use crate::{
    Kind, Part, Place, Span, Template, definition::Allowed, node::Style, problem::Problems,
};

const OPEN: &str = "${{";
const INSERT: &str = "insert";

/// What the expressions of a place may use.
pub(crate) struct Names {
    allowed: BTreeSet<Allowed>,
    names: tidegate_expression::Names,
}

impl Names {
    /// A place without expressions.
    pub(crate) fn none() -> Self {
        Self { allowed: BTreeSet::new(), names: tidegate_expression::Names::default() }
    }

    /// These, and others.
    pub(crate) fn with<'a>(&'a self, more: impl IntoIterator<Item = &'a Allowed>) -> Self {
        let allowed: BTreeSet<Allowed> = self.allowed.iter().chain(more).cloned().collect();
        let names =
            allowed.iter().fold(tidegate_expression::Names::default(), |names, one| match one {
                Allowed::Context(name) => names.with_context(name),
                Allowed::Function(name, least, most) => {
                    names.with_function(name, *least, most.unwrap_or(usize::MAX))
                }
            });
        Self { allowed, names }
    }

    /// Whether no expression may be here at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.allowed.is_empty()
    }

    pub(crate) fn parse(&self, text: &str) -> Result<Expression, ParseError> {
        Expression::parse(text, &self.names)
    }
}

/// A piece of a text.
enum Piece {
    Plain(String),
    Expression(Part),
    Insert,
}

/// A text with `${{` in it, as a template, or as what it stands for. What is wrong is told, and the text stays a text.
pub(crate) fn expand(
    problems: &mut Problems<'_>,
    span: Span,
    text: &Arc<str>,
    style: Style,
    names: &Names,
) -> Kind {
    let as_it_is = Kind::Text(Arc::clone(text));
    let places = problems.lines.all(span, OPEN);
    let mut splitter =
        Splitter { problems, span, text, style, names, places, counted: 0, passed: 0 };
    let Some(mut pieces) = splitter.split() else { return as_it_is };
    if pieces.len() == 1 {
        return match pieces.remove(0) {
            Piece::Insert => Kind::Insert,
            Piece::Plain(text) => Kind::Text(Arc::from(text)),
            Piece::Expression(part) => match quoted(&part.text) {
                Some(text) => Kind::Text(Arc::from(text)),
                None => Kind::Expression(Arc::new(Template {
                    text: part.text.clone(),
                    expression: part.expression.clone(),
                    parts: vec![part],
                })),
            },
        };
    }
    let Some((text, parts)) = joined(pieces) else { return as_it_is };
    match names.parse(&text) {
        Ok(expression) => Kind::Expression(Arc::new(Template { text, expression, parts })),
        Err(error) => {
            problems.error(span, error.to_string());
            as_it_is
        }
    }
}

struct Splitter<'s, 't, 'v> {
    problems: &'s mut Problems<'t>,
    span: Span,
    text: &'v str,
    style: Style,
    names: &'v Names,
    /// Where `${{` is in the file, each time.
    places: Vec<Place>,
    /// Up to which byte of the text `${{` was counted, and how often it is there.
    counted: usize,
    passed: usize,
}

impl Splitter<'_, '_, '_> {
    fn split(&mut self) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut broken = false;
        let mut at = 0;
        while let Some(found) = self.text.get(at..).and_then(|rest| rest.find(OPEN)) {
            let start = at + found;
            if found > 0 {
                pieces.push(Piece::Plain(self.text.get(at..start)?.to_owned()));
            }
            let Some(end) = close(self.text, start) else {
                let message = "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found.";
                let opening = self.opening(start).unwrap_or(self.span);
                self.problems.error_within(self.span, opening, message);
                return None;
            };
            match self.piece(start, end) {
                Some(piece) => pieces.push(piece),
                None => broken = true,
            }
            at = end;
        }
        if let Some(rest) = self.text.get(at..).filter(|rest| !rest.is_empty()) {
            pieces.push(Piece::Plain(rest.to_owned()));
        }
        (!broken).then_some(pieces)
    }

    fn piece(&mut self, start: usize, end: usize) -> Option<Piece> {
        let inner = self.text.get(start + OPEN.len()..end - 2)?;
        let text = inner.trim();
        let found = self.part_span(start, end);
        let span = found.unwrap_or(self.span);
        if text.is_empty() {
            self.problems.error_within(self.span, span, "An expression was expected");
            return None;
        }
        if let Some(parameters) = directive(text) {
            return self.insert(span, parameters, start == 0 && end == self.text.len());
        }
        match self.names.parse(text) {
            Ok(expression) => {
                Some(Piece::Expression(Part { span, text: text.to_owned(), expression }))
            }
            Err(error) => {
                let lead = inner.len() - inner.trim_start().len();
                let part = found.map_or(span, |part| self.error_span(part, inner, lead, &error));
                self.problems.error_within(self.span, part, error.to_string());
                None
            }
        }
    }

    fn insert(&mut self, span: Span, parameters: usize, alone: bool) -> Option<Piece> {
        if parameters > 0 {
            let message = format!(
                "Exactly 0 parameter(s) were expected following the directive 'insert'. Actual parameter count: {parameters}"
            );
            self.problems.error_within(self.span, span, message);
            return None;
        }
        if !alone {
            let message = "The directive 'insert' is not allowed in this context. Directives are not supported for expressions that are embedded within a string. Directives are only supported when the entire value is an expression.";
            self.problems.error_within(self.span, span, message);
            return None;
        }
        Some(Piece::Insert)
    }

    /// Where the braces that begin at a byte of the text are in the file. None where the text is written otherwise there.
    fn opening(&mut self, start: usize) -> Option<Span> {
        self.passed += self.text.get(self.counted..start).unwrap_or_default().matches(OPEN).count();
        self.counted = start;
        let start = *self.places.get(self.passed)?;
        Some(Span { start, end: start.after(OPEN.len()) })
    }

    fn part_span(&mut self, start: usize, end: usize) -> Option<Span> {
        let opening = self.opening(start)?;
        let text = self.text.get(start..end).unwrap_or_default();
        if text.contains('\n') {
            return Some(opening);
        }
        let end = opening.start.after(text.chars().count());
        Some(Span { start: opening.start, end })
    }

    /// Where the part of an expression is that an error names.
    fn error_span(&self, part: Span, inner: &str, lead: usize, error: &ParseError) -> Span {
        let from = lead + error.span.start;
        let before = inner.get(..from).unwrap_or_default();
        let named = inner.get(from..lead + error.span.end).unwrap_or_default();
        let escaped = self.style == Style::Quoted && before.contains(['\'', '"', '\\']);
        if before.contains('\n') || named.is_empty() || escaped {
            return part;
        }
        let start = part.start.after(OPEN.len() + before.chars().count());
        Span { start, end: start.after(named.chars().count()) }
    }
}

/// The call of `format` that makes the text, and the expressions in it.
fn joined(pieces: Vec<Piece>) -> Option<(String, Vec<Part>)> {
    let mut format = String::new();
    let mut arguments = String::new();
    let mut parts = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Plain(text) => {
                format.push_str(&text.replace('\'', "''").replace('{', "{{").replace('}', "}}"));
            }
            Piece::Expression(part) => {
                write!(format, "{{{}}}", parts.len()).ok()?;
                write!(arguments, ", {}", part.text).ok()?;
                parts.push(part);
            }
            Piece::Insert => return None,
        }
    }
    Some((format!("format('{format}'{arguments})"), parts))
}

/// The byte behind the `}}` that closes what is opened at `start`; quotes hide braces.
fn close(text: &str, start: usize) -> Option<usize> {
    let mut in_text = false;
    let mut last = 0;
    for (index, byte) in text.bytes().enumerate().skip(start + OPEN.len()) {
        match byte {
            b'\'' => in_text = !in_text,
            b'}' if !in_text && last == b'}' => return Some(index + 1),
            _ => {}
        }
        last = byte;
    }
    None
}

/// How many words follow `insert`, if that is what a text is.
fn directive(text: &str) -> Option<usize> {
    let rest = text.strip_prefix(INSERT)?;
    if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
        return None;
    }
    Some(rest.split_whitespace().count())
}

/// The text of an expression that is nothing but a text between quotes.
fn quoted(expression: &str) -> Option<String> {
    let mut text = String::new();
    let mut inside = false;
    for (index, letter) in expression.char_indices() {
        if letter == '\'' {
            inside = !inside;
            if inside && index > 0 {
                text.push(letter);
            }
        } else if inside {
            text.push(letter);
        } else {
            return None;
        }
    }
    Some(text)
}
