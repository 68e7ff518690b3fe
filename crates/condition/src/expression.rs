use std::sync::Arc;

use crate::{
    ConditionError, MAX_CONDITION_BYTES, Value, budget::shallow, check::kind, error::Place,
    eval::value, kind::Kind, lexer::tokens, parser::parse_with, syntax::Node,
};

/// An expression over values that have names of their own, such as the `rollout` of a trigger's `when`.
#[derive(Clone, Debug)]
pub struct Expression {
    source: Arc<str>,
    root: Arc<Node>,
}

impl Expression {
    /// Reads an expression that sees `names`, and checks all that can be known without their values.
    pub fn parse(text: &str, names: &'static [&'static str]) -> Result<Self, ConditionError> {
        let start = Place { line: 1, column: 1 };
        if text.len() > MAX_CONDITION_BYTES {
            let length = text.len();
            return Err(start.limit(format!(
                "the expression has {length} bytes; at most {MAX_CONDITION_BYTES} are allowed"
            )));
        }
        let root = parse_with(tokens(text)?, names)?;
        kind(&root, Kind::Any, names)?;
        Ok(Self { source: text.into(), root: Arc::new(root) })
    }

    /// What it gives for `values`, a map that has the names.
    pub fn value(&self, values: &Value) -> Result<Value, ConditionError> {
        value(&self.root, &shallow(values.clone(), self.root.place)?)
    }

    /// Whether it gives `true`; any other value is no.
    pub fn holds(&self, values: &Value) -> Result<bool, ConditionError> {
        Ok(self.value(values)? == Value::Bool(true))
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}
