use std::sync::Arc;

use regex::Regex;

use crate::{
    ConditionError,
    error::Place,
    fold::Fold,
    function::Function,
    operator::{Binary, Compare, Unary},
    parser::{MAX_DEPTH, too_deep},
};

/// A part of an expression.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) expr: Expr,
    pub(crate) place: Place,
    /// How many nodes are above each other in it. Bounded, so that every walk may recurse.
    pub(crate) height: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
    /// `result` or a `let` variable.
    Name(Arc<str>),
    Pointer(Pointer),
    Unary(Unary, Box<Node>),
    Binary(Binary, Box<Node>, Box<Node>),
    /// `a < b <= c`, each operand evaluated once.
    Compare(Box<Node>, Vec<Comparison>),
    /// `matches` with a pattern that is known beforehand.
    Matches(Box<Node>, Regex),
    /// Members of which an optional one ends the whole chain with `nil`.
    Chain(Box<Node>),
    Member(Box<Member>),
    Slice(Box<Slice>),
    Call(Function, Vec<Node>),
    Fold(Fold, Vec<Node>),
    Let(Arc<str>, Box<Node>, Box<Node>),
    Sequence(Vec<Node>),
    If(Box<Branches>),
    /// `a ?: b`, which is `a ? a : b`.
    OrElse(Box<Node>, Box<Node>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// What `#`, `#index` and `#acc` stand for inside a predicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pointer {
    Item,
    Index,
    Accumulator,
}

#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    pub(crate) operator: Compare,
    pub(crate) right: Node,
    pub(crate) place: Place,
}

#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) base: Node,
    pub(crate) key: Node,
    pub(crate) optional: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub(crate) base: Node,
    pub(crate) from: Option<Node>,
    pub(crate) to: Option<Node>,
}

#[derive(Clone, Debug)]
pub(crate) struct Branches {
    pub(crate) condition: Node,
    pub(crate) then: Node,
    pub(crate) otherwise: Node,
}

impl Node {
    /// A node of the expression `expr`, unless it becomes too deep.
    pub(crate) fn new(expr: Expr, place: Place) -> Result<Self, ConditionError> {
        let height = expr.height();
        if height > MAX_DEPTH {
            return Err(too_deep(place));
        }
        Ok(Self { expr, place, height })
    }
}

impl Expr {
    /// The height of a node made of this expression.
    pub(crate) fn height(&self) -> usize {
        let below = match self {
            Self::Unary(_, node) | Self::Matches(node, _) | Self::Chain(node) => node.height,
            Self::Binary(_, left, right)
            | Self::Let(_, left, right)
            | Self::OrElse(left, right) => left.height.max(right.height),
            Self::Compare(first, rest) => {
                first.height.max(highest(rest.iter().map(|comparison| &comparison.right)))
            }
            Self::Member(member) => member.base.height.max(member.key.height),
            Self::Slice(slice) => {
                slice.base.height.max(highest(slice.from.iter().chain(&slice.to)))
            }
            Self::Call(_, nodes)
            | Self::Fold(_, nodes)
            | Self::Sequence(nodes)
            | Self::List(nodes) => highest(nodes.iter()),
            Self::If(branches) => {
                highest([&branches.condition, &branches.then, &branches.otherwise].into_iter())
            }
            Self::Map(pairs) => highest(pairs.iter().flat_map(|(key, value)| [key, value])),
            _ => 0,
        };
        below + 1
    }
}

fn highest<'a>(nodes: impl Iterator<Item = &'a Node>) -> usize {
    nodes.map(|node| node.height).max().unwrap_or(0)
}
