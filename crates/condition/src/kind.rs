use std::fmt;

use crate::{
    Value,
    value::{Keys, Map},
};

/// What is known about a value before it is computed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Nothing.
    Any,
    Nil,
    Bool,
    Int,
    Float,
    Text,
    List(Box<Kind>),
    Map(Keys, Box<Kind>),
}

impl Kind {
    pub(crate) fn list(element: Self) -> Self {
        Self::List(Box::new(element))
    }

    /// What Go knows about a result of this value: what is inside of lists and maps is open.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Nil => Self::Nil,
            Value::Bool(_) => Self::Bool,
            Value::Int(_) => Self::Int,
            Value::Float(_) => Self::Float,
            Value::Text(_) => Self::Text,
            Value::List(_) => Self::list(Self::Any),
            Value::Map(map) => Self::Map(Map::keys(map), Box::new(Self::Any)),
        }
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Float)
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self, Self::List(_))
    }

    /// Whether it is open, or one that `accepts` takes.
    pub(crate) fn may(&self, accepts: impl Fn(&Self) -> bool) -> bool {
        *self == Self::Any || accepts(self)
    }

    /// The kind of an element.
    pub(crate) fn element(&self) -> Self {
        match self {
            Self::List(element) | Self::Map(_, element) => (**element).clone(),
            _ => Self::Any,
        }
    }

    /// Whether `==` makes sense between them.
    pub(crate) fn comparable(&self, other: &Self) -> bool {
        use Kind::{Any, List, Map, Nil};
        match (self, other) {
            (Any | Nil, _) | (_, Any | Nil) | (List(_), List(_)) | (Map(..), Map(..)) => true,
            (a, b) => (a.is_number() && b.is_number()) || a == b,
        }
    }

    /// The kind of a value that is one or the other.
    pub(crate) fn either(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nil, other) => other,
            (this, Self::Nil) => this,
            (Self::List(a), Self::List(b)) if a != b => Self::list(Self::Any),
            (this, other) if this == other => this,
            _ => Self::Any,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any",
            Self::Nil => "nil",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Text => "string",
            Self::List(_) => "array",
            Self::Map(..) => "map",
        })
    }
}
