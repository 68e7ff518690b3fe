/// Why something of artifacts or caches was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or whoever asks may not know of it.
    #[error("{0}")]
    NotFound(String),
    /// It is there already, and does not change.
    #[error("{0}")]
    AlreadyExists(String),
    /// The token or the signed address does not let one do this.
    #[error("{0}")]
    Denied(String),
    /// What was asked makes no sense; the text says what is allowed.
    #[error("{0}")]
    Invalid(String),
    /// What was sent is not what it was said to be.
    #[error("{0}")]
    Mismatch(String),
    /// A limit is reached; the text says which.
    #[error("{0}")]
    TooLarge(String),
    /// The machine did not do its part.
    #[error("{what}: {why}")]
    Failed {
        /// What was being done.
        what: String,
        /// What the machine said.
        why: String,
    },
}

impl Error {
    /// For `map_err`: the machine refused `what`.
    pub(crate) fn failed<E: std::fmt::Display>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        move |why| Self::Failed { what: what.into(), why: why.to_string() }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed { what: "cannot use results.db".to_owned(), why: error.to_string() }
    }
}
