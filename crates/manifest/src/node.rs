use std::sync::Arc;

use serde_json::{Map, Value, json};

/// Where something stands in the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The line, from 1.
    pub(crate) line: u32,
    /// The column in characters, from 1.
    pub(crate) column: u32,
    /// Characters on that line, at least 1.
    pub(crate) width: u32,
}

/// A value of a YAML document, with its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) content: Content,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Null,
    /// What was reported when it was read; nothing more is said of it.
    Refused,
    Bool(bool),
    Number(Number),
    Text(Arc<str>),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A number, and how it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Number {
    pub(crate) written: Arc<str>,
    pub(crate) value: Amount,
}

/// The value of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Amount {
    Whole(i128),
    /// Always finite.
    Real(f64),
}

/// An entry of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Arc<str>,
    pub(crate) key_place: Place,
    pub(crate) value: Node,
}

impl Amount {
    /// As a double; whole numbers above 2^53 lose their last digits.
    #[expect(
        clippy::cast_precision_loss,
        reason = "fields that take fractions are small; JSON numbers are doubles as well"
    )]
    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Real(real) => real,
        }
    }
}

impl Node {
    /// The value of an entry of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.content {
            Content::Map(entries) => {
                entries.iter().find(|entry| &*entry.key == key).map(|entry| &entry.value)
            }
            _ => None,
        }
    }

    /// The text, when it is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// How many values there are in it, itself among them, and how many bytes of text.
    pub(crate) fn size(&self) -> (usize, usize) {
        let add = |(nodes, bytes): (usize, usize), (n, b): (usize, usize)| (nodes + n, bytes + b);
        match &self.content {
            Content::List(items) => items.iter().map(Self::size).fold((1, 0), add),
            Content::Map(entries) => entries
                .iter()
                .map(|entry| add(entry.value.size(), (0, entry.key.len())))
                .fold((1, 0), add),
            Content::Text(text) => (1, text.len()),
            _ => (1, 0),
        }
    }

    /// The same as JSON.
    pub(crate) fn to_json(&self) -> Value {
        match &self.content {
            Content::Null | Content::Refused => Value::Null,
            Content::Bool(value) => json!(value),
            Content::Number(number) => number.to_json(),
            Content::Text(text) => json!(&**text),
            Content::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Content::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.to_string(), entry.value.to_json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

impl Number {
    fn to_json(&self) -> Value {
        match self.value {
            Amount::Whole(whole) => match (i64::try_from(whole), u64::try_from(whole)) {
                (Ok(signed), _) => json!(signed),
                (_, Ok(unsigned)) => json!(unsigned),
                _ => json!(self.value.as_f64()),
            },
            Amount::Real(real) => json!(real),
        }
    }
}
