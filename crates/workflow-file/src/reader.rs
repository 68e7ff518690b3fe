//! Holds a document to a grammar, and makes tokens of it.

use std::{collections::BTreeSet, rc::Rc, sync::Arc};

use crate::{
    Kind, Pair, Span, Token,
    definition::{Entries, Grammar, Id, Shape},
    expansion::{Names, expand},
    node::{Content, Node, Style},
    problem::Problems,
};

/// A place of the grammar, and what its expressions may use.
#[derive(Clone)]
pub(crate) struct Spot {
    id: Id,
    pub(crate) names: Rc<Names>,
}

pub(crate) struct Reader<'p, 't> {
    pub(crate) problems: &'p mut Problems<'t>,
    pub(crate) grammar: &'static Grammar,
}

/// The tokens of a document, held to a definition of a grammar.
pub(crate) fn read(
    problems: &mut Problems<'_>,
    grammar: &'static Grammar,
    document: &Node,
    definition: &str,
) -> Token {
    let mut reader = Reader { problems, grammar };
    let outside = Spot { id: grammar.named(definition), names: Rc::new(Names::none()) };
    let spot = reader.inner(&outside, outside.id);
    reader.value(document, &spot)
}

impl Reader<'_, '_> {
    fn inner(&self, spot: &Spot, id: Id) -> Spot {
        let allowed = self.grammar.allowed(id);
        let names = if allowed.is_empty() {
            Rc::clone(&spot.names)
        } else {
            Rc::new(spot.names.with(allowed))
        };
        Spot { id, names }
    }

    fn value(&mut self, node: &Node, spot: &Spot) -> Token {
        match &node.content {
            Content::List(items) => self.list(node.span, items, spot),
            Content::Map(pairs) => self.map(node.span, pairs, spot),
            _ => {
                let scalar = self.scalar(node, spot);
                self.fitting(scalar, spot)
            }
        }
    }

    fn list(&mut self, span: Span, items: &[Node], spot: &Spot) -> Token {
        let grammar = self.grammar;
        let item = grammar.choices(spot.id).into_iter().find_map(|shape| match shape {
            Shape::List(item) => Some(*item),
            _ => None,
        });
        let Some(item) = item else {
            self.problems.error(span, "A sequence was not expected");
            return Token { span, kind: Kind::Null };
        };
        let inner = self.inner(spot, item);
        let tokens = items.iter().map(|item| self.value(item, &inner)).collect();
        Token { span, kind: Kind::List(tokens) }
    }

    fn map(&mut self, span: Span, pairs: &[(Node, Node)], spot: &Spot) -> Token {
        let mut choices: Vec<&'static Entries> = Vec::new();
        for shape in self.grammar.choices(spot.id) {
            if let Shape::Map(entries) = shape {
                choices.push(entries);
            }
        }
        if choices.is_empty() {
            self.problems.error(span, "A mapping was not expected");
            return Token { span, kind: Kind::Null };
        }
        let mut seen = BTreeSet::new();
        let mut computed = false;
        let mut tokens = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let Some(key) = self.key(key, spot, &mut seen) else { continue };
            computed |= key.is_expression();
            if let Some(value) = self.entry(&key, value, spot, &mut choices) {
                tokens.push(Pair { key, value });
            }
        }
        self.check_choice(span, &choices, &seen, computed);
        Token { span, kind: Kind::Map(tokens) }
    }

    /// The key of an entry; none where it cannot be one, which was told.
    fn key(&mut self, key: &Node, spot: &Spot, seen: &mut BTreeSet<String>) -> Option<Token> {
        if matches!(key.content, Content::List(_) | Content::Map(_) | Content::Refused) {
            self.problems.error(key.span, "Unexpected mapping key: a key is a scalar");
            return None;
        }
        let token = self.scalar(key, spot);
        if token.is_expression() {
            if spot.names.is_empty() {
                self.not_here(token.span);
                return None;
            }
            return Some(token);
        }
        let text = token.shown();
        if !seen.insert(text.to_uppercase()) {
            self.problems.error(token.span, format!("'{text}' is already defined"));
            return None;
        }
        Some(Token { kind: Kind::Text(Arc::from(text)), ..token })
    }

    fn entry(
        &mut self,
        key: &Token,
        value: &Node,
        spot: &Spot,
        choices: &mut Vec<&'static Entries>,
    ) -> Option<Token> {
        let others = choices.first().and_then(|entries| entries.others);
        let only_others = choices.iter().all(|entries| entries.known.is_empty());
        let Some(name) = key.text() else {
            let id = match others {
                Some((_, value)) if only_others => value,
                _ => self.grammar.named("any"),
            };
            let inner = self.inner(spot, id);
            return Some(self.value(value, &inner));
        };
        let known = choices.iter().filter_map(|entries| entries.get(name)).next_back();
        if let Some(entry) = known {
            choices.retain(|entries| entries.get(name).is_some());
            let inner = self.inner(spot, entry.value);
            return Some(self.value(value, &inner));
        }
        let Some((keys, values)) = others else {
            self.unexpected(key, name, choices);
            return None;
        };
        let inner = self.inner(spot, keys);
        self.fitting(key.clone(), &inner);
        let inner = self.inner(spot, values);
        Some(self.value(value, &inner))
    }

    fn unexpected(&mut self, key: &Token, name: &str, choices: &[&Entries]) {
        // What is meant is not looked for when nobody is told.
        if self.problems.is_full() {
            return;
        }
        let message = format!("Unexpected value '{name}'");
        let names =
            choices.iter().flat_map(|entries| &entries.known).map(|entry| entry.name.as_str());
        match closest(name, names) {
            Some(meant) => {
                let hint = format!("did you mean '{meant}'?");
                self.problems.error_with_hint(key.span, message, &hint);
            }
            None => self.problems.error(key.span, message),
        }
    }

    fn check_choice(
        &mut self,
        span: Span,
        choices: &[&Entries],
        seen: &BTreeSet<String>,
        computed: bool,
    ) {
        match choices {
            [only] if !computed => {
                for entry in only.known.iter().filter(|entry| entry.required) {
                    if !seen.contains(&entry.name.to_uppercase()) {
                        let message = format!("Required property is missing: {}", entry.name);
                        self.problems.error(span, message);
                    }
                }
            }
            [] | [_] => {}
            several => {
                let names = telling(several).join(", ");
                let message = format!(
                    "There's not enough info to determine what you meant. Add one of these properties: {names}"
                );
                self.problems.error(span, message);
            }
        }
    }

    /// A scalar, its expressions parsed.
    fn scalar(&mut self, node: &Node, spot: &Spot) -> Token {
        let span = node.span;
        let kind = match &node.content {
            Content::Boolean(value) => Kind::Boolean(*value),
            Content::Number(value) => Kind::Number(*value),
            Content::Text(text, style) => self.text(span, text, *style, spot),
            _ => Kind::Null,
        };
        Token { span, kind }
    }

    fn text(&mut self, span: Span, text: &Arc<str>, style: Style, spot: &Spot) -> Kind {
        if text.contains("${{") {
            expand(self.problems, span, text, style, &spot.names)
        } else {
            Kind::Text(Arc::clone(text))
        }
    }

    /// The scalar as the place has it; what does not fit is told.
    fn fitting(&mut self, scalar: Token, spot: &Spot) -> Token {
        let choices = self.grammar.choices(spot.id);
        let condition = choices
            .iter()
            .find(|shape| matches!(shape, Shape::Condition | Shape::BareCondition))
            .copied();
        match &scalar.kind {
            Kind::Insert => {
                self.problems.error(scalar.span, "Unexpected value '${{ insert }}'");
                scalar
            }
            Kind::Expression(_) if spot.names.is_empty() => {
                self.not_here(scalar.span);
                scalar
            }
            _ if condition.is_some() => {
                let bare = matches!(condition, Some(Shape::BareCondition));
                crate::condition::read(self.problems, &scalar, &spot.names, bare).unwrap_or(scalar)
            }
            Kind::Expression(_) => scalar,
            kind => {
                if choices.iter().any(|shape| fits(shape, kind)) {
                    return scalar;
                }
                let text = scalar.shown();
                let as_text = Kind::Text(Arc::from(text.as_str()));
                if choices.iter().any(|shape| fits(shape, &as_text)) {
                    return Token { kind: as_text, ..scalar };
                }
                self.misfit(&scalar, &text, &choices);
                scalar
            }
        }
    }

    fn misfit(&mut self, scalar: &Token, text: &str, choices: &[&Shape]) {
        if self.problems.is_full() {
            return;
        }
        let message = format!("Unexpected value '{text}'");
        let words: Vec<&str> = choices
            .iter()
            .filter_map(|shape| match shape {
                Shape::Word(word) => Some(word.as_str()),
                _ => None,
            })
            .collect();
        let hint = match (closest(text, words.iter().copied()), words.len()) {
            (Some(meant), _) => format!("did you mean '{meant}'?"),
            (None, 1..=12) => format!("allowed: {}", words.join(", ")),
            _ => return self.problems.error(scalar.span, message),
        };
        self.problems.error_with_hint(scalar.span, message, &hint);
    }

    fn not_here(&mut self, span: Span) {
        self.problems.error(span, "A template expression is not allowed in this context");
    }
}

fn fits(shape: &Shape, kind: &Kind) -> bool {
    match (shape, kind) {
        (Shape::Null, Kind::Null)
        | (Shape::Boolean, Kind::Boolean(_))
        | (Shape::Number, Kind::Number(_))
        | (Shape::Text | Shape::Condition | Shape::BareCondition, Kind::Text(_)) => true,
        (Shape::Filled, Kind::Text(text)) => !text.is_empty(),
        (Shape::Word(word), Kind::Text(text)) => **text == **word,
        _ => false,
    }
}

/// The names that only one of several mappings has.
fn telling<'e>(choices: &[&'e Entries]) -> Vec<&'e str> {
    let all = choices.iter().flat_map(|entries| &entries.known).map(|entry| entry.name.as_str());
    let mut names: Vec<&str> = all
        .filter(|name| choices.iter().filter(|entries| entries.get(name).is_some()).count() == 1)
        .collect();
    names.sort_unstable();
    names
}

/// What was probably meant: the name that differs by one or two letters, for names of four or more.
fn closest<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let most = match written.chars().count() {
        0..=2 => return None,
        3..=4 => 1,
        _ => 2,
    };
    names
        .map(|name| (distance(written, name), name))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein's distance of two short texts, case and the difference of `-` and `_` counted too.
fn distance(left: &str, right: &str) -> usize {
    /// Longer than any word of a grammar by far.
    const LONGEST: usize = 64;
    if left.len() > LONGEST || right.len() > LONGEST {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (index, from) in left.chars().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        let mut next = vec![before];
        for (to, above) in right.chars().zip(row.iter().skip(1)) {
            let cost = (diagonal + usize::from(from != to)).min(before + 1).min(above + 1);
            diagonal = *above;
            before = cost;
            next.push(cost);
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_levenshteins() {
        let check =
            |left, right, expect| assert_eq!(distance(left, right), expect, "{left} {right}");
        check("", "", 0);
        check("runn", "run", 1);
        check("runs_on", "runs-on", 1);
        check("kitten", "sitting", 3);
        check("", "abc", 3);
        assert_eq!(closest("runn", ["run", "uses"].into_iter()), Some("run"));
        assert_eq!(closest("if", ["id"].into_iter()), None);
    }
}
