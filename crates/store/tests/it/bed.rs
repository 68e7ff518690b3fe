use tempfile::TempDir;
use tidegate_store::SqliteStore;
pub(crate) use tidegate_testkit::shelf::{draft, key, status, step};
use tidegate_units::Epoch;

/// That of a store in which nobody has led yet.
pub(crate) const NOBODY: Epoch = Epoch(0);

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(folder.path()).unwrap()
}

/// A small generator (xorshift64), so that a run can be repeated.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    /// The same for a place in so many.
    pub(crate) fn index(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(limit as u64)).unwrap()
    }
}
