use std::io;

use tidegate_ledger::Broken;

/// A backup that was not written or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The disk, or whatever the backup is written to or read from, failed.
    #[error("{what}: {error}")]
    Io {
        /// What could not be done.
        what: String,
        /// What the system says.
        error: io::Error,
    },
    /// It is something else.
    #[error("it is no backup: {0}")]
    Foreign(String),
    /// It is not what was written.
    #[error("the backup is damaged: {0}")]
    Damaged(String),
    /// Its ledger is not one chain.
    #[error("the ledger in the backup is broken: {0}")]
    Broken(#[from] Broken),
    /// It was made by a newer version.
    #[error(
        "the backup has format {found}, this version knows up to {known}; use a newer tidegate"
    )]
    TooNew {
        /// What was found.
        found: u32,
        /// What is known.
        known: u32,
    },
    /// Nothing that was given opens it, or nothing that it could be encrypted with was given.
    #[error("{0}")]
    Key(String),
    /// What was to be backed up is not what it says.
    #[error("the backup was not made: {0}")]
    Unfit(String),
}

impl BackupError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }

    /// An error while reading what is encrypted, compressed and archived: all but the errors of the
    /// disk mean that the bytes are not those that were written.
    pub(crate) fn reading(error: io::Error) -> Self {
        let of_the_system = error.raw_os_error().is_some();
        match error.kind() {
            _ if of_the_system => Self::Io { what: "the backup cannot be read".to_owned(), error },
            io::ErrorKind::UnexpectedEof => Self::Damaged("its end is missing".to_owned()),
            _ => Self::Damaged(error.to_string()),
        }
    }
}
