//! Disks that lose the end of what was written, and bits that turn over on them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;
use tidegate_ledger::Entry;
use tidegate_ports::{Batch, Store as _, StoreError, StoredObject, Write};
use tidegate_store::{SqliteStore, read_only};
use tokio::runtime::Runtime;

use crate::bed::{Chance, NOBODY, draft, folder, key, status, step};

const COMMITS: u64 = 24;

/// A copy of a folder in which a server was at work, and what it was told is kept.
struct Copy {
    folder: TempDir,
    /// How long the write-ahead log was after each commit.
    lengths: Vec<usize>,
}

impl Copy {
    /// Two rollouts by turns, and a document of several pages, in a log that was not folded in.
    fn of_a_log() -> Self {
        let (from, to) = (folder(), folder());
        let mut lengths = Vec::new();
        let _store = after_each(from.path(), COMMITS, || {
            lengths.push(fs::metadata(wal(from.path())).unwrap().len().try_into().unwrap());
        });
        for name in ["state.db", "state.db-wal"] {
            fs::copy(from.path().join(name), to.path().join(name)).unwrap();
        }
        Self { folder: to, lengths }
    }

    /// The same folded into the database, as a server that ends leaves it.
    fn of_a_database() -> Self {
        let to = folder();
        drop(after_each(to.path(), COMMITS, || {}));
        let database = Connection::open(to.path().join("state.db")).unwrap();
        database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        drop(database);
        Self { folder: to, lengths: Vec::new() }
    }

    /// What a server finds that starts on it with one file changed so.
    fn with(&self, file: &str, change: impl FnOnce(&mut Vec<u8>)) -> Found {
        let to = folder();
        for name in ["state.db", "state.db-wal"] {
            let from = self.folder.path().join(name);
            if from.exists() {
                fs::copy(from, to.path().join(name)).unwrap();
            }
        }
        let path = to.path().join(file);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(&path, bytes).unwrap();
        find(to.path())
    }
}

fn wal(folder: &Path) -> PathBuf {
    folder.join("state.db-wal")
}

fn commit(number: u64) -> Batch {
    let Batch { mut writes, entries } =
        step(if number.is_multiple_of(2) { "web" } else { "pay" }, number);
    if number.is_multiple_of(3) {
        writes.push(Write::Put(status("large", json!("x".repeat(6_000))).into()));
    }
    if number == 7 {
        let kind = "RolloutStatus".to_owned();
        writes.push(Write::Delete { kind, key: key("large") });
    }
    let more = (number == 5).then(|| draft("web", json!({ "text": "y".repeat(5_000) })));
    Batch { writes, entries: entries.into_iter().chain(more).collect() }
}

/// A store with so many commits; `look` is called after each.
fn after_each(folder: &Path, commits: u64, mut look: impl FnMut()) -> SqliteStore {
    let store = SqliteStore::open(folder).unwrap();
    let runtime = Runtime::new().unwrap();
    for number in 1..=commits {
        runtime.block_on(store.commit(NOBODY, commit(number))).unwrap();
        look();
    }
    store
}

/// Documents and entries; or why the server did not start, or what verifying its ledger told.
type Found = Result<(Vec<StoredObject>, Vec<Entry>), StoreError>;

fn find(folder: &Path) -> Found {
    let told = |error: tidegate_ports::VerifyError| StoreError::Damaged(error.to_string());
    let store = SqliteStore::open(folder)?;
    let runtime = Runtime::new().unwrap();
    let documents = runtime.block_on(store.load())?;
    runtime.block_on(store.verify(None)).map_err(told)?;
    let entries = runtime.block_on(store.entries(0, usize::MAX))?;
    drop(store);
    read_only(folder)?.verify(None).map_err(told)?;
    Ok((documents, entries))
}

/// What there is after so many commits.
fn after(commits: u64) -> (Vec<StoredObject>, Vec<Entry>) {
    let folder = folder();
    drop(after_each(folder.path(), commits, || {}));
    find(folder.path()).unwrap()
}

#[test]
fn what_a_crash_broke_off_does_not_stay_behind_what_is_written_next() {
    let copy = Copy::of_a_log();
    let path = wal(copy.folder.path());
    let log = fs::OpenOptions::new().write(true).open(&path).unwrap();
    log.set_len(u64::try_from(copy.lengths[copy.lengths.len() / 2] - 9_000).unwrap()).unwrap();
    let store = SqliteStore::open(copy.folder.path()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    drop(store);
}

#[test]
fn a_log_that_breaks_off_anywhere_holds_whole_commits_and_all_before_it() {
    let copy = Copy::of_a_log();
    let whole: BTreeMap<u64, _> = (0..=COMMITS).map(|commits| (commits, after(commits))).collect();
    let length = *copy.lengths.last().unwrap();
    let mut chance = Chance(0x746f_726e);
    for round in 0..80 {
        let end = match round {
            // At the end of a commit, and a byte before it.
            0..48 => copy.lengths[round / 2] - round % 2,
            _ => chance.index(length),
        };
        let kept = copy.lengths.iter().filter(|length| **length <= end).count() as u64;
        // What was not written is missing, or is whatever was there before.
        for garbage in [None, Some(0), Some(0xa5)] {
            let found = copy.with("state.db-wal", |bytes| match garbage {
                None => bytes.truncate(end),
                Some(garbage) => bytes[end..].fill(garbage),
            });
            assert_eq!(found.as_ref(), Ok(&whole[&kept]), "{end} of {length}, {garbage:?}");
        }
    }
}

#[test]
fn a_bit_that_turns_over_in_the_log_is_told_but_in_the_last_commit() {
    let copy = Copy::of_a_log();
    let (all, but_one) = (after(COMMITS), after(COMMITS - 1));
    let last = copy.lengths[copy.lengths.len() - 2];
    let length = *copy.lengths.last().unwrap();
    let (mut chance, mut told) = (Chance(0x666c_6970), 0);
    for round in 0..300 {
        let at = match round {
            0..32 => round,
            // The heads of frames.
            32..64 => 32 + (round - 32) * (24 + 4096) + round % 24,
            _ => chance.index(length),
        };
        match copy.with("state.db-wal", |bytes| bytes[at] ^= 1 << (round % 8)) {
            Err(StoreError::Damaged(_)) => told += 1,
            Err(other) => panic!("byte {at}: {other}"),
            Ok(found) => assert!(
                found == all || (at >= last && found == but_one),
                "byte {at} of {length}: {} entries and no word",
                found.1.len()
            ),
        }
    }
    assert!(told > 200, "{told}");
}

#[test]
fn a_bit_that_turns_over_in_the_database_is_told_or_harms_nothing() {
    let copy = Copy::of_a_database();
    let all = after(COMMITS);
    let length = fs::metadata(copy.folder.path().join("state.db")).unwrap().len();
    let length = usize::try_from(length).unwrap();
    let (mut chance, mut told) = (Chance(0x6465_6361), 0);
    for round in 0..500 {
        let at = match round {
            // The head of the file, and those of pages, with what follows them.
            0..100 => round,
            100..300 => (round % (length / 4096)) * 4096 + chance.index(40),
            _ => chance.index(length),
        };
        match copy.with("state.db", |bytes| bytes[at] ^= 1 << (round % 8)) {
            Err(_) => told += 1,
            Ok(found) => assert!(
                found == all,
                "byte {at} of {length}: {} documents, {} entries, and no word",
                found.0.len(),
                found.1.len()
            ),
        }
    }
    assert!(told > 100, "{told}");
}

#[test]
fn a_document_that_was_changed_is_not_acted_upon() {
    for (change, says) in [
        (
            "UPDATE document SET body = '{\"step\":9}' WHERE key = 'default/web'",
            "RolloutStatus default/web is not what was written",
        ),
        (
            "UPDATE document SET key = 'default/wep' WHERE key = 'default/web'",
            "RolloutStatus default/wep is not what was written",
        ),
        (
            "DROP TRIGGER document_is_removed; DELETE FROM document WHERE key = 'default/web'",
            "there are 2 documents, and they are not the 3 that were written",
        ),
    ] {
        let copy = Copy::of_a_database();
        let database = Connection::open(copy.folder.path().join("state.db")).unwrap();
        database.execute_batch(change).unwrap();
        drop(database);
        let store = SqliteStore::open(copy.folder.path()).unwrap();
        let found = Runtime::new().unwrap().block_on(store.load_texts());
        assert_eq!(found, Err(StoreError::Damaged(says.to_owned())));
        let read = read_only(copy.folder.path()).unwrap().documents();
        assert_eq!(read, Err(StoreError::Damaged(says.to_owned())));
    }
}
