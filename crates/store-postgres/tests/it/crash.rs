//! The database dies in the middle of commits.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tidegate_ledger::Entry;
use tidegate_ports::{Store as _, StoreError};
use tidegate_store_postgres::PostgresStore;
use tidegate_testkit::postgres::Postgres;
use tidegate_units::Epoch;
use tokio::time::sleep;

use crate::bed::{NOBODY, open, settings, step, try_open};

/// Deaths of the database in one test. Each is followed by its recovery, which takes a second or two.
const DEATHS: usize = 4;

/// Commits until it is told to stop, and says what was acknowledged: names and entries.
async fn write(
    store: Arc<PostgresStore>,
    epoch: Epoch,
    writer: u64,
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
) -> Vec<Entry> {
    let (mut acknowledged, mut number) = (Vec::new(), 0);
    while !stop.load(Ordering::SeqCst) {
        number += 1;
        match store.commit(epoch, step(&format!("web-{writer}"), number)).await {
            Ok(done) => acknowledged.extend(done.entries),
            Err(StoreError::Failed(_)) => {}
            Err(error) => panic!("{error}"),
        }
        written.fetch_add(1, Ordering::SeqCst);
    }
    acknowledged
}

/// Every entry that was acknowledged is there as it was told, and no batch twice.
async fn check_kept(store: &PostgresStore, acknowledged: &[Entry]) {
    let entries = store.entries(0, usize::MAX).await.unwrap();
    assert_eq!(store.verify(None).await.unwrap().entries, entries.len() as u64);
    for told in acknowledged {
        let at = usize::try_from(told.sequence).unwrap() - 1;
        assert_eq!(entries.get(at), Some(told), "what was acknowledged is lost");
    }
    let mut seen = BTreeMap::new();
    for entry in &entries {
        let batch = (entry.draft.subject.key.to_string(), entry.draft.detail.to_string());
        assert_eq!(seen.insert(batch, entry.sequence), None, "{entry:?} is there twice");
    }
    assert!(acknowledged.len() > DEATHS * 10, "only {} were acknowledged", acknowledged.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_killed_loses_nothing_and_doubles_nothing() {
    // The database would wait for its disk with nothing, if it was not told to by each connection.
    let mut server = Postgres::start(&["synchronous_commit=off", "wal_writer_delay=10s"]);
    let store = Arc::new(open(&server.url("postgres")).await);
    let epoch = store.lead(NOBODY).await.unwrap();
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
            tokio::spawn(write(store, epoch, writer, stop, Arc::clone(&written)))
        })
        .collect();
    for _ in 0..DEATHS {
        let from = written.load(Ordering::SeqCst);
        while written.load(Ordering::SeqCst) < from + 60 {
            sleep(Duration::from_millis(5)).await;
        }
        server = tokio::task::spawn_blocking(move || {
            server.crash();
            server.up();
            server
        })
        .await
        .unwrap();
    }
    stop.store(true, Ordering::SeqCst);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    check_kept(&store, &acknowledged).await;
    // And so does whoever comes next.
    drop(store);
    check_kept(&open(&server.url("postgres")).await, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_is_told_and_found_again() {
    let mut server = Postgres::start(&[]);
    let mut hasty = settings();
    hasty.times.patience = Duration::from_secs(1);
    let store = try_open(&server.url("postgres"), hasty).await.unwrap();
    let epoch = store.lead(NOBODY).await.unwrap();
    store.commit(epoch, step("web", 1)).await.unwrap();
    server.stop();
    let error = store.commit(epoch, step("web", 2)).await.unwrap_err();
    assert!(matches!(error, StoreError::Failed(_)) && !error.is_final(), "{error:?}");
    assert!(error.to_string().contains(&server.to_string()), "{error}");
    server.up();
    store.commit(epoch, step("web", 3)).await.unwrap();
    let entries = store.entries(0, 10).await.unwrap();
    let steps: Vec<_> = entries.iter().map(|entry| entry.draft.detail.clone()).collect();
    assert_eq!(steps, [json!({"step": 1}), json!({"step": 3})]);
}
