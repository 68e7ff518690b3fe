/// Why a report cannot be read; written `file:line:column: what; what to do`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Something in it makes no sense.
    #[error("{file}:{line}:{column}: {message}; {mend}")]
    Malformed {
        /// The file as it was named.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The character of that line, from 1.
        column: usize,
        /// What is wrong.
        message: String,
        /// What to do about it.
        mend: String,
    },
    /// It is none of the formats, or not to be told which of them.
    #[error("{file}: {message}; {mend}")]
    Unknown {
        /// The file as it was named.
        file: String,
        /// What it looks like.
        message: String,
        /// What to do about it.
        mend: String,
    },
}

/// What is wrong, before its place is known as a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The byte of the text that it is about.
    pub(crate) at: usize,
    pub(crate) message: String,
    pub(crate) mend: String,
}

impl Problem {
    pub(crate) fn new(at: usize, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { at, message: message.into(), mend: mend.into() }
    }

    /// There is more of something than is read.
    pub(crate) fn too_many(at: usize, most: usize, what: &str) -> Self {
        let message = format!("there are more than {most} {what}");
        Self::new(at, message, "write a report for each part of what ran")
    }
}

/// A text from a file as a message quotes it: no longer than a line can bear.
pub(crate) fn quoted(text: &str) -> String {
    /// So much is shown; more of it would hide the message.
    const SHOWN: usize = 40;
    let mut start: String = text.chars().take(SHOWN).collect();
    if start.len() == text.len() {
        return format!("{text:?}");
    }
    start = format!("{start:?}..");
    start
}
