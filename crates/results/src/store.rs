//! Where artifacts and caches lie: their bytes by their hash, and what they are in SQLite.
//!
//! Invariant: a row names a blob only after that blob is whole and on the disk, and a blob goes
//! only after the last row that names it. Both are done under the one lock of the database, so a
//! kill at any moment leaves at most files that nobody names; they are cleared when it is opened.

mod artifacts;
mod blobs;
mod caches;
mod put;
mod sweep;
mod uploads;

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ring::rand::{SecureRandom as _, SystemRandom};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use tidegate_ports::Clock;
use tidegate_units::Timestamp;

use crate::{Error, Limits};

pub use artifacts::{Artifact, NewArtifact};
pub use blobs::{Blob, Draft};
pub use caches::{CacheEntry, Lookup};
pub use sweep::{ArtifactsOfBranch, Swept};
pub(crate) use uploads::{Part, Upload, UploadKind};

/// `TgRs` in ASCII: tells our files from other programs' (`PRAGMA application_id`).
const APPLICATION: i64 = 0x5467_5273;

/// The version of the tables. What version 1 was never changes: it has been run on someone's disk.
const VERSION: i64 = 1;

/// The folder of artifacts and caches, held by this process until it is dropped.
pub struct Store {
    folder: PathBuf,
    database: Mutex<Connection>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    _lock: File,
}

impl Store {
    /// Opens the folder, or makes it with mode 0700, and clears what a kill left half done.
    ///
    /// Errors where another process holds it, or it is another program's.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>, limits: Limits) -> Result<Self, Error> {
        for part in ["", "blobs", "incoming"] {
            make_folder(&folder.join(part))?;
        }
        let lock = hold(folder)?;
        let path = folder.join("results.db");
        let mut connection = Connection::open(&path)?;
        prepare(&mut connection)?;
        let database = Mutex::new(connection);
        let store = Self { folder: folder.to_owned(), database, clock, limits, _lock: lock };
        store.clear()?;
        Ok(store)
    }

    /// What is taken and kept.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A statement that panicked was in a transaction, which is taken back.
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A key of this store, made when it is first asked for.
    pub(crate) fn secret(&self, name: &str) -> Result<[u8; 32], Error> {
        let mut made = [0; 32];
        SystemRandom::new()
            .fill(&mut made)
            .map_err(|_| Error::failed("cannot make a key")("the machine has no random numbers"))?;
        let connection = self.lock();
        connection.execute(
            "INSERT OR IGNORE INTO secret VALUES (?1, ?2)",
            params![name, made.as_slice()],
        )?;
        let found =
            connection
                .query_row("SELECT value FROM secret WHERE name = ?1", [name], |row| row.get(0))?;
        Ok(found)
    }
}

fn make_folder(path: &Path) -> Result<(), Error> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(Error::failed(format!("cannot make {}", path.display())))
}

/// The lock is the kernel's, so it ends with its holder however that ends.
fn hold(folder: &Path) -> Result<File, Error> {
    let path = folder.join("results.lock");
    let failed = || Error::failed(format!("cannot lock {}", path.display()));
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(failed())?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(failed()(std::io::Error::other("another process holds it")))
        }
        Err(TryLockError::Error(error)) => Err(failed()(error)),
    }
}

fn prepare(connection: &mut Connection) -> Result<(), Error> {
    let read = |connection: &Connection, query| {
        connection.query_row(query, [], |row| row.get::<_, i64>(0))
    };
    let owner = read(connection, "PRAGMA application_id")?;
    let tables = read(connection, "SELECT count(*) FROM sqlite_schema")?;
    let version = read(connection, "PRAGMA user_version")?;
    if owner != APPLICATION && (owner != 0 || tables != 0) {
        return Err(Error::failed("results.db")("it was written by another program"));
    }
    if version > VERSION {
        return Err(Error::failed("results.db")(format!(
            "it has schema {version}, of a later Tidegate; this one knows {VERSION}"
        )));
    }
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // A commit is followed by an fsync, so a blob's name is on the disk after its bytes are.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "temp_store", "memory")?;
    if version == 0 {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(include_str!("store/schema.sql"))?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
    }
    Ok(())
}

/// The first row, if there is one.
fn first<T>(
    connection: &Connection,
    query: &str,
    parameters: impl rusqlite::Params,
    read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, Error> {
    Ok(connection.prepare_cached(query)?.query_row(parameters, read).optional()?)
}

/// All rows.
fn all<T>(
    connection: &Connection,
    query: &str,
    parameters: impl rusqlite::Params,
    read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Error> {
    let mut statement = connection.prepare_cached(query)?;
    let rows = statement.query_map(parameters, read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// SQLite's numbers have a sign; a size beyond it is no file's.
fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// What was written by [`signed`].
fn unsigned(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

fn moment(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    Ok(Timestamp::from_millis(row.get(column)?))
}

/// Takes away a folder with all in it; that it is not there is as good.
fn remove_all(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::failed(format!("cannot clear {}", path.display()))(error))
        }
        _ => Ok(()),
    }
}
