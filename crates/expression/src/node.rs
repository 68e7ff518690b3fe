use std::sync::Arc;

use crate::Value;

/// A part of an expression's text, in bytes from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte behind the last.
    pub end: usize,
}

impl Span {
    /// From the beginning of one to the end of another.
    pub(crate) fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }
}

/// A part of an expression, and where it is written. Two are equal when they mean the same, wherever they are written.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it is, with the parentheses around it.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a part of an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `null`, `true`, a number or a text. The name behind a dot is one too: `github.sha` is `github['sha']`.
    Literal(Value),
    /// A context, by its name as it is written.
    Context(Arc<str>),
    /// A function and its arguments.
    Call(Function, Vec<Node>),
    /// `value[index]`, or `value.index`.
    Index(Box<[Node; 2]>),
    /// The `*` of a filter, which is the index of an [`Kind::Index`] and nothing else.
    Star,
    /// An operator and its operands: one for `!`, two or more for `&&` and `||`, two for all others.
    Operator(Operator, Vec<Node>),
}

/// A function of the language, or of the place that an expression is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Function {
    /// `case(when, then, ..., otherwise)`
    Case,
    /// `contains(search, item)`
    Contains,
    /// `endsWith(text, end)`
    EndsWith,
    /// `format(text, value...)`
    Format,
    /// `fromJSON(text)`
    FromJson,
    /// `join(items, separator)`
    Join,
    /// `startsWith(text, start)`
    StartsWith,
    /// `toJSON(value)`
    ToJson,
    /// One that [`Scope::call`](crate::Scope::call) answers, such as `success`, by the name that [`Names`](crate::Names) has it under.
    Scoped(Arc<str>),
}

/// An operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `!`
    Not,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `&&`
    And,
    /// `||`
    Or,
}

impl Operator {
    /// The signs, none of them behind its own beginning.
    pub(crate) const SIGNS: [(&'static str, Self); 9] = [
        ("!=", Self::NotEqual),
        (">=", Self::GreaterOrEqual),
        ("<=", Self::LessOrEqual),
        ("==", Self::Equal),
        ("&&", Self::And),
        ("||", Self::Or),
        ("!", Self::Not),
        (">", Self::Greater),
        ("<", Self::Less),
    ];

    /// How it is written.
    pub fn sign(self) -> &'static str {
        Self::SIGNS.iter().find(|(_, operator)| *operator == self).map_or("", |(sign, _)| sign)
    }

    /// How tightly it binds: the greater before the less.
    pub(crate) fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal | Self::NotEqual => 3,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 4,
            Self::Not => 5,
        }
    }
}

impl Function {
    /// Its name, as GitHub's documentation writes it.
    pub fn name(&self) -> &str {
        match self {
            Self::Case => "case",
            Self::Contains => "contains",
            Self::EndsWith => "endsWith",
            Self::Format => "format",
            Self::FromJson => "fromJSON",
            Self::Join => "join",
            Self::StartsWith => "startsWith",
            Self::ToJson => "toJSON",
            Self::Scoped(name) => name,
        }
    }
}

impl Node {
    /// The parts that it is made of.
    pub fn children(&self) -> &[Node] {
        match &self.kind {
            Kind::Literal(_) | Kind::Context(_) | Kind::Star => &[],
            Kind::Index(parts) => parts.as_slice(),
            Kind::Call(_, parts) | Kind::Operator(_, parts) => parts,
        }
    }

    /// The node and all that it is made of, each before its parts, in the order of the text.
    pub fn walk(&self) -> impl Iterator<Item = &Node> {
        let mut waiting = vec![self];
        std::iter::from_fn(move || {
            let node = waiting.pop()?;
            waiting.extend(node.children().iter().rev());
            Some(node)
        })
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}
