//! The path to a value in a JSON document, in the dialect of Kubernetes' `kubectl -o jsonpath`.

use serde_json::Value;

mod find;
mod read;

/// A path such as `{$.data.items[0].ok}`, as Argo Rollouts reads it.
///
/// Of the dialect there are `$`, `@`, `.name`, `['name']`, `[0]`, `[-1]`, `[from:to:step]`,
/// `[0,2]`, `['a','b']`, `*`, `..name`, filters `[?(@.name == "a")]`, texts `{"a"}`, and
/// `{range PATH}...{end}`. Of several results, or of several `{...}`, the first one is the value, as
/// in Argo Rollouts.
///
/// Two differences make more paths work: a whole number in a filter equals the number in the
/// document, and `*` takes the entries of a mapping in the order of their names.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPath {
    /// Each `{...}`.
    groups: Vec<Group>,
}

/// What stands between braces.
#[derive(Clone, Debug, PartialEq)]
enum Group {
    /// A path.
    Path(Vec<Part>),
    /// A text, which is there whatever the document is.
    Text(Value),
    /// `{range PATH}`, and what stands before its `{end}`: for each value at the path.
    Range(Vec<Part>, Vec<Group>),
}

/// A part of a path.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    /// `$`: the document itself.
    Root,
    /// `@`: where the path is.
    Here,
    /// `.name`, `['a','b']`.
    Names(Vec<String>),
    /// `[0]`, `[0,2]`.
    Indexes(Vec<i64>),
    /// `[from:to:step]`.
    Slice { from: Option<i64>, to: Option<i64>, step: Option<i64> },
    /// `*`.
    All,
    /// `..`: what is here and all that is in it.
    Deep,
    /// `[?(...)]`.
    Filter(Box<Filter>),
}

/// What an element of a list has to be to be taken.
#[derive(Clone, Debug, PartialEq)]
enum Filter {
    /// There is something at this path.
    Exists(Vec<Part>),
    /// One value compared with another.
    Compare { left: Operand, operator: Operator, right: Operand },
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Path(Vec<Part>),
    Literal(Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Why a text is no path, or a path leads nowhere, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonPathError(String);

impl JsonPathError {
    fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}

impl JsonPath {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, JsonPathError> {
        read::path(text).map(|groups| Self { groups })
    }

    /// The first value to which it leads.
    pub fn find<'a>(&'a self, document: &'a Value) -> Result<&'a Value, JsonPathError> {
        let found = find::first(&self.groups, document, document)?;
        found.ok_or_else(|| JsonPathError::new("nothing is there"))
    }
}
