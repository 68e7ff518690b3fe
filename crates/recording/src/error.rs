/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The bytes themselves cannot be had.
    #[error("{file} cannot be read")]
    Unreadable {
        /// The file as it was named.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Something in it makes no sense; it is written `file:line:column: what; what to do`.
    #[error("{file}:{line}:{column}: {message}; {mend}")]
    Malformed {
        /// The file as it was named.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The character of that line, from 1.
        column: u64,
        /// What is wrong.
        message: String,
        /// What to do about it.
        mend: String,
    },
}

/// What is wrong with a record, before its place is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The cell that it is about, from 0.
    pub(crate) cell: usize,
    pub(crate) message: String,
    pub(crate) mend: String,
}

impl Problem {
    pub(crate) fn new(cell: usize, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { cell, message: message.into(), mend: mend.into() }
    }

    /// With the place of its cell.
    pub(crate) fn at(self, file: &str, line: u64, column: u64) -> RecordingError {
        RecordingError::Malformed {
            file: file.to_owned(),
            line,
            column,
            message: self.message,
            mend: self.mend,
        }
    }
}

/// A text from a file as a message quotes it: no longer than a line can bear.
pub(crate) fn quoted(text: &str) -> String {
    /// So much of a cell is shown; more of it would hide the message.
    const SHOWN: usize = 40;
    if text.chars().count() <= SHOWN {
        return format!("{text:?}");
    }
    let start: String = text.chars().take(SHOWN).collect();
    format!("{start:?}..")
}
