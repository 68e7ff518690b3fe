//! Where the values of a TOML document stand.

use std::ops::Range;

use toml_edit::{Document, Item, TableLike, Value};

use crate::error::Wrong;

/// A document that is read and never written.
pub(crate) struct Toml<'a> {
    text: &'a str,
    document: Document<&'a str>,
}

impl<'a> Toml<'a> {
    pub(crate) fn read(text: &'a str) -> Result<Self, Wrong> {
        let document = Document::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            Wrong::new(at, format!("this is no TOML: {}", error.message()))
        })?;
        Ok(Self { text, document })
    }

    pub(crate) fn top(&self) -> &dyn TableLike {
        self.document.as_table()
    }

    /// The table at some keys.
    pub(crate) fn table(&self, keys: &[&str]) -> Option<&dyn TableLike> {
        let mut table = self.top();
        for key in keys {
            table = table.get(key)?.as_table_like()?;
        }
        Some(table)
    }

    /// The item at some keys; indices of lists are numbers.
    pub(crate) fn item(&self, keys: &[String]) -> Option<Place> {
        let (first, rest) = keys.split_first()?;
        let mut at = At::Item(self.top().get(first)?);
        for key in rest {
            at = at.inside(key)?;
        }
        match at {
            At::Item(item) => self.place(item.as_value()?),
            At::Value(value) => self.place(value),
        }
    }

    /// The text at a key of a table, and where it stands.
    pub(crate) fn text_in(&self, table: &dyn TableLike, key: &str) -> Option<Place> {
        self.place(table.get(key)?.as_value()?)
    }

    /// A text and the bytes between its quotes.
    pub(crate) fn place(&self, value: &Value) -> Option<Place> {
        let said = value.as_str()?.to_owned();
        let span = value.span()?;
        let raw = self.text.get(span.clone())?;
        let quotes = if raw.starts_with("\"\"\"") || raw.starts_with("'''") { 3 } else { 1 };
        Some(Place { said, at: span.start + quotes..span.end - quotes })
    }
}

/// A text and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) said: String,
    pub(crate) at: Range<usize>,
}

enum At<'a> {
    Item(&'a Item),
    Value(&'a Value),
}

impl<'a> At<'a> {
    fn inside(&self, key: &str) -> Option<At<'a>> {
        match self {
            At::Item(item) => match item.as_array() {
                Some(list) => list.get(key.parse().ok()?).map(At::Value),
                None => item.as_table_like()?.get(key).map(At::Item),
            },
            At::Value(value) => match value.as_array() {
                Some(list) => list.get(key.parse().ok()?).map(At::Value),
                None => value.as_inline_table()?.get(key).map(At::Value),
            },
        }
    }
}
