use crate::{
    ConditionError,
    error::Place,
    operator::{Binary, COMPARISON, Infix, Unary, comparison, infix, negatable},
    syntax::{Branches, Comparison, Expr, Node},
    token::{Token, TokenKind},
};

/// How deep an expression may be nested. Each level costs a few stack frames, here and in every
/// later walk; a hundred fit many times into the 2 MiB of a worker thread, and no person writes
/// that many. A chain such as `a || b || c` nests once per operator.
pub(crate) const MAX_DEPTH: usize = 100;

/// Reads the expression that `tokens` are; the last of them is the end.
pub(crate) fn parse(tokens: Vec<Token>) -> Result<Node, ConditionError> {
    parse_with(tokens, &[])
}

/// Reads an expression that sees fields of `result` under their own `names`, and not `result` itself.
pub(crate) fn parse_with(
    tokens: Vec<Token>,
    names: &'static [&'static str],
) -> Result<Node, ConditionError> {
    let mut parser = Parser::new(tokens, names);
    let node = parser.sequence()?;
    if parser.current().is_end() {
        Ok(node)
    } else {
        Err(parser.unexpected("an operator or the end"))
    }
}

/// A recursive-descent parser with operator precedence, after the grammar of expr-lang.
pub(crate) struct Parser {
    tokens: Vec<Token>,
    at: usize,
    end: Token,
    depth: usize,
    /// How many predicates surround the current token: `#` is allowed in them only.
    pub(crate) predicates: usize,
    /// Fields of `result` that are seen under their own names; none where it is seen itself.
    pub(crate) names: &'static [&'static str],
}

type Parsed = Result<Node, ConditionError>;

impl Parser {
    fn new(tokens: Vec<Token>, names: &'static [&'static str]) -> Self {
        let place = tokens.last().map_or_else(Place::default, |last| last.place);
        let end = Token { kind: TokenKind::End, place };
        Self { tokens, at: 0, end, depth: 0, predicates: 0, names }
    }

    pub(crate) fn current(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&self.end)
    }

    fn following(&self) -> &Token {
        self.tokens.get(self.at + 1).unwrap_or(&self.end)
    }

    pub(crate) fn advance(&mut self) -> Token {
        let token = self.current().clone();
        self.at += 1;
        token
    }

    /// Takes `sign` if it comes next.
    pub(crate) fn takes(&mut self, sign: &str) -> bool {
        let found = self.current().is(sign);
        if found {
            self.at += 1;
        }
        found
    }

    pub(crate) fn expect(&mut self, sign: &str) -> Result<(), ConditionError> {
        if self.takes(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    pub(crate) fn expect_name(&mut self, what: &str) -> Result<(String, Place), ConditionError> {
        let place = self.current().place;
        match &self.current().kind {
            TokenKind::Name(name) => {
                let name = name.clone();
                self.at += 1;
                Ok((name, place))
            }
            _ => Err(self.unexpected(what)),
        }
    }

    pub(crate) fn unexpected(&self, wanted: &str) -> ConditionError {
        let found = self.current();
        let hint = if found.is("=") { "; did you mean `==`?" } else { "" };
        found.place.syntax(format!("found {found} where {wanted} is expected{hint}"))
    }

    /// `a; b; c`, of which the last is the value.
    pub(crate) fn sequence(&mut self) -> Parsed {
        let place = self.current().place;
        let first = self.expression(0)?;
        let mut nodes = vec![first];
        while self.takes(";") {
            if self.current().is_end() {
                break;
            }
            nodes.push(self.expression(0)?);
        }
        match nodes.pop() {
            Some(only) if nodes.is_empty() => Ok(only),
            Some(last) => {
                nodes.push(last);
                Node::new(Expr::Sequence(nodes), place)
            }
            None => Err(self.unexpected("an expression")),
        }
    }

    /// An expression of operators that bind at least as strongly as `strength`.
    pub(crate) fn expression(&mut self, strength: u16) -> Parsed {
        self.nested(|parser| match parser.current().kind {
            TokenKind::Sign("let") if strength == 0 => parser.declaration(),
            TokenKind::Sign("if") if strength == 0 => parser.conditional_if(),
            _ => parser.operators(strength),
        })
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.depth >= MAX_DEPTH {
            return Err(too_deep(self.current().place));
        }
        self.depth += 1;
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn operators(&mut self, strength: u16) -> Parsed {
        let mut left = self.primary()?;
        let mut coalesced = false;
        while let Some((operator, negated)) = self.infix(strength)? {
            let token = self.advance();
            if coalesced && operator != Infix::Binary(Binary::Coalesce) && operator != Infix::Pipe {
                return Err(token.place.syntax(format!(
                    "{token} and `??` cannot be mixed; put one of them in parentheses"
                )));
            }
            coalesced = operator == Infix::Binary(Binary::Coalesce);
            left = match operator {
                Infix::Pipe => self.pipe(left)?,
                Infix::Compare(_) => self.comparisons(left, &token)?,
                Infix::Binary(binary) => self.binary(left, binary, &token)?,
            };
            if negated {
                left = Node::new(Expr::Unary(Unary::Not, Box::new(left)), token.place)?;
            }
        }
        if strength == 0 { self.ternary(left) } else { Ok(left) }
    }

    /// The operator that comes next, and whether `not` stands before it. `not` itself is taken.
    fn infix(&mut self, strength: u16) -> Result<Option<(Infix, bool)>, ConditionError> {
        let negated = self.current().is("not");
        let token = if negated { self.following() } else { self.current() };
        let TokenKind::Sign(sign) = token.kind else {
            return if negated { Err(self.stray_not()) } else { Ok(None) };
        };
        if negated && !negatable(sign) {
            return Err(self.stray_not());
        }
        let found = infix(sign).filter(|(_, binding)| *binding >= strength);
        if negated && found.is_some() {
            self.at += 1;
        }
        Ok(found.map(|(operator, _)| (operator, negated)))
    }

    fn stray_not(&self) -> ConditionError {
        let next = self.following();
        next.place.syntax(format!(
            "found {next} after `not`; allowed are `in`, `matches`, `contains`, `startsWith` and `endsWith`"
        ))
    }

    fn binary(&mut self, left: Node, operator: Binary, token: &Token) -> Parsed {
        let strength = infix(operator.sign()).map_or(0, |(_, strength)| strength);
        let right = self.expression(strength + u16::from(!operator.groups_right()))?;
        if let (Binary::Matches, Expr::Text(pattern)) = (operator, &right.expr) {
            let regex = crate::pattern::compile(pattern, right.place)?;
            return Node::new(Expr::Matches(Box::new(left), regex), token.place);
        }
        Node::new(Expr::Binary(operator, Box::new(left), Box::new(right)), token.place)
    }

    /// `left < b <= c`, of which the first sign is taken.
    fn comparisons(&mut self, left: Node, token: &Token) -> Parsed {
        let mut rest = Vec::new();
        let mut sign = token.clone();
        while let TokenKind::Sign(text) = sign.kind {
            let Some(operator) = comparison(text) else {
                break;
            };
            if !rest.is_empty() {
                self.at += 1;
            }
            let right = self.expression(COMPARISON + 1)?;
            rest.push(Comparison { operator, right, place: sign.place });
            sign = self.current().clone();
        }
        Node::new(Expr::Compare(Box::new(left), rest), token.place)
    }

    fn pipe(&mut self, left: Node) -> Parsed {
        let (name, place) = self.expect_name("the name of a function")?;
        self.call(&name, place, Some(left))
    }

    fn ternary(&mut self, mut node: Node) -> Parsed {
        while self.current().is("?") {
            let place = self.advance().place;
            if self.takes(":") {
                let otherwise = self.expression(0)?;
                node = Node::new(Expr::OrElse(Box::new(node), Box::new(otherwise)), place)?;
                continue;
            }
            let then = self.expression(0)?;
            self.expect(":")?;
            let otherwise = self.expression(0)?;
            node = Self::branches(node, then, otherwise, place)?;
        }
        Ok(node)
    }

    fn branches(condition: Node, then: Node, otherwise: Node, place: Place) -> Parsed {
        let branches = Branches { condition, then, otherwise };
        Node::new(Expr::If(Box::new(branches)), place)
    }

    fn declaration(&mut self) -> Parsed {
        self.expect("let")?;
        let (name, place) = self.expect_name("the name of a variable")?;
        if self.names.contains(&name.as_str()) {
            return Err(place.name(format!("`{name}` exists already; choose another name")));
        }
        self.expect("=")?;
        let value = self.expression(0)?;
        self.expect(";")?;
        let body = self.sequence()?;
        Node::new(Expr::Let(name.into(), Box::new(value), Box::new(body)), place)
    }

    fn conditional_if(&mut self) -> Parsed {
        let place = self.current().place;
        self.expect("if")?;
        let condition = self.expression(0)?;
        let then = self.block()?;
        self.expect("else")?;
        let otherwise = if self.current().is("if") {
            self.nested(Self::conditional_if)?
        } else {
            self.block()?
        };
        Self::branches(condition, then, otherwise, place)
    }

    /// `{ a; b }`
    pub(crate) fn block(&mut self) -> Parsed {
        self.expect("{")?;
        let body = self.sequence()?;
        self.expect("}")?;
        Ok(body)
    }
}

pub(crate) fn too_deep(place: Place) -> ConditionError {
    place.limit(format!(
        "the expression is nested more than {MAX_DEPTH} levels deep; use `let` or lists with `any` and `all`"
    ))
}
