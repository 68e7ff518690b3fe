//! Values of a workflow that may have expressions in them, as they stand in its file.

use std::sync::Arc;

use tidegate_expression::Expression;

use crate::place::Place;

/// A value of a workflow file and where it stands; expressions in it are not evaluated yet.
#[derive(Clone, Debug)]
pub struct Template {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub token: Token,
}

/// What stands at a place of a workflow file.
#[derive(Clone, Debug)]
pub enum Token {
    /// Nothing, `null` or `~`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text without an expression.
    Text(Arc<str>),
    /// A list.
    Sequence(Vec<Template>),
    /// Names and values, in the order of the file.
    Mapping(Vec<Entry>),
    /// `${{ ... }}`; text with expressions in it is one that calls `format`.
    Expression(Arc<Expression>),
}

/// A name and a value of a mapping.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where the name begins.
    pub place: Place,
    /// The name.
    pub key: Key,
    /// The value.
    pub value: Template,
}

/// A name in a mapping.
#[derive(Clone, Debug)]
pub enum Key {
    /// A text without an expression.
    Text(Arc<str>),
    /// An expression whose value is the name.
    Expression(Arc<Expression>),
    /// `${{ insert }}`: the value is a mapping, and its entries stand here in its place.
    Insert,
}

impl Template {
    /// `token` at `place`.
    pub const fn new(place: Place, token: Token) -> Self {
        Self { place, token }
    }

    /// `text` at `place`.
    pub fn text(place: Place, text: &str) -> Self {
        Self::new(place, Token::Text(text.into()))
    }

    /// The text, where it is one without an expression.
    pub fn as_text(&self) -> Option<&str> {
        if let Token::Text(text) = &self.token { Some(text) } else { None }
    }

    /// The entries, where it is a mapping.
    pub fn as_mapping(&self) -> Option<&[Entry]> {
        if let Token::Mapping(entries) = &self.token { Some(entries) } else { None }
    }

    /// The items, where it is a sequence.
    pub fn as_sequence(&self) -> Option<&[Self]> {
        if let Token::Sequence(items) = &self.token { Some(items) } else { None }
    }

    /// The value of the first entry whose name is `key` in so many letters.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let named = |entry: &&Entry| matches!(&entry.key, Key::Text(text) if **text == *key);
        self.as_mapping()?.iter().find(named).map(|entry| &entry.value)
    }

    /// Whether there is no expression anywhere in it: it evaluates to the same wherever it stands.
    pub fn is_literal(&self) -> bool {
        match &self.token {
            Token::Expression(_) => false,
            Token::Sequence(items) => items.iter().all(Self::is_literal),
            Token::Mapping(entries) => entries
                .iter()
                .all(|entry| matches!(entry.key, Key::Text(_)) && entry.value.is_literal()),
            Token::Null | Token::Bool(_) | Token::Number(_) | Token::Text(_) => true,
        }
    }

    /// Each expression in it, with where it stands, in the order of the file.
    pub fn expressions(&self) -> Vec<(Place, &Arc<Expression>)> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found
    }

    fn collect<'a>(&'a self, found: &mut Vec<(Place, &'a Arc<Expression>)>) {
        match &self.token {
            Token::Expression(expression) => found.push((self.place, expression)),
            Token::Sequence(items) => items.iter().for_each(|item| item.collect(found)),
            Token::Mapping(entries) => {
                for entry in entries {
                    if let Key::Expression(key) = &entry.key {
                        found.push((entry.place, key));
                    }
                    entry.value.collect(found);
                }
            }
            Token::Null | Token::Bool(_) | Token::Number(_) | Token::Text(_) => {}
        }
    }
}
