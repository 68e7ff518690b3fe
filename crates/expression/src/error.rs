use crate::{MAX_DEPTH, MAX_LENGTH, Span, text};

/// Why a text is no expression. The message is that of GitHub's own parser.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Where it is; empty for what is wrong with all of it.
    pub span: Span,
    message: String,
}

/// What is wrong with an expression's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseErrorKind {
    /// Something that cannot stand where it stands.
    UnexpectedSymbol,
    /// It ends too early.
    UnexpectedEnd,
    /// A context that does not exist, or not here.
    UnrecognizedContext,
    /// A function that does not exist, or not here.
    UnrecognizedFunction,
    /// A function lacks arguments.
    TooFewArguments,
    /// A function has more arguments than it takes.
    TooManyArguments,
    /// `case` has an even number of arguments, and so no last one to fall back on.
    EvenArguments,
    /// It is nested more than [`MAX_DEPTH`] deep.
    TooDeep,
    /// It is longer than [`MAX_LENGTH`].
    TooLong,
}

impl ParseError {
    /// An error about the part of `source` that `span` is.
    pub(crate) fn at(kind: ParseErrorKind, span: Span, source: &str) -> Self {
        let token = source.get(span.start..span.end).unwrap_or_default();
        let position = source.get(..span.start).map_or(0, text::length) + 1;
        let message = format!(
            "{}: '{token}'. Located at position {position} within expression: {source}",
            kind.describe()
        );
        Self { kind, span, message }
    }

    /// An error about all of it.
    pub(crate) fn whole(kind: ParseErrorKind) -> Self {
        Self { kind, span: Span::default(), message: kind.describe() }
    }
}

impl ParseErrorKind {
    fn describe(self) -> String {
        match self {
            Self::UnexpectedSymbol => "Unexpected symbol".to_owned(),
            Self::UnexpectedEnd => "Unexpected end of expression".to_owned(),
            Self::UnrecognizedContext => "Unrecognized named-value".to_owned(),
            Self::UnrecognizedFunction => "Unrecognized function".to_owned(),
            Self::TooFewArguments => "Too few parameters supplied".to_owned(),
            Self::TooManyArguments => "Too many parameters supplied".to_owned(),
            Self::EvenArguments => {
                "Even number of parameters supplied, requires an odd number of parameters"
                    .to_owned()
            }
            Self::TooDeep => format!("Exceeded max expression depth {MAX_DEPTH}"),
            Self::TooLong => format!("Exceeded max expression length {MAX_LENGTH}"),
        }
    }
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The part of the expression that has none.
    pub span: Span,
    /// What went wrong, as GitHub says it.
    pub message: String,
}
