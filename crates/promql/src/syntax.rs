use std::sync::Arc;

use crate::{
    function::Function,
    matcher::Matcher,
    token::{Aggregator, Operator},
};

/// A query or a part of it, with its place in the text.
#[derive(Clone, Debug)]
pub struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Levels of expressions below and with this one.
    pub(crate) depth: usize,
}

impl Expr {
    /// What kind of value it has.
    pub fn value_type(&self) -> ValueType {
        match &self.kind {
            ExprKind::Number(_) => ValueType::Scalar,
            ExprKind::Text(_) => ValueType::Text,
            ExprKind::Selector(_) | ExprKind::Aggregate(_) => ValueType::Vector,
            ExprKind::Range(..) | ExprKind::Subquery(_) => ValueType::Matrix,
            ExprKind::Call(function, _) => function.returns,
            ExprKind::Binary(binary) => {
                let scalar = |side: &Self| side.value_type() == ValueType::Scalar;
                let both = scalar(&binary.left) && scalar(&binary.right);
                if both { ValueType::Scalar } else { ValueType::Vector }
            }
            ExprKind::Paren(inner) | ExprKind::Sign(_, inner) => inner.value_type(),
        }
    }

    /// What is within any parentheses.
    pub(crate) fn bare(&self) -> &Self {
        match &self.kind {
            ExprKind::Paren(inner) => inner.bare(),
            _ => self,
        }
    }
}

/// The kinds of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// A number that belongs to no series.
    Scalar,
    /// A number for each of several series.
    Vector,
    /// Samples over a time for each of several series.
    Matrix,
    /// A text.
    Text,
}

impl ValueType {
    /// As Prometheus' HTTP API names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Vector => "vector",
            Self::Matrix => "matrix",
            Self::Text => "string",
        }
    }

    /// As Prometheus' documentation names it.
    pub(crate) fn documented(self) -> &'static str {
        match self {
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
            other => other.name(),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum ExprKind {
    Number(f64),
    Text(String),
    Selector(Selector),
    /// A selector and the time before each moment that it covers, in milliseconds.
    Range(Selector, i64),
    Subquery(Subquery),
    Call(&'static Function, Vec<Expr>),
    Aggregate(Box<Aggregate>),
    Binary(Box<Binary>),
    Sign(Sign, Box<Expr>),
    Paren(Box<Expr>),
}

/// A sign before an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Plus,
    Minus,
}

/// Series by their labels.
#[derive(Clone, Debug)]
pub(crate) struct Selector {
    /// The metric's name where it is written before the braces.
    pub(crate) name: Option<String>,
    /// The name's is the last.
    pub(crate) matchers: Vec<Matcher>,
    pub(crate) moment: Moment,
}

/// An expression that is asked again and again.
#[derive(Clone, Debug)]
pub(crate) struct Subquery {
    pub(crate) expr: Box<Expr>,
    /// In milliseconds.
    pub(crate) range: i64,
    /// In milliseconds; none for that of the engine.
    pub(crate) step: Option<i64>,
    pub(crate) moment: Moment,
}

/// Of when samples are taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moment {
    pub(crate) at: Option<At>,
    /// Before that, in milliseconds.
    pub(crate) offset: i64,
}

/// A fixed moment, in place of the one that the query is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// Milliseconds since 1970.
    Time(i64),
    /// The first moment of the whole query.
    Start,
    /// The last.
    End,
}

/// One series made of many.
#[derive(Clone, Debug)]
pub(crate) struct Aggregate {
    pub(crate) aggregator: Aggregator,
    pub(crate) parameter: Option<Expr>,
    pub(crate) expr: Expr,
    pub(crate) grouping: Grouping,
}

/// Which series belong together.
#[derive(Clone, Debug)]
pub(crate) enum Grouping {
    By(Vec<Arc<str>>),
    Without(Vec<Arc<str>>),
}

/// Two expressions with an operator between them.
#[derive(Clone, Debug)]
pub(crate) struct Binary {
    pub(crate) operator: Operator,
    pub(crate) left: Expr,
    pub(crate) right: Expr,
    pub(crate) answer: Comparison,
    pub(crate) matching: Matching,
}

/// What a comparison does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// It keeps what it holds for.
    Filter,
    /// It answers 0 or 1.
    Bool,
}

/// Which series of both sides belong together.
#[derive(Clone, Debug)]
pub(crate) struct Matching {
    pub(crate) labels: MatchingLabels,
    pub(crate) grouping: Cardinality,
    /// Labels that come from the side with one series.
    pub(crate) include: Vec<Arc<str>>,
}

#[derive(Clone, Debug)]
pub(crate) enum MatchingLabels {
    On(Vec<Arc<str>>),
    Ignoring(Vec<Arc<str>>),
}

/// How many series of each side belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cardinality {
    OneToOne,
    ManyToOne,
    OneToMany,
}
