use std::sync::Arc;

use crate::{
    ConditionError, Value,
    budget::{MAX_VALUE_DEPTH, shallow},
    check::check,
    error::Place,
    eval::evaluate,
    kind::Kind,
    lexer::tokens,
    parser::parse,
    syntax::Node,
};

/// How long a condition may be, in bytes. The longest that people write are some hundred; the
/// bound keeps reading one far below a millisecond.
pub const MAX_CONDITION_BYTES: usize = 8 * 1024;

/// A `successCondition` or `failureCondition`, read and checked once, decided for many results.
#[derive(Clone, Debug)]
pub struct Condition {
    source: Arc<str>,
    root: Arc<Node>,
}

impl Condition {
    /// Reads a condition and checks all that can be known without a result: names, functions,
    /// numbers of arguments, kinds of literals, regular expressions.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        let start = Place { line: 1, column: 1 };
        if text.len() > MAX_CONDITION_BYTES {
            let length = text.len();
            return Err(start.limit(format!(
                "the condition has {length} bytes; at most {MAX_CONDITION_BYTES} are allowed"
            )));
        }
        let root = parse(tokens(text)?)?;
        check(&root, Kind::Any)?;
        Ok(Self { source: text.into(), root: Arc::new(root) })
    }

    /// Whether it holds for `result`. All numbers in it are floats, as Go's JSON decoder makes
    /// them; see [`holds_value`](Self::holds_value) for whole numbers, NaN and infinities.
    pub fn holds(&self, result: &serde_json::Value) -> Result<bool, ConditionError> {
        self.holds_value(&Value::from(result))
    }

    /// Whether it holds for `result`.
    ///
    /// As in Argo Rollouts, the whole condition is checked against the kind of this result before
    /// any of it is computed, so `false && result == "a"` is an error for a number. An outcome
    /// that is not a boolean is an error too.
    pub fn holds_value(&self, result: &Value) -> Result<bool, ConditionError> {
        let result = shallow(result.clone(), self.root.place).map_err(|error| {
            let message = format!("the result is nested more than {MAX_VALUE_DEPTH} levels deep");
            ConditionError { message, ..error }
        })?;
        check(&self.root, Kind::of(&result))?;
        evaluate(&self.root, &result)
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl std::str::FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}
