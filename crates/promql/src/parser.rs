mod primary;
mod selector;

use std::sync::Arc;

use crate::{
    check,
    error::ParseError,
    lexer,
    matcher::Matcher,
    syntax::{Binary, Cardinality, Comparison, Expr, ExprKind, Matching, MatchingLabels, Sign},
    token::{Keyword, Operator, Token, TokenKind},
};

/// Levels that expressions may be nested: people write some ten, and each takes stack.
const MAX_DEPTH: usize = 128;
/// A sign binds as closely as `*`: only powers bind more closely.
const SIGN_STRENGTH: u8 = 5;

/// Reads a query and checks its types.
pub fn parse(source: &str) -> Result<Expr, ParseError> {
    let mut parser = Parser::new(source);
    if parser.peek().kind == TokenKind::End {
        return Err(ParseError::new(source, 0, "no expression found in input"));
    }
    let expr = parser.expression(0)?;
    parser.end()?;
    check::check(source, &expr)?;
    Ok(expr)
}

/// Reads a selector alone, such as `up{job="a"}`: what `match[]` takes.
pub fn parse_matchers(source: &str) -> Result<Vec<Matcher>, ParseError> {
    let mut parser = Parser::new(source);
    let (selector, ..) = parser.selector()?;
    parser.end()?;
    Ok(selector.matchers)
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    next: usize,
    nested: usize,
    /// Within what a mistake is told to be.
    context: &'static str,
    end: Token,
}

type Parsed<T> = Result<T, ParseError>;

impl<'a> Parser<'a> {
    fn new(source: &'a str) -> Self {
        let end = Token { kind: TokenKind::End, text: String::new(), start: source.len() };
        Self { source, tokens: lexer::tokens(source), next: 0, nested: 0, context: "", end }
    }

    fn peek(&self) -> &Token {
        self.tokens.get(self.next).unwrap_or(&self.end)
    }

    fn after(&self) -> &Token {
        self.tokens.get(self.next + 1).unwrap_or(&self.end)
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn take_if(&mut self, kind: &TokenKind) -> bool {
        let found = self.peek().kind == *kind;
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, kind: &TokenKind) -> Parsed<Token> {
        if self.peek().kind == *kind { Ok(self.take()) } else { Err(self.unexpected("")) }
    }

    fn end(&self) -> Parsed<()> {
        if self.peek().kind == TokenKind::End { Ok(()) } else { Err(self.unexpected("")) }
    }

    /// The next token is not what may come here.
    fn unexpected(&self, expected: &str) -> ParseError {
        self.unexpected_in(self.context, expected)
    }

    fn unexpected_in(&self, context: &str, expected: &str) -> ParseError {
        let token = self.peek();
        if let TokenKind::Broken(why) = &token.kind {
            // A parenthesis that closes nothing is read before it is told.
            let closes = why.starts_with("unexpected right parenthesis");
            let at = if closes { token.end() } else { token.start };
            return self.error(at, why.clone());
        }
        let mut message = format!("unexpected {}", token.description());
        for (word, text) in [(" in ", context), (", expected ", expected)] {
            if !text.is_empty() {
                message.push_str(word);
                message.push_str(text);
            }
        }
        self.error(token.start, message)
    }

    fn error(&self, offset: usize, message: impl Into<String>) -> ParseError {
        ParseError::new(self.source, offset, message)
    }

    /// An expression with those of `below`, each of which is a level deeper.
    fn node(&self, kind: ExprKind, start: usize, end: usize, below: &[&Expr]) -> Parsed<Expr> {
        let depth = below.iter().map(|expr| expr.depth).max().unwrap_or(0) + 1;
        if depth > MAX_DEPTH {
            Err(self.too_deep(start))
        } else {
            Ok(Expr { kind, start, end, depth })
        }
    }

    fn too_deep(&self, at: usize) -> ParseError {
        self.error(at, format!("expressions are nested more than {MAX_DEPTH} levels deep"))
    }

    /// An expression of operators that bind more closely than `weaker`.
    fn expression(&mut self, weaker: u8) -> Parsed<Expr> {
        self.nested += 1;
        if self.nested > MAX_DEPTH {
            return Err(self.too_deep(self.peek().start));
        }
        let mut left = self.signed()?;
        while let TokenKind::Operator(operator) = self.peek().kind {
            let strength = operator.strength();
            if strength <= weaker {
                break;
            }
            self.take();
            let (answer, matching) = self.modifiers()?;
            // Only powers are read from the right.
            let right_of = if operator == Operator::Pow { strength - 1 } else { strength };
            let right = self.expression(right_of)?;
            left = self.binary(Binary { operator, left, right, answer, matching })?;
        }
        self.nested -= 1;
        Ok(left)
    }

    fn binary(&self, binary: Binary) -> Parsed<Expr> {
        let (start, end) = (binary.left.start, binary.right.end);
        let depth = binary.left.depth.max(binary.right.depth) + 1;
        if depth > MAX_DEPTH {
            return Err(self.too_deep(start));
        }
        Ok(Expr { kind: ExprKind::Binary(Box::new(binary)), start, end, depth })
    }

    fn signed(&mut self) -> Parsed<Expr> {
        let sign = match self.peek().kind {
            TokenKind::Operator(Operator::Add) => Sign::Plus,
            TokenKind::Operator(Operator::Sub) => Sign::Minus,
            _ => return self.postfix(),
        };
        let start = self.take().start;
        let inner = self.expression(SIGN_STRENGTH)?;
        if let ExprKind::Number(number) = inner.kind {
            let number = if sign == Sign::Minus { -number } else { number };
            return Ok(Expr { kind: ExprKind::Number(number), start, ..inner });
        }
        let (end, depth) = (inner.end, inner.depth + 1);
        if depth > MAX_DEPTH {
            return Err(self.too_deep(start));
        }
        Ok(Expr { kind: ExprKind::Sign(sign, Box::new(inner)), start, end, depth })
    }

    /// `bool`, `on`, `ignoring`, `group_left` and `group_right`.
    fn modifiers(&mut self) -> Parsed<(Comparison, Matching)> {
        let is_bool = self.take_if(&TokenKind::Keyword(Keyword::Bool));
        let answer = if is_bool { Comparison::Bool } else { Comparison::Filter };
        let mut matching = Matching {
            labels: MatchingLabels::Ignoring(Vec::new()),
            grouping: Cardinality::OneToOne,
            include: Vec::new(),
        };
        matching.labels = match self.peek().kind {
            TokenKind::Keyword(Keyword::On) => MatchingLabels::On(self.labels_after_word()?),
            TokenKind::Keyword(Keyword::Ignoring) => {
                MatchingLabels::Ignoring(self.labels_after_word()?)
            }
            _ => return Ok((answer, matching)),
        };
        matching.grouping = match self.peek().kind {
            TokenKind::Keyword(Keyword::GroupLeft) => Cardinality::ManyToOne,
            TokenKind::Keyword(Keyword::GroupRight) => Cardinality::OneToMany,
            _ => return Ok((answer, matching)),
        };
        self.take();
        if self.peek().kind == TokenKind::LeftParen {
            matching.include = self.labels()?;
        }
        Ok((answer, matching))
    }

    fn labels_after_word(&mut self) -> Parsed<Vec<Arc<str>>> {
        self.take();
        self.labels()
    }

    /// Names of labels in parentheses; a comma may follow the last.
    fn labels(&mut self) -> Parsed<Vec<Arc<str>>> {
        const PLACE: &str = "grouping opts";
        let mut labels: Vec<Arc<str>> = Vec::new();
        if !self.take_if(&TokenKind::LeftParen) {
            return Err(self.unexpected_in(PLACE, "\"(\""));
        }
        while !self.take_if(&TokenKind::RightParen) {
            let token = self.peek();
            let word = matches!(
                token.kind,
                TokenKind::Identifier
                    | TokenKind::Keyword(_)
                    | TokenKind::Aggregator(_)
                    | TokenKind::Operator(
                        Operator::And | Operator::Or | Operator::Unless | Operator::Atan2
                    )
            );
            // `without` is the one word that Prometheus takes for no label.
            if !word || token.kind == TokenKind::Keyword(Keyword::Without) {
                return Err(self.unexpected_in(PLACE, "label"));
            }
            labels.push(self.take().text.into());
            let more = self.take_if(&TokenKind::Comma);
            if !more && self.peek().kind != TokenKind::RightParen {
                return Err(self.unexpected_in(PLACE, "\",\" or \")\""));
            }
        }
        Ok(labels)
    }
}
