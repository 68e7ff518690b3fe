use std::fmt;

use crate::error::Place;

/// A word or a sign of the language, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) place: Place,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    /// A name, `true`, `false` and `nil` included.
    Name(String),
    /// A number; its text is kept because it may be the key of a map.
    Number { text: String, value: Number },
    /// Text in quotes, its escapes undone.
    Text(String),
    /// An operator, a bracket or a keyword.
    Sign(&'static str),
    /// Nothing more comes.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    Float(f64),
}

impl Token {
    pub(crate) fn is(&self, sign: &str) -> bool {
        matches!(self.kind, TokenKind::Sign(found) if found == sign)
    }

    pub(crate) fn is_end(&self) -> bool {
        self.kind == TokenKind::End
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            TokenKind::Name(name) => write!(f, "`{name}`"),
            TokenKind::Number { text, .. } => write!(f, "the number {text}"),
            TokenKind::Text(text) => write!(f, "the string {text:?}"),
            TokenKind::Sign(sign) => write!(f, "`{sign}`"),
            TokenKind::End => f.write_str("the end of the condition"),
        }
    }
}

/// Words that are operators or keywords, not names.
pub(crate) const WORDS: [&str; 11] = [
    "not",
    "in",
    "or",
    "and",
    "matches",
    "contains",
    "startsWith",
    "endsWith",
    "let",
    "if",
    "else",
];

/// Signs, longest first, so that `**` is not read as `*` twice.
pub(crate) const SIGNS: [&str; 34] = [
    "||", "&&", "==", "!=", "<=", ">=", "**", "..", "?.", "??", "::", "(", ")", "[", "]", "{", "}",
    ",", ";", "%", "+", "-", "^", "*", "/", "<", ">", "!", "=", "|", ":", ".", "?", "#",
];
