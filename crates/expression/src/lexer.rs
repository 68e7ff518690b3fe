use std::sync::Arc;

use crate::{
    Operator, Span, number,
    token::{Token, TokenKind},
};

/// Cuts an expression into tokens. What a sign is depends on the token before it.
pub(crate) struct Lexer<'a> {
    source: &'a str,
    at: usize,
    last: Option<TokenKind>,
    /// Brackets that are open: `StartGroup`, `StartArguments` or `StartIndex`.
    open: Vec<TokenKind>,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        Self { source, at: 0, last: None, open: Vec::new() }
    }

    /// Whether a bracket is open.
    pub(crate) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// The next token; it is [`TokenKind::Unknown`] where it may not stand.
    pub(crate) fn token(&mut self) -> Option<Token> {
        let blanks = self.rest().len() - self.rest().trim_start().len();
        self.at += blanks;
        let start = self.at;
        let first = self.rest().chars().next()?;
        let mut kind = self.read(first);
        if !kind.may_follow(self.last.as_ref()) || !self.nest(&kind) {
            kind = TokenKind::Unknown;
        }
        self.last = Some(kind.clone());
        Some(Token { kind, span: Span { start, end: self.at } })
    }

    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn read(&mut self, first: char) -> TokenKind {
        match first {
            '(' if self.last == Some(TokenKind::Function) => self.sign(TokenKind::StartArguments),
            '(' => self.sign(TokenKind::StartGroup),
            ')' if self.open.last() == Some(&TokenKind::StartArguments) => {
                self.sign(TokenKind::EndArguments)
            }
            ')' => self.sign(TokenKind::EndGroup),
            '[' => self.sign(TokenKind::StartIndex),
            ']' => self.sign(TokenKind::EndIndex),
            ',' => self.sign(TokenKind::Comma),
            '*' if self.last == Some(TokenKind::StartIndex) => self.sign(TokenKind::BracketStar),
            '*' => self.sign(TokenKind::Star),
            '\'' => self.text(),
            '!' | '>' | '<' | '=' | '&' | '|' => self.operator(),
            '.' if self.last.as_ref().is_some_and(|last| !last.wants_operand()) => {
                self.sign(TokenKind::Dot)
            }
            '.' | '-' | '+' | '0'..='9' => self.number(),
            _ => self.word(),
        }
    }

    /// A token of one byte.
    fn sign(&mut self, kind: TokenKind) -> TokenKind {
        self.at += 1;
        kind
    }

    fn number(&mut self) -> TokenKind {
        let text = self.take_until(|c| is_boundary(c) && c != '.');
        let number = number::read(text);
        if number.is_nan() { TokenKind::Unknown } else { TokenKind::Number(number) }
    }

    fn word(&mut self) -> TokenKind {
        let word = self.take_until(is_boundary);
        if !is_name(word) {
            return TokenKind::Unknown;
        }
        if self.last == Some(TokenKind::Dot) {
            return TokenKind::Property;
        }
        match word {
            "null" => TokenKind::Null,
            "true" => TokenKind::Bool(true),
            "false" => TokenKind::Bool(false),
            "NaN" => TokenKind::Number(f64::NAN),
            "Infinity" => TokenKind::Number(f64::INFINITY),
            _ if self.rest().trim_start().starts_with('(') => TokenKind::Function,
            _ => TokenKind::Context,
        }
    }

    /// A quote within the text is written twice.
    fn text(&mut self) -> TokenKind {
        self.at += 1;
        let mut text = String::new();
        while let Some((part, _)) = self.rest().split_once('\'') {
            text.push_str(part);
            self.at += part.len() + 1;
            if !self.rest().starts_with('\'') {
                return TokenKind::Text(Arc::from(text));
            }
            text.push('\'');
            self.at += 1;
        }
        self.at = self.source.len();
        TokenKind::Unknown
    }

    fn operator(&mut self) -> TokenKind {
        let rest = self.rest();
        let found = Operator::SIGNS.iter().find(|(sign, _)| rest.starts_with(sign));
        if let Some((sign, operator)) = found {
            self.at += sign.len();
            return TokenKind::Operator(*operator);
        }
        self.take_until(is_boundary);
        TokenKind::Unknown
    }

    /// Takes a character and all that come before one that ends it.
    fn take_until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.char_indices().skip(1).find(|(_, c)| ends(*c));
        let (taken, _) =
            rest.split_at_checked(end.map_or(rest.len(), |(at, _)| at)).unwrap_or((rest, ""));
        self.at += taken.len();
        taken
    }

    /// Opens or closes a bracket. Says whether the token may stand in the one that is open.
    fn nest(&mut self, kind: &TokenKind) -> bool {
        let open = self.open.last();
        match kind {
            TokenKind::StartGroup | TokenKind::StartArguments | TokenKind::StartIndex => {
                self.open.push(kind.clone());
                true
            }
            TokenKind::EndGroup => self.close(&TokenKind::StartGroup),
            TokenKind::EndArguments => self.close(&TokenKind::StartArguments),
            TokenKind::EndIndex => self.close(&TokenKind::StartIndex),
            TokenKind::Comma => open == Some(&TokenKind::StartArguments),
            _ => true,
        }
    }

    fn close(&mut self, start: &TokenKind) -> bool {
        let closes = self.open.last() == Some(start);
        if closes {
            self.open.pop();
        }
        closes
    }
}

fn is_boundary(c: char) -> bool {
    matches!(c, '(' | '[' | ')' | ']' | ',' | '.' | '!' | '>' | '<' | '=' | '&' | '|')
        || c.is_whitespace()
}

/// Whether a word can be a name: a letter or `_`, then letters, digits, `_` and `-`.
pub(crate) fn is_name(word: &str) -> bool {
    let starts = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
