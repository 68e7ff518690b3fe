//! How many batches a second reach the disk, beside SQLite with a transaction for each entry, and
//! how fast a kept ledger is verified.
//!
//! The figures are those of the disk under the temporary folder (`TMPDIR`): each commit is an fsync.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::sync::Arc;

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;
use tidegate_ledger::{Actor, Draft, Subject};
use tidegate_ports::{Batch, Store as _, StoredObject, Write};
use tidegate_store::{SqliteStore, read_only};
use tidegate_units::{Epoch, ObjectKey, Timestamp};
use tokio::runtime::Runtime;

/// Entries of the ledger that is verified: two months of a rollout every quarter of an hour.
const LEDGER: usize = 100_000;
/// Entries to a batch while it is filled.
const FILL: usize = 1000;

fn main() {
    divan::main();
}

struct Bed {
    folder: TempDir,
    store: Arc<SqliteStore>,
    runtime: Runtime,
}

impl Bed {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path()).unwrap());
        let runtime = Runtime::new().unwrap();
        Self { folder, store, runtime }
    }

    /// Commits one batch from each of `callers` at the same time.
    fn commit_from(&self, callers: usize, batch: fn(usize) -> Batch) {
        self.runtime.block_on(async {
            let tasks: Vec<_> = (0..callers)
                .map(|caller| {
                    let store = Arc::clone(&self.store);
                    tokio::spawn(async move {
                        store.commit(Epoch::default(), batch(caller)).await.unwrap()
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
    }
}

fn batch(caller: usize) -> Batch {
    Batch {
        writes: vec![Write::Put(
            StoredObject {
                kind: "RolloutStatus".into(),
                key: ObjectKey::new("default", &format!("web-{caller}")),
                body: json!({"phase": "Progressing", "step": 2, "weights": {"canary": 25}}),
            }
            .into(),
        )],
        entries: vec![draft()],
    }
}

fn entry() -> Batch {
    Batch { writes: Vec::new(), entries: vec![draft()] }
}

fn draft() -> Draft {
    Draft {
        at: Timestamp::from_millis(1_767_225_600_042),
        actor: Actor::Controller,
        subject: Subject { kind: "Rollout".into(), key: ObjectKey::new("default", "web") },
        what: "WeightSet".into(),
        detail: json!({
            "from": 5, "to": 25, "step": 2,
            "canary": {"requests": 1204, "errors": 3}, "stable": {"requests": 22011, "errors": 51},
        }),
    }
}

/// The peer: the same entry in a table of SQLite's, in a transaction of its own, as durable as here.
#[divan::bench]
fn plain_sqlite(bencher: divan::Bencher<'_, '_>) {
    let folder = tempfile::tempdir().unwrap();
    let plain = Connection::open(folder.path().join("plain.db")).unwrap();
    plain.pragma_update(None, "journal_mode", "wal").unwrap();
    plain.pragma_update(None, "synchronous", "full").unwrap();
    plain.execute_batch("CREATE TABLE ledger (sequence INTEGER PRIMARY KEY, body TEXT)").unwrap();
    let body = serde_json::to_string(&draft()).unwrap();
    let mut insert = plain.prepare("INSERT INTO ledger (body) VALUES (?1)").unwrap();
    bencher.counter(1_usize).bench_local(|| insert.execute([&body]).unwrap());
}

#[divan::bench(args = [1, 8, 64, 256])]
fn durable_commits(bencher: divan::Bencher<'_, '_>, callers: usize) {
    let bed = Bed::new();
    bencher.counter(callers).bench_local(|| bed.commit_from(callers, batch));
}

/// Entries alone, from so many callers at the same time.
#[divan::bench(args = [256])]
fn durable_entries(bencher: divan::Bencher<'_, '_>, callers: usize) {
    let bed = Bed::new();
    bencher.counter(callers).bench_local(|| bed.commit_from(callers, |_| entry()));
}

/// What a tick writes of so many rollouts that are judged: evidence of some kilobytes for each.
#[divan::bench(args = [100, 1000, 4000], sample_count = 10, sample_size = 1)]
fn writes_of_one_batch(bencher: divan::Bencher<'_, '_>, rollouts: usize) {
    let bed = Bed::new();
    let evidence = json!({ "gathered": vec![0.731_225; 400] });
    let writes = (0..rollouts).map(|rollout| {
        Write::Put(
            StoredObject {
                kind: "AnalysisRun".into(),
                key: ObjectKey::new("default", &format!("web-{rollout}/watch")),
                body: evidence.clone(),
            }
            .into(),
        )
    });
    let batch = Batch { writes: writes.collect(), entries: vec![draft()] };
    bencher.counter(rollouts).with_inputs(|| batch.clone()).bench_local_values(|batch| {
        bed.runtime.block_on(bed.store.commit(Epoch::default(), batch)).unwrap();
    });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn verified_entries(bencher: divan::Bencher<'_, '_>) {
    let bed = Bed::new();
    for _ in 0..LEDGER / FILL {
        let batch = Batch { writes: Vec::new(), entries: vec![draft(); FILL] };
        bed.runtime.block_on(bed.store.commit(Epoch::default(), batch)).unwrap();
    }
    let reader = read_only(bed.folder.path()).unwrap();
    bencher.counter(LEDGER).bench_local(|| reader.verify(None).unwrap());
}
