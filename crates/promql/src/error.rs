/// A query that is none, with the place of the first mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: parse error: {message}")]
pub struct ParseError {
    /// From 1 on.
    pub line: usize,
    /// In bytes, from 1 on.
    pub column: usize,
    /// What is wrong, in Prometheus' words.
    pub message: String,
}

impl ParseError {
    pub(crate) fn new(source: &str, offset: usize, message: impl Into<String>) -> Self {
        let before = source.get(..offset).unwrap_or(source);
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1) + 1;
        Self { line, column, message: message.into() }
    }
}

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// Its type is not one that can be asked for.
    #[error("{0}")]
    Type(String),
    /// What it asks for makes no sense with the series that there are.
    #[error("{0}")]
    Execution(String),
    /// It needs more samples than one query may.
    #[error("query processing would load too many samples into memory in query execution")]
    TooManySamples,
    /// Its time is over.
    #[error("query timed out in expression evaluation")]
    Timeout,
}

impl EvalError {
    pub(crate) fn execution(message: impl Into<String>) -> Self {
        Self::Execution(message.into())
    }
}
