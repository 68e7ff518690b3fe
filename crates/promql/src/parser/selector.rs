use crate::{
    labels::NAME,
    literal,
    matcher::{MatchKind, Matcher},
    parser::{Parsed, Parser},
    syntax::{Moment, Selector},
    token::{Keyword, Operator, TokenKind},
};

impl Parser<'_> {
    /// A metric's name, matchers in braces, or both; with its place.
    pub(super) fn selector(&mut self) -> Parsed<(Selector, usize, usize)> {
        let first = self.peek().clone();
        let named = is_metric_name(&first.kind);
        if !named && first.kind != TokenKind::LeftBrace {
            return Err(self.unexpected(""));
        }
        let mut end = first.end();
        let name = named.then(|| self.take().text);
        let mut matchers = Vec::new();
        if self.peek().kind == TokenKind::LeftBrace {
            (matchers, end) = self.matchers()?;
        }
        if let Some(name) = &name {
            let matcher = Matcher::new(NAME, MatchKind::Equal, name);
            matchers.push(matcher.map_err(|problem| self.error(first.start, problem))?);
        }
        Ok((Selector { name, matchers, moment: Moment::default() }, first.start, end))
    }

    fn matchers(&mut self) -> Parsed<(Vec<Matcher>, usize)> {
        self.expect(&TokenKind::LeftBrace)?;
        let mut matchers = Vec::new();
        loop {
            if self.peek().kind == TokenKind::RightBrace {
                return Ok((matchers, self.take().end()));
            }
            matchers.push(self.matcher()?);
            if !self.take_if(&TokenKind::Comma) && self.peek().kind != TokenKind::RightBrace {
                return Err(self.unexpected_in("label matching", "\",\" or \"}\""));
            }
        }
    }

    fn matcher(&mut self) -> Parsed<Matcher> {
        const PLACE: &str = "label matching";
        if self.peek().kind != TokenKind::Identifier {
            return Err(self.unexpected_in(PLACE, "identifier or \"}\""));
        }
        let label = self.take();
        let kind = match self.peek().kind {
            TokenKind::Equal => MatchKind::Equal,
            TokenKind::Operator(Operator::NotEqual) => MatchKind::NotEqual,
            TokenKind::PatternEqual => MatchKind::Pattern,
            TokenKind::PatternNotEqual => MatchKind::NotPattern,
            _ => return Err(self.unexpected_in(PLACE, "label matching operator")),
        };
        self.take();
        if self.peek().kind != TokenKind::Text {
            return Err(self.unexpected_in(PLACE, "string"));
        }
        let value = literal::unquote(&self.take().text);
        let matcher = Matcher::new(&label.text, kind, &value);
        matcher.map_err(|problem| self.error(label.start, problem))
    }
}

/// Words that may also name a metric where an expression begins.
fn is_metric_name(kind: &TokenKind) -> bool {
    use {Keyword as K, Operator as O, TokenKind as T};
    matches!(
        kind,
        T::Identifier
            | T::MetricIdentifier
            | T::Aggregator(_)
            | T::Operator(O::And | O::Or | O::Unless)
            | T::Keyword(K::By | K::Offset | K::Without | K::Start | K::End)
    )
}
