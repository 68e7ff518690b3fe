use crate::place::Place;

/// Why a file cannot be read or its version not be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {problem}")]
pub struct FileError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The character in it, from 1.
    pub column: usize,
    /// What is wrong, and what would mend it.
    pub problem: String,
}

/// Something wrong at a byte of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) at: usize,
    pub(crate) problem: String,
}

impl Wrong {
    pub(crate) fn new(at: usize, problem: impl Into<String>) -> Self {
        Self { at, problem: problem.into() }
    }

    /// As an error about `file`, whose text this is.
    pub(crate) fn of(self, file: &str, text: &str) -> FileError {
        let Place { line, column } = Place::of(text, self.at);
        FileError { file: file.to_owned(), line, column, problem: self.problem }
    }
}
