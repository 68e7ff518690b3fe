use crate::Value;

/// What an expression is evaluated against: the contexts, and the functions that depend on more than their arguments.
pub trait Scope {
    /// The value of a context, by the name under which [`Names`](crate::Names) has it; `null` when there is none.
    fn context(&self, name: &str) -> Value;

    /// The answer of a function that is not the language's own, such as `hashFiles`, `success`, `failure`,
    /// `always` or `cancelled`, by the name under which [`Names`](crate::Names) has it. An error is what went wrong, for people.
    fn call(&self, function: &str, arguments: &[Value]) -> Result<Value, String>;
}

/// Contexts that are the members of a value, and no functions.
#[derive(Clone, Debug, Default)]
pub struct Contexts(
    /// An object with a member for each context.
    pub Value,
);

impl Scope for Contexts {
    fn context(&self, name: &str) -> Value {
        self.0.get(name)
    }

    fn call(&self, function: &str, _: &[Value]) -> Result<Value, String> {
        Err(format!("nobody answers {function}() here"))
    }
}
