/// A condition that cannot be read, or cannot be decided for a result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (line {line}, column {column})")]
pub struct ConditionError {
    /// What went wrong, so that a caller can tell a mistake in the text from one in the data.
    pub kind: ErrorKind,
    /// Line in the condition's text, from 1.
    pub line: usize,
    /// Column in that line in characters, from 1.
    pub column: usize,
    /// What was found, what is allowed, and the likely mend.
    pub message: String,
}

/// What went wrong with a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// The text is not an expression.
    Syntax,
    /// A name or a function that does not exist, or that a condition may not use.
    Name,
    /// An operator or a function is given what it does not take.
    Type,
    /// The expression is well formed, but this result has no answer to it.
    Evaluation,
    /// The expression is too long, too deep, or takes too many steps.
    Limit,
}

/// A place in the text of a condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Place {
    pub(crate) fn error(self, kind: ErrorKind, message: impl Into<String>) -> ConditionError {
        ConditionError { kind, line: self.line, column: self.column, message: message.into() }
    }

    pub(crate) fn syntax(self, message: impl Into<String>) -> ConditionError {
        self.error(ErrorKind::Syntax, message)
    }

    pub(crate) fn name(self, message: impl Into<String>) -> ConditionError {
        self.error(ErrorKind::Name, message)
    }

    pub(crate) fn mismatch(self, message: impl Into<String>) -> ConditionError {
        self.error(ErrorKind::Type, message)
    }

    pub(crate) fn evaluation(self, message: impl Into<String>) -> ConditionError {
        self.error(ErrorKind::Evaluation, message)
    }

    pub(crate) fn limit(self, message: impl Into<String>) -> ConditionError {
        self.error(ErrorKind::Limit, message)
    }
}
