use tidegate_ports::StoreError;
use tokio_postgres::{Error, error::SqlState};

/// Why something was not done.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The connection is gone, or this server of the database takes no writes now: another attempt,
    /// over another connection, may succeed.
    Cut(String),
    /// It was refused, and the transaction is taken back.
    Refused(StoreError),
}

impl Trouble {
    /// What is told of it when nothing was written.
    pub(crate) fn told(self) -> StoreError {
        match self {
            Self::Cut(why) => StoreError::Failed(why),
            Self::Refused(error) => error,
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

/// Judges an error of the database's; `what` was not done for it.
pub(crate) fn trouble(what: &str, error: &Error) -> Trouble {
    let why = format!("{what}: {}", told(error));
    let Some(code) = error.code() else {
        // Not an answer of the database: the connection, or what came over it.
        return Trouble::Cut(why);
    };
    Trouble::Refused(match *code {
        ref code if passes(code) => return Trouble::Cut(why),
        SqlState::DISK_FULL => {
            StoreError::Full(format!("{why}; free space on the disk of the database"))
        }
        SqlState::UNDEFINED_TABLE
        | SqlState::UNDEFINED_COLUMN
        | SqlState::DATA_CORRUPTED
        | SqlState::INDEX_CORRUPTED => StoreError::Damaged(why),
        _ => StoreError::Failed(why),
    })
}

/// Whether this is of the connection or of the state that this server of the database is in, not of
/// the statement.
fn passes(code: &SqlState) -> bool {
    // Connection exceptions: whatever stands between this and the database lost it.
    code.code().starts_with("08")
        || [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::DATABASE_DROPPED,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::LOCK_NOT_AVAILABLE,
        ]
        .contains(code)
}

/// An error in the database's own words, with its code, which people look up.
fn told(error: &Error) -> String {
    let Some(answer) = error.as_db_error() else {
        let source = std::error::Error::source(error);
        return source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
    };
    let hint = answer.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("{} (SQLSTATE {}){hint}", answer.message(), answer.code().code())
}
