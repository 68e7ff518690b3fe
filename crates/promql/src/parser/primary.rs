use crate::{
    function::function,
    literal,
    number::plain_text,
    parser::{Parsed, Parser},
    syntax::{Aggregate, At, Expr, ExprKind, Grouping, Moment, Subquery},
    token::{Keyword, Operator, Token, TokenKind},
};

impl Parser<'_> {
    /// A primary expression with the ranges and moments that follow it.
    pub(super) fn postfix(&mut self) -> Parsed<Expr> {
        let mut expr = self.primary()?;
        loop {
            expr = match self.peek().kind {
                TokenKind::LeftBracket => self.range(expr)?,
                TokenKind::Keyword(Keyword::Offset) => self.offset(expr)?,
                TokenKind::At => self.at(expr)?,
                _ => return Ok(expr),
            };
        }
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let token = self.peek().clone();
        match token.kind {
            TokenKind::Number => {
                self.take();
                let number = literal::number(&token.text);
                let number = number.map_err(|problem| self.error(token.start, problem))?;
                self.node(ExprKind::Number(number), token.start, token.end(), &[])
            }
            TokenKind::Text => {
                self.take();
                let text = literal::unquote(&token.text);
                self.node(ExprKind::Text(text), token.start, token.end(), &[])
            }
            TokenKind::LeftParen => self.paren(),
            TokenKind::Aggregator(_) if self.aggregates() => self.aggregate(),
            TokenKind::Identifier if self.after().kind == TokenKind::LeftParen => self.call(),
            _ => {
                let (selector, start, end) = self.selector()?;
                self.node(ExprKind::Selector(selector), start, end, &[])
            }
        }
    }

    /// Whether the next word is an aggregator, not a metric with such a name.
    fn aggregates(&self) -> bool {
        matches!(
            self.after().kind,
            TokenKind::LeftParen | TokenKind::Keyword(Keyword::By | Keyword::Without)
        )
    }

    fn paren(&mut self) -> Parsed<Expr> {
        let start = self.take().start;
        let inner = self.expression(0)?;
        let end = self.expect(&TokenKind::RightParen)?.end();
        let depth = inner.depth + 1;
        Ok(Expr { kind: ExprKind::Paren(Box::new(inner)), start, end, depth })
    }

    fn call(&mut self) -> Parsed<Expr> {
        let name = self.take();
        let (arguments, end) = self.arguments()?;
        let called = function(&name.text).ok_or_else(|| {
            self.error(name.start, format!("unknown function with name {:?}", name.text))
        })?;
        let below: Vec<_> = arguments.iter().collect();
        let node = self.node(ExprKind::Number(0.0), name.start, end, &below)?;
        Ok(Expr { kind: ExprKind::Call(called, arguments), ..node })
    }

    /// Expressions in parentheses, and where these end.
    fn arguments(&mut self) -> Parsed<(Vec<Expr>, usize)> {
        self.expect(&TokenKind::LeftParen)?;
        let mut arguments = Vec::new();
        if self.peek().kind == TokenKind::RightParen {
            return Ok((arguments, self.take().end()));
        }
        loop {
            arguments.push(self.expression(0)?);
            let comma = self.peek().start;
            if !self.take_if(&TokenKind::Comma) {
                return Ok((arguments, self.expect(&TokenKind::RightParen)?.end()));
            }
            if self.peek().kind == TokenKind::RightParen {
                return Err(self.error(comma, "trailing commas not allowed in function call args"));
            }
        }
    }

    fn aggregate(&mut self) -> Parsed<Expr> {
        let word = self.take();
        let outside = std::mem::replace(&mut self.context, "aggregation");
        let before = self.grouping()?;
        let (arguments, mut end) = self.arguments()?;
        self.context = outside;
        let grouping = match before {
            Some((grouping, _)) => grouping,
            None => match self.grouping()? {
                Some((grouping, grouping_end)) => {
                    end = grouping_end;
                    grouping
                }
                None => Grouping::By(Vec::new()),
            },
        };
        self.aggregate_of(&word, arguments, grouping, end)
    }

    fn aggregate_of(
        &self,
        word: &Token,
        mut arguments: Vec<Expr>,
        grouping: Grouping,
        end: usize,
    ) -> Parsed<Expr> {
        let TokenKind::Aggregator(aggregator) = word.kind else {
            return Err(self.unexpected(""));
        };
        let wanted = if aggregator.takes_parameter() { 2 } else { 1 };
        let given = arguments.len();
        let Some(expr) = arguments.pop() else {
            return Err(self.error(word.start, "no arguments for aggregate expression provided"));
        };
        if given != wanted {
            let problem = format!(
                "wrong number of arguments for aggregate expression provided, \
                 expected {wanted}, got {given}"
            );
            return Err(self.error(word.start, problem));
        }
        let parameter = arguments.pop();
        let below: Vec<_> = parameter.iter().chain([&expr]).collect();
        let node = self.node(ExprKind::Number(0.0), word.start, end, &below)?;
        let aggregate = Aggregate { aggregator, parameter, expr, grouping };
        Ok(Expr { kind: ExprKind::Aggregate(Box::new(aggregate)), ..node })
    }

    /// `by (..)` or `without (..)`, and where it ends.
    fn grouping(&mut self) -> Parsed<Option<(Grouping, usize)>> {
        let make = match self.peek().kind {
            TokenKind::Keyword(Keyword::By) => Grouping::By,
            TokenKind::Keyword(Keyword::Without) => Grouping::Without,
            _ => return Ok(None),
        };
        let labels = self.labels_after_word()?;
        let end = self.tokens.get(self.next.saturating_sub(1)).map_or(0, Token::end);
        Ok(Some((make(labels), end)))
    }

    fn duration(&mut self, context: &str, expected: &str) -> Parsed<i64> {
        if self.peek().kind != TokenKind::Duration {
            return Err(self.unexpected_in(context, expected));
        }
        let token = self.take();
        let millis = literal::duration(&token.text).and_then(|millis| match millis {
            0 => Err("duration must be greater than 0".to_owned()),
            millis => Ok(millis),
        });
        millis.map_err(|problem| self.error(token.start, problem))
    }

    /// `[5m]` or `[5m:10s]`.
    fn range(&mut self, expr: Expr) -> Parsed<Expr> {
        let bracket = self.take().start;
        let range = self.duration("subquery selector", "duration")?;
        if !self.take_if(&TokenKind::Colon) {
            if self.peek().kind != TokenKind::RightBracket {
                return Err(self.unexpected_in("subquery or range", "\":\" or \"]\""));
            }
            let end = self.take().end();
            return self.matrix(expr, range, bracket, end);
        }
        let mut step = None;
        if self.peek().kind != TokenKind::RightBracket {
            step = Some(self.duration("subquery selector", "duration or \"]\"")?);
        }
        if self.peek().kind != TokenKind::RightBracket {
            return Err(self.unexpected_in("subquery selector", "\"]\""));
        }
        let (start, end) = (expr.start, self.take().end());
        let node = self.node(ExprKind::Number(0.0), start, end, &[&expr])?;
        let moment = Moment::default();
        let subquery = Subquery { expr: Box::new(expr), range, step, moment };
        Ok(Expr { kind: ExprKind::Subquery(subquery), ..node })
    }

    fn matrix(&self, expr: Expr, range: i64, bracket: usize, end: usize) -> Parsed<Expr> {
        let problem = match &expr.kind {
            ExprKind::Selector(selector) if selector.moment.offset != 0 => {
                "no offset modifiers allowed before range"
            }
            ExprKind::Selector(selector) if selector.moment.at.is_some() => {
                "no @ modifiers allowed before range"
            }
            ExprKind::Selector(_) => "",
            _ => "ranges only allowed for vector selectors",
        };
        match expr.kind {
            ExprKind::Selector(selector) if problem.is_empty() => {
                Ok(Expr { kind: ExprKind::Range(selector, range), end, ..expr })
            }
            _ => Err(self.error(bracket, problem)),
        }
    }

    fn offset(&mut self, mut expr: Expr) -> Parsed<Expr> {
        self.take();
        let backwards = self.take_if(&TokenKind::Operator(Operator::Sub));
        let millis = self.duration("offset", "duration")?;
        let Some(moment) = moment(&mut expr) else {
            return Err(self.misplaced(&expr, "offset modifier"));
        };
        if moment.offset != 0 {
            return Err(self.error(expr.start, "offset may not be set multiple times"));
        }
        moment.offset = if backwards { -millis } else { millis };
        expr.end = self.last_end();
        Ok(expr)
    }

    fn last_end(&self) -> usize {
        self.tokens.get(self.next.saturating_sub(1)).map_or(0, Token::end)
    }

    fn misplaced(&self, expr: &Expr, what: &str) -> crate::ParseError {
        let must =
            "must be preceded by an instant vector selector or range vector selector or a subquery";
        self.error(expr.start, format!("{what} {must}"))
    }

    fn at(&mut self, mut expr: Expr) -> Parsed<Expr> {
        self.take();
        let at = self.moment(&expr)?;
        let Some(moment) = moment(&mut expr) else {
            return Err(self.misplaced(&expr, "@ modifier"));
        };
        if moment.at.is_some() {
            return Err(self.error(expr.start, "@ <timestamp> may not be set multiple times"));
        }
        moment.at = Some(at);
        expr.end = self.last_end();
        Ok(expr)
    }

    /// A number of seconds since 1970, `start()` or `end()`.
    fn moment(&mut self, of: &Expr) -> Parsed<At> {
        let fixed = match self.peek().kind {
            TokenKind::Keyword(Keyword::Start) => Some(At::Start),
            TokenKind::Keyword(Keyword::End) => Some(At::End),
            _ => None,
        };
        if let Some(fixed) = fixed {
            self.take();
            self.expect(&TokenKind::LeftParen)?;
            self.expect(&TokenKind::RightParen)?;
            return Ok(fixed);
        }
        let minus = self.take_if(&TokenKind::Operator(Operator::Sub));
        let _ = minus || self.take_if(&TokenKind::Operator(Operator::Add));
        if self.peek().kind != TokenKind::Number {
            return Err(self.unexpected_in("@", "timestamp"));
        }
        let token = self.take();
        let number = literal::number(&token.text);
        let number = number.map_err(|problem| self.error(token.start, problem))?;
        let seconds = if minus { -number } else { number };
        #[expect(clippy::cast_precision_loss, reason = "the bound need not be exact")]
        let furthest = i64::MAX as f64;
        if seconds.is_nan() || seconds.abs() >= furthest {
            let problem =
                format!("timestamp out of bounds for @ modifier: {}", six_digits(seconds));
            return Err(self.error(of.start, problem));
        }
        #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
        Ok(At::Time((seconds * 1000.0).round() as i64))
    }
}

/// As Go's `%f`.
fn six_digits(number: f64) -> String {
    if number.is_finite() { format!("{number:.6}") } else { plain_text(number) }
}

/// Of when an expression is, where that can be said.
fn moment(expr: &mut Expr) -> Option<&mut Moment> {
    match &mut expr.kind {
        ExprKind::Selector(selector) | ExprKind::Range(selector, _) => Some(&mut selector.moment),
        ExprKind::Subquery(subquery) => Some(&mut subquery.moment),
        _ => None,
    }
}
