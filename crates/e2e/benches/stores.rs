//! Durable ledger entries a second, one after the other and by group commit: SQLite in a folder beside
//! `PostgreSQL` over loopback, in one run on one disk.
//!
//! The figures are those of the disk under the temporary folder (`TMPDIR`): each commit waits for it.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark tells and fails aloud")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use tidegate_ledger::{Actor, Draft, Subject};
use tidegate_ports::{Batch, Store, StoredObject, Write};
use tidegate_store::SqliteStore;
use tidegate_store_postgres::{Address, PostgresStore, Settings};
use tidegate_testkit::postgres::Postgres;
use tidegate_units::{Epoch, ObjectKey, Timestamp};
use tokio::runtime::Runtime;

/// So long each is measured.
const SPAN: Duration = Duration::from_secs(5);
/// Callers at once, each with a batch of one document and one entry; and entries to a batch.
const SHAPES: [(usize, usize); 4] = [(1, 1), (16, 1), (256, 1), (16, 100)];
/// So often all of it is verified.
const VERIFIED: usize = 5;

fn main() {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(&[]);
    let sqlite: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path()).unwrap());
    let address = Address::parse(&server.url("postgres"), |_| None).unwrap();
    let opened = runtime.block_on(PostgresStore::open(address, Settings::default()));
    let postgres: Arc<dyn Store> = Arc::new(opened.unwrap());
    println!("{:>8} {:>8} {:>14} {:>14}", "callers", "entries", "SQLite/s", "PostgreSQL/s");
    for (callers, entries) in SHAPES {
        let [one, other] =
            [&sqlite, &postgres].map(|store| runtime.block_on(measure(store, callers, entries)));
        println!("{callers:>8} {entries:>8} {one:>14.0} {other:>14.0}");
    }
    for (name, store) in [("SQLite", sqlite), ("PostgreSQL", postgres)] {
        let mut rates: Vec<_> = (0..VERIFIED).map(|_| verified(&runtime, &store)).collect();
        rates.sort_by(f64::total_cmp);
        let [least, .., most] = rates.as_slice() else { continue };
        let median = rates.get(VERIFIED / 2).copied().unwrap_or_default();
        println!(
            "verified in {name}: {median:.0}/s, the median of {VERIFIED} ({least:.0} to {most:.0})"
        );
    }
}

/// Entries verified a second.
#[expect(clippy::cast_precision_loss, reason = "a count of entries")]
fn verified(runtime: &Runtime, store: &Arc<dyn Store>) -> f64 {
    let begin = Instant::now();
    let summary = runtime.block_on(store.verify(None)).unwrap();
    summary.entries as f64 / begin.elapsed().as_secs_f64()
}

/// Durable entries a second.
async fn measure(store: &Arc<dyn Store>, callers: usize, entries: usize) -> f64 {
    let begin = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let mut written = 0_u32;
                while begin.elapsed() < SPAN {
                    let done = store.commit(Epoch::default(), batch(caller, entries)).await;
                    written += u32::try_from(done.unwrap().entries.len()).unwrap();
                }
                written
            })
        })
        .collect();
    let mut written = 0;
    for task in tasks {
        written += task.await.unwrap();
    }
    f64::from(written) / begin.elapsed().as_secs_f64()
}

fn batch(caller: usize, entries: usize) -> Batch {
    let key = ObjectKey::new("default", &format!("web-{caller}"));
    let entry = Draft {
        at: Timestamp::from_millis(1_767_225_600_042),
        actor: Actor::Controller,
        subject: Subject { kind: "Rollout".into(), key: key.clone() },
        what: "WeightSet".into(),
        detail: json!({
            "from": 5, "to": 25, "step": 2,
            "canary": {"requests": 1204, "errors": 3}, "stable": {"requests": 22011, "errors": 51},
        }),
    };
    Batch {
        writes: vec![Write::Put(
            StoredObject {
                kind: "RolloutStatus".into(),
                key,
                body: json!({"phase": "Progressing", "step": 2, "weights": {"canary": 25}}),
            }
            .into(),
        )],
        entries: vec![entry; entries],
    }
}
