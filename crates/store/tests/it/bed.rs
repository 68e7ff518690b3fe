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
