//! What a template is made of.

use serde_json::Value;

use crate::template::function::Function;

/// A part of a template.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Text(String),
    /// `{{ pipeline }}`, which is written.
    Print(Pipeline),
    /// `{{ $x := pipeline }}` or `{{ $x = pipeline }}`.
    Assign {
        name: String,
        declares: bool,
        value: Pipeline,
    },
    If {
        test: Pipeline,
        then: Vec<Node>,
        otherwise: Vec<Node>,
    },
    With {
        variable: Option<String>,
        value: Pipeline,
        then: Vec<Node>,
        otherwise: Vec<Node>,
    },
    Range(Range),
    /// `{{ template "name" pipeline }}`, which is written with `.` and `$` as the pipeline has it.
    Template {
        line: usize,
        name: String,
        data: Option<Pipeline>,
    },
    Break,
    Continue,
}

/// `{{ range $index, $element := pipeline }}`.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    pub(crate) index: Option<String>,
    pub(crate) element: Option<String>,
    pub(crate) over: Pipeline,
    pub(crate) body: Vec<Node>,
    pub(crate) otherwise: Vec<Node>,
}

/// Commands, each of which is given what the one before it gave as its last argument.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    pub(crate) line: usize,
    pub(crate) commands: Vec<Command>,
}

#[derive(Clone, Debug)]
pub(crate) enum Command {
    Call(Function, Vec<Operand>),
    Value(Operand),
    /// A method of a time or a span.
    Method {
        of: Operand,
        name: String,
        arguments: Vec<Operand>,
    },
}

/// Something that has a value, and the fields that are asked of it.
#[derive(Clone, Debug)]
pub(crate) struct Operand {
    pub(crate) base: Base,
    pub(crate) fields: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum Base {
    Dot,
    Variable(String),
    Literal(Value),
    /// A function without arguments, such as `list`.
    Call(Function),
    Pipeline(Box<Pipeline>),
}
