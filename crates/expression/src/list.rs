use std::{ops::Deref, sync::Arc};

use crate::Value;

/// An array. Clones share their items.
#[derive(Clone, Debug)]
pub struct List {
    items: Arc<Vec<Value>>,
    filtered: bool,
}

impl List {
    /// What a filter (`.*`) found: an index into it is one into each of its items.
    pub(crate) fn filtered(items: Vec<Value>) -> Self {
        Self { items: items.into(), filtered: true }
    }

    pub(crate) fn is_filtered(&self) -> bool {
        self.filtered
    }

    /// The same items as an array like any other.
    pub(crate) fn plain(self) -> Self {
        Self { filtered: false, ..self }
    }

    /// Whether they are one and the same array, which is what `==` asks.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.items, &other.items)
    }
}

impl Deref for List {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.items
    }
}

impl From<Vec<Value>> for List {
    fn from(items: Vec<Value>) -> Self {
        Self { items: items.into(), filtered: false }
    }
}

impl FromIterator<Value> for List {
    fn from_iter<Items: IntoIterator<Item = Value>>(items: Items) -> Self {
        items.into_iter().collect::<Vec<_>>().into()
    }
}

impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}
