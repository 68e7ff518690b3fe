//! A YAML document before anything is known of what it should hold.

use std::sync::Arc;

use crate::Span;

/// How a text was written, which tells where its parts are in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// As it is.
    Plain,
    /// Between quotes, where a character may be written as several.
    Quoted,
    /// Below `|` or `>`.
    Block,
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Null,
    Boolean(bool),
    Number(f64),
    Text(Arc<str>, Style),
    List(Arc<[Node]>),
    Map(Arc<[(Node, Node)]>),
    /// What was refused already; whatever should be here is not asked for again.
    Refused,
}

impl Node {
    /// How many nodes it has, itself among them, aliases counted as what they stand for.
    pub(crate) fn size(&self) -> usize {
        match &self.content {
            Content::List(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            Content::Map(pairs) => {
                1 + pairs.iter().map(|(key, value)| key.size() + value.size()).sum::<usize>()
            }
            _ => 1,
        }
    }
}
