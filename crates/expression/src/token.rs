use std::sync::Arc;

use crate::{Operator, Span};

/// A piece of an expression's text.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    /// `(` around an expression.
    StartGroup,
    EndGroup,
    /// `(` behind a function's name.
    StartArguments,
    EndArguments,
    StartIndex,
    EndIndex,
    Comma,
    Dot,
    /// `*` behind a dot.
    Star,
    /// `*` in brackets.
    BracketStar,
    Operator(Operator),
    Null,
    Bool(bool),
    Number(f64),
    Text(Arc<str>),
    /// A name behind a dot.
    Property,
    /// A name with `(` behind it.
    Function,
    /// The name of a context.
    Context,
    /// What is no token at all.
    Unknown,
}

impl TokenKind {
    /// Whether the token may stand behind `last`, the token before it.
    pub(crate) fn may_follow(&self, last: Option<&Self>) -> bool {
        if last == Some(&Self::BracketStar) {
            return *self == Self::EndIndex;
        }
        match self {
            Self::StartGroup
            | Self::Operator(Operator::Not)
            | Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Function
            | Self::Context => last.is_none_or(Self::wants_operand),
            Self::StartArguments => last == Some(&Self::Function),
            Self::EndArguments => {
                last.is_some_and(|last| *last == Self::StartArguments || last.ends_operand())
            }
            Self::StartIndex | Self::Dot => last.is_some_and(Self::may_be_indexed),
            Self::EndGroup | Self::EndIndex | Self::Comma | Self::Operator(_) => {
                last.is_some_and(Self::ends_operand)
            }
            Self::Star | Self::Property => last == Some(&Self::Dot),
            Self::BracketStar => last == Some(&Self::StartIndex),
            Self::Unknown => false,
        }
    }

    /// Whether an operand begins behind it.
    pub(crate) fn wants_operand(&self) -> bool {
        matches!(
            self,
            Self::Comma
                | Self::StartGroup
                | Self::StartArguments
                | Self::StartIndex
                | Self::Operator(_)
        )
    }

    fn ends_operand(&self) -> bool {
        self.may_be_indexed()
            || matches!(self, Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_))
    }

    fn may_be_indexed(&self) -> bool {
        matches!(
            self,
            Self::EndGroup
                | Self::EndArguments
                | Self::EndIndex
                | Self::Star
                | Self::Property
                | Self::Context
        )
    }
}
