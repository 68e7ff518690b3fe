//! Reads an expression by operator precedence with stacks of its own: brackets may be nested as deep as a
//! text is long, and nothing here recurses.

use crate::{
    Function, Kind, MAX_DEPTH, MAX_LENGTH, Names, Node, Operator, ParseError, ParseErrorKind, Span,
    Value,
    lexer::Lexer,
    names::Arity,
    text,
    token::{Token, TokenKind},
};

/// Reads `source`; `None` when nothing is written.
pub(crate) fn parse(source: &str, names: &Names) -> Result<Option<Node>, ParseError> {
    if text::length(source) > MAX_LENGTH {
        return Err(ParseError::whole(ParseErrorKind::TooLong));
    }
    let mut parser = Parser::new(source, names);
    let mut lexer = Lexer::new(source);
    let mut last = None;
    while let Some(token) = lexer.token() {
        parser.take(&token)?;
        last = Some(token);
    }
    let Some(last) = last else { return Ok(None) };
    if lexer.is_open() || last.kind.wants_operand() || last.kind == TokenKind::Dot {
        return Err(parser.error(ParseErrorKind::UnexpectedEnd, last.span));
    }
    parser.finish()
}

struct Parser<'a> {
    source: &'a str,
    names: &'a Names,
    operands: Vec<Operand>,
    pending: Vec<Pending>,
    /// Told at the end: whatever else is wrong is told first.
    too_deep: bool,
}

/// A part that is read.
struct Operand {
    node: Node,
    depth: usize,
}

/// What waits for the operands behind it.
enum Pending {
    Operator(Operator, Span),
    Group(Span),
    Index,
    /// A function whose arguments begin at that operand.
    Call(Function, Arity, Span, usize),
}

impl<'a> Parser<'a> {
    fn new(source: &'a str, names: &'a Names) -> Self {
        let (operands, pending) = (Vec::new(), Vec::new());
        Self { source, names, operands, pending, too_deep: false }
    }

    fn error(&self, kind: ParseErrorKind, span: Span) -> ParseError {
        ParseError::at(kind, span, self.source)
    }

    fn take(&mut self, token: &Token) -> Result<(), ParseError> {
        let span = token.span;
        match &token.kind {
            TokenKind::Unknown => return Err(self.error(ParseErrorKind::UnexpectedSymbol, span)),
            TokenKind::Null => self.literal(Value::Null, span),
            TokenKind::Bool(value) => self.literal(Value::Bool(*value), span),
            TokenKind::Number(value) => self.literal(Value::Number(*value), span),
            TokenKind::Text(value) => self.literal(Value::Text(value.clone()), span),
            TokenKind::Context => self.context(span)?,
            TokenKind::Function => self.function(span)?,
            TokenKind::Operator(operator) => self.operator(*operator, span),
            TokenKind::StartGroup => self.pending.push(Pending::Group(span)),
            TokenKind::StartIndex => self.pending.push(Pending::Index),
            TokenKind::Property => {
                let name = self.text(span).into();
                self.index(Operand::new(Kind::Literal(name), span), span);
            }
            TokenKind::BracketStar => self.push(Kind::Star, span, 1),
            TokenKind::Star => self.index(Operand::new(Kind::Star, span), span),
            TokenKind::EndGroup => self.end_group(span),
            TokenKind::EndIndex => self.end_index(span),
            TokenKind::EndArguments => self.end_arguments(span)?,
            TokenKind::Comma => self.flush(0),
            TokenKind::Dot | TokenKind::StartArguments => {}
        }
        Ok(())
    }

    fn text(&self, span: Span) -> &'a str {
        self.source.get(span.start..span.end).unwrap_or_default()
    }

    fn literal(&mut self, value: Value, span: Span) {
        self.push(Kind::Literal(value), span, 1);
    }

    fn context(&mut self, span: Span) -> Result<(), ParseError> {
        let unknown = || self.error(ParseErrorKind::UnrecognizedContext, span);
        let name = self.names.context(self.text(span)).ok_or_else(unknown)?;
        self.push(Kind::Context(name), span, 1);
        Ok(())
    }

    fn function(&mut self, span: Span) -> Result<(), ParseError> {
        let unknown = || self.error(ParseErrorKind::UnrecognizedFunction, span);
        let (function, arity) = self.names.function(self.text(span)).ok_or_else(unknown)?;
        self.pending.push(Pending::Call(function, arity, span, self.operands.len()));
        Ok(())
    }

    fn operator(&mut self, operator: Operator, span: Span) {
        if operator != Operator::Not {
            self.flush(operator.precedence());
        }
        self.pending.push(Pending::Operator(operator, span));
    }

    /// Gives the operators that bind at least so tightly their operands, up to the bracket that is open.
    fn flush(&mut self, precedence: u8) {
        while let Some(Pending::Operator(operator, span)) = self.pending.last() {
            if operator.precedence() < precedence {
                return;
            }
            let (operator, span) = (*operator, *span);
            self.pending.pop();
            self.apply(operator, span);
        }
    }

    fn apply(&mut self, operator: Operator, sign: Span) {
        let Some(right) = self.operands.pop() else { return };
        if operator == Operator::Not {
            let (span, depth) = (sign.to(right.node.span), right.depth + 1);
            self.push(Kind::Operator(operator, vec![right.node]), span, depth);
            return;
        }
        let Some(left) = self.operands.pop() else { return };
        let span = left.node.span.to(right.node.span);
        let depth = left.levels_in(operator).max(right.levels_in(operator));
        let mut parts = left.node.parts_of(operator);
        parts.extend(right.node.parts_of(operator));
        self.push(Kind::Operator(operator, parts), span, depth);
    }

    /// The operand before it, indexed.
    fn index(&mut self, index: Operand, end: Span) {
        let Some(value) = self.operands.pop() else { return };
        let span = value.node.span.to(end);
        let depth = value.depth.max(index.depth) + 1;
        self.push(Kind::Index(Box::new([value.node, index.node])), span, depth);
    }

    fn end_group(&mut self, end: Span) {
        self.flush(0);
        if let (Some(Pending::Group(start)), Some(operand)) =
            (self.pending.pop(), self.operands.last_mut())
        {
            operand.node.span = start.to(end);
        }
    }

    fn end_index(&mut self, end: Span) {
        self.flush(0);
        self.pending.pop();
        if let Some(index) = self.operands.pop() {
            self.index(index, end);
        }
    }

    fn end_arguments(&mut self, end: Span) -> Result<(), ParseError> {
        self.flush(0);
        let Some(Pending::Call(function, arity, name, first)) = self.pending.pop() else {
            return Ok(());
        };
        let arguments = self.operands.split_off(first.min(self.operands.len()));
        let count = arguments.len();
        let wrong = if count < arity.least {
            Some(ParseErrorKind::TooFewArguments)
        } else if count > arity.most {
            Some(ParseErrorKind::TooManyArguments)
        } else if function == Function::Case && count.is_multiple_of(2) {
            Some(ParseErrorKind::EvenArguments)
        } else {
            None
        };
        if let Some(wrong) = wrong {
            return Err(self.error(wrong, name));
        }
        let depth = arguments.iter().map(|argument| argument.depth).max().unwrap_or(0) + 1;
        let arguments = arguments.into_iter().map(|argument| argument.node).collect();
        self.push(Kind::Call(function, arguments), name.to(end), depth);
        Ok(())
    }

    /// What is too deep is let go at once, so that no tree is deeper than may be walked.
    fn push(&mut self, kind: Kind, span: Span, depth: usize) {
        let fits = depth <= MAX_DEPTH;
        self.too_deep |= !fits;
        let (kind, depth) = if fits { (kind, depth) } else { (Kind::Literal(Value::Null), 1) };
        self.operands.push(Operand { node: Node { span, kind }, depth });
    }

    fn finish(mut self) -> Result<Option<Node>, ParseError> {
        self.flush(0);
        if self.too_deep {
            return Err(ParseError::whole(ParseErrorKind::TooDeep));
        }
        Ok(self.operands.pop().map(|operand| operand.node))
    }
}

impl Operand {
    /// How deep an operator is that has this operand.
    fn levels_in(&self, operator: Operator) -> usize {
        if self.node.is_more_of(operator) { self.depth } else { self.depth + 1 }
    }

    fn new(kind: Kind, span: Span) -> Self {
        Self { node: Node { span, kind }, depth: 1 }
    }
}

impl Node {
    /// Whether it is of the same `&&` or `||`: `a && (b && c)` is `a && b && c`.
    fn is_more_of(&self, operator: Operator) -> bool {
        matches!(operator, Operator::And | Operator::Or)
            && matches!(self.kind, Kind::Operator(inner, _) if inner == operator)
    }

    fn parts_of(self, operator: Operator) -> Vec<Self> {
        if !self.is_more_of(operator) {
            return vec![self];
        }
        match self.kind {
            Kind::Operator(_, parts) => parts,
            _ => Vec::new(),
        }
    }
}
