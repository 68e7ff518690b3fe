//! What a grammar says of places.

use std::collections::BTreeMap;

/// Which definition of a grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(pub(crate) usize);

/// What a place holds.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Null,
    Boolean,
    Number,
    Text,
    /// A text that is not empty.
    Filled,
    /// An expression with or without its braces, which asks for `success()` unless it asks for something like it.
    Condition,
    /// An expression with or without its braces.
    BareCondition,
    /// Exactly this text.
    Word(String),
    List(Id),
    Map(Entries),
    OneOf(Vec<Id>),
}

/// The entries of a mapping.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    pub(crate) known: Vec<Entry>,
    /// What other keys have to fit, and what they hold.
    pub(crate) others: Option<(Id, Id)>,
}

impl Entries {
    pub(crate) fn get(&self, name: &str) -> Option<&Entry> {
        self.known.iter().find(|entry| entry.name == name)
    }
}

/// An entry whose key is known.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) required: bool,
    pub(crate) value: Id,
}

/// A context, or a function with the numbers of arguments that it takes; no upper bound is `None`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Allowed {
    Context(String),
    Function(String, usize, Option<usize>),
}

#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) shape: Shape,
    /// What expressions may use here, besides what they may around it.
    pub(crate) allowed: Vec<Allowed>,
}

/// Definitions that refer to one another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grammar {
    pub(crate) definitions: Vec<Definition>,
    pub(crate) names: BTreeMap<String, Id>,
}

impl Grammar {
    pub(crate) fn get(&self, id: Id) -> Option<&Definition> {
        self.definitions.get(id.0)
    }

    /// The definition of a name; nothing fits where there is none.
    pub(crate) fn named(&self, name: &str) -> Id {
        self.names.get(name).copied().unwrap_or(Id(usize::MAX))
    }

    /// What expressions may use at a place: what its definition says, and the one that it stands for.
    pub(crate) fn allowed(&self, id: Id) -> Vec<&Allowed> {
        let mut allowed = Vec::new();
        let mut next = self.get(id);
        while let Some(definition) = next {
            allowed.extend(&definition.allowed);
            next = match &definition.shape {
                Shape::OneOf(ids) => match ids.as_slice() {
                    [only] => self.get(*only),
                    _ => None,
                },
                _ => None,
            };
        }
        allowed
    }

    /// All that a place may hold, alternatives of alternatives too.
    pub(crate) fn choices(&self, id: Id) -> Vec<&Shape> {
        let mut found = Vec::new();
        let mut open = vec![id];
        while let Some(next) = open.pop() {
            match self.get(next).map(|definition| &definition.shape) {
                Some(Shape::OneOf(ids)) => open.extend(ids.iter().rev()),
                Some(shape) => found.push(shape),
                None => {}
            }
        }
        found
    }
}
