use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use rusqlite::Connection;

/// So many pages in the write-ahead log cause a checkpoint: SQLite's own number...
pub(crate) const PAGES: u32 = 1000;

/// ...and on a full disk, where the log is written over from its beginning each time rather than
/// made longer. A decision takes some ten pages.
pub(crate) const THRIFTY_PAGES: u32 = 16;

/// Folds in all of the write-ahead log, and cuts it off. What a reader still needs stays.
pub(crate) fn empty(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// When the write-ahead log is folded into the database. SQLite does so by itself after a commit,
/// but keeps to itself when the disk fails at that; so it is done here.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    /// How many pages are in the log.
    logged: Arc<AtomicU32>,
    at: u32,
}

impl Checkpoints {
    /// Takes them over from SQLite.
    pub(crate) fn of(connection: &mut Connection) -> rusqlite::Result<Self> {
        let logged = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&logged);
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            count.store(u32::try_from(pages).unwrap_or(0), Relaxed);
            Ok(())
        }))?;
        Ok(Self { logged, at: PAGES })
    }

    /// From now on one is due at so many pages.
    pub(crate) fn at(&mut self, pages: u32) {
        self.at = pages;
    }

    /// At how many pages one is due.
    #[cfg(test)]
    pub(crate) fn due_at(&self) -> u32 {
        self.at
    }

    /// Makes one if it is due.
    pub(crate) fn tend(&self, connection: &Connection) -> rusqlite::Result<()> {
        if self.logged.load(Relaxed) < self.at { Ok(()) } else { self.make(connection) }
    }

    /// Makes one. What a reader still needs is left for the next.
    pub(crate) fn make(&self, connection: &Connection) -> rusqlite::Result<()> {
        self.logged.store(0, Relaxed);
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
    }
}
