use rusqlite::{Error, ErrorCode};
use tidegate_ports::StoreError;

/// Says what could not be done, and why.
pub(crate) fn failed(what: &str, why: impl std::fmt::Display) -> StoreError {
    StoreError::Failed(format!("{what}: {why}"))
}

/// Says what became impossible for good.
pub(crate) fn broken(what: &str, why: impl std::fmt::Display) -> StoreError {
    StoreError::Broken(format!("{what}: {why}"))
}

/// The same of something that was to be read, told by whether what is kept is to blame.
pub(crate) fn unreadable(what: &str, error: &Error) -> StoreError {
    let why = format!("{what}: {error}");
    match error.sqlite_error_code() {
        // No code: a row or a value that is not what we write. `Unknown`: a table that is not there.
        None | Some(ErrorCode::Unknown | ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::Damaged(why)
        }
        Some(ErrorCode::DiskFull) => StoreError::Full(why),
        Some(_) => StoreError::Failed(why),
    }
}

/// Whether it is for want of space that something was not written.
pub(crate) fn is_full(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// How much of the writer's work an error spoils.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoils {
    /// The batch that met it; the others of the transaction stand.
    Batch,
    /// The transaction. Later ones may succeed: space is freed, a lock is given back.
    Transaction,
    /// Everything: what is on the disk is no longer known, so nothing may be written on top.
    /// After a failed fsync the kernel drops the dirty pages, and a second fsync would lie.
    Writer,
}

/// Judges an error of SQLite's.
pub(crate) fn spoils(error: &Error) -> Spoils {
    match error.sqlite_error_code() {
        None
        | Some(
            ErrorCode::ConstraintViolation
            | ErrorCode::TooBig
            | ErrorCode::TypeMismatch
            | ErrorCode::OperationAborted,
        ) => Spoils::Batch,
        Some(
            ErrorCode::DiskFull
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OutOfMemory
            // A file beside the database, of which nothing was written yet.
            | ErrorCode::CannotOpen
            | ErrorCode::OperationInterrupted,
        ) => Spoils::Transaction,
        Some(_) => Spoils::Writer,
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn a_broken_disk_stops_the_writer_and_a_full_one_does_not() {
        for (code, expect) in [
            (ffi::SQLITE_CONSTRAINT, Spoils::Batch),
            (ffi::SQLITE_FULL, Spoils::Transaction),
            (ffi::SQLITE_BUSY, Spoils::Transaction),
            (ffi::SQLITE_CANTOPEN, Spoils::Transaction),
            (ffi::SQLITE_IOERR_FSYNC, Spoils::Writer),
            (ffi::SQLITE_IOERR_WRITE, Spoils::Writer),
            (ffi::SQLITE_CORRUPT, Spoils::Writer),
            (ffi::SQLITE_READONLY, Spoils::Writer),
        ] {
            let error = Error::SqliteFailure(ffi::Error::new(code), None);
            assert_eq!(spoils(&error), expect, "{error}");
        }
        assert_eq!(spoils(&Error::InvalidQuery), Spoils::Batch);
    }
}
