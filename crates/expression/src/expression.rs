use crate::{
    Error, Function, JOB_MEMORY, Kind, Names, Node, ParseError, Scope, Value, eval, parser::parse,
};

/// Characters (UTF-16 units) that an expression may have: GitHub's limit. Less would refuse workflows that run there.
pub const MAX_LENGTH: usize = 21_000;
/// Levels that an expression may be nested: GitHub's limit. Whoever walks a tree may recurse: it is this deep at most.
pub const MAX_DEPTH: usize = 50;

/// An expression that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expression(Option<Node>);

impl Expression {
    /// Reads an expression without its `${{` and `}}`. An empty one is no error here, and evaluates to `null`.
    pub fn parse(source: &str, names: &Names) -> Result<Self, ParseError> {
        parse(source, names).map(Self)
    }

    /// Its value, made in as much memory as the runner lets a job's expressions have ([`JOB_MEMORY`]).
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, Error> {
        self.evaluate_within(JOB_MEMORY, scope)
    }

    /// Its value, made in so many bytes of memory, as GitHub counts them.
    pub fn evaluate_within(&self, memory: usize, scope: &dyn Scope) -> Result<Value, Error> {
        match &self.0 {
            Some(root) => eval::evaluate(root, scope, memory),
            None => Ok(Value::Null),
        }
    }

    /// The whole of it as a tree; `None` when nothing is written.
    pub fn root(&self) -> Option<&Node> {
        self.0.as_ref()
    }

    /// Each part of it, before the parts that it is made of, in the order of the text.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.0.iter().flat_map(Node::walk)
    }

    /// Whether it asks what became of what came before, as `if: always()` does. GitHub puts `success() &&` before an `if` that does not.
    pub fn asks_status(&self) -> bool {
        let status = ["success", "failure", "always", "cancelled"];
        self.nodes().any(|node| match &node.kind {
            Kind::Call(Function::Scoped(name), _) => {
                status.iter().any(|status| name.eq_ignore_ascii_case(status))
            }
            _ => false,
        })
    }
}
