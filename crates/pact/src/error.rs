use std::fmt;

/// A file that is no contract, with every reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct PactError {
    /// The file.
    pub file: String,
    /// What is wrong, in the order of the file.
    pub problems: Vec<Problem>,
}

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The place as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong there, and what is allowed.
    pub message: String,
}

impl fmt::Display for PactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let Problem { line, column, pointer, message } = problem;
            let end = if index + 1 < self.problems.len() { "\n" } else { "" };
            let at = if pointer.is_empty() { String::new() } else { format!(" ({pointer})") };
            write!(f, "{}:{line}:{column}: {message}{at}{end}", self.file)?;
        }
        Ok(())
    }
}
