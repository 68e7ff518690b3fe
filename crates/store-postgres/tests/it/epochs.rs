//! Several servers at one database.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tidegate_ledger::{Entry, Head};
use tidegate_ports::{Store as _, StoreError};
use tidegate_store_postgres::{PostgresStore, Settings, Takeover};
use tidegate_units::Epoch;
use tokio::time::timeout;

use crate::bed::{NOBODY, open, open_waiting, settings, shared, step, try_open};

/// So many leaders write something before the next one takes the lead from them, while all write as fast as they can.
const ROUNDS: usize = 40;

/// What was acknowledged to whom, in the order in which it was.
type Acknowledged = Arc<Mutex<Vec<(Epoch, Head)>>>;

/// Lets another one write: who only ever takes the lead keeps everybody from it.
async fn give_way(acknowledged: &Acknowledged) {
    let written = || acknowledged.lock().unwrap().len();
    let before = written();
    let more = async {
        while written() == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    // Whoever leads may have written its last.
    let _ = timeout(Duration::from_secs(1), more).await;
}

/// Leads, writes until it is refused, and leads again. Whoever wrote nothing lets another one do so first, so that
/// however slow the machine is, each time one of them does.
async fn contend(store: PostgresStore, done: Arc<Mutex<usize>>, acknowledged: Acknowledged) {
    let mut number = 0;
    while *done.lock().unwrap() < ROUNDS {
        let epoch = match store.lead(NOBODY).await {
            Ok(epoch) => epoch,
            // The next one came before this one could write.
            Err(StoreError::Fenced { ours, theirs }) if theirs > ours => {
                give_way(&acknowledged).await;
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        let mut wrote = false;
        loop {
            number += 1;
            match store.commit(epoch, step("web", number)).await {
                Ok(told) => {
                    let head = told.entries[0].head();
                    acknowledged.lock().unwrap().push((epoch, head));
                    *done.lock().unwrap() += usize::from(!wrote);
                    wrote = true;
                }
                Err(StoreError::Fenced { ours, theirs }) => {
                    assert!(ours == epoch && theirs > epoch, "{ours} {theirs}");
                    if !wrote {
                        give_way(&acknowledged).await;
                    }
                    break;
                }
                Err(error) => panic!("{error}"),
            }
            if *done.lock().unwrap() >= ROUNDS {
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaders_that_fight_leave_one_whole_ledger() {
    let url = shared().database();
    let (done, acknowledged) = (Arc::default(), Acknowledged::default());
    let mut tasks = Vec::new();
    for _ in 0..3 {
        let (done, acknowledged) = (Arc::clone(&done), Arc::clone(&acknowledged));
        tasks.push(tokio::spawn(contend(open(&url).await, done, acknowledged)));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let store = open(&url).await;
    let summary = store.verify(None).await.unwrap();
    let entries = store.entries(0, usize::MAX).await.unwrap();
    let mut acknowledged = acknowledged.lock().unwrap().clone();
    assert_eq!(summary.entries, entries.len() as u64);
    assert_eq!(entries.len(), acknowledged.len(), "what was written was acknowledged, and once");
    acknowledged.sort_by_key(|(_, head)| head.sequence);
    let heads: Vec<_> = acknowledged.iter().map(|(_, head)| *head).collect();
    assert_eq!(heads, entries.iter().map(Entry::head).collect::<Vec<_>>());
    // In the order of the ledger epochs only rise: nobody wrote once another had begun.
    assert!(acknowledged.is_sorted_by_key(|(epoch, _)| *epoch));
    let mut epochs: Vec<_> = acknowledged.iter().map(|(epoch, _)| *epoch).collect();
    epochs.dedup();
    assert!(epochs.len() >= ROUNDS, "{} leaders wrote anything", epochs.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_has_nothing_to_write_hears_of_the_next_one() {
    let url = shared().database();
    let first = try_open(&url, settings()).await.unwrap();
    let ours = first.lead(NOBODY).await.unwrap();
    let quiet = timeout(Duration::from_secs(1), first.ended()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    let second = open(&url).await;
    let theirs = second.lead(NOBODY).await.unwrap();
    let told = timeout(Duration::from_secs(20), first.ended()).await.unwrap();
    assert_eq!(told, StoreError::Fenced { ours, theirs });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_leads_once_the_leader_is_not_heard_of_any_more() {
    let url = shared().database();
    let lease = Duration::from_secs(10);
    // Longer than the machine stands still.
    let settings = move || {
        let mut settings = settings();
        settings.times.lease = lease;
        settings
    };
    let first = try_open(&url, settings()).await.unwrap();
    let ours = first.lead(NOBODY).await.unwrap();
    let waiting = Settings { takeover: Takeover::WhenFree, ..settings() };
    let second = try_open(&url, waiting).await.unwrap();
    let lead = tokio::spawn(async move { (second.lead(NOBODY).await.unwrap(), second) });
    // Longer than the lease: it is renewed though nothing is written.
    tokio::time::sleep(lease + lease / 2).await;
    assert!(!lead.is_finished());
    first.commit(ours, step("web", 1)).await.unwrap();
    // As a server ends that is killed: its writer is gone with its runtime, and gives nothing back.
    let stranded = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let url = url.clone();
        let store = runtime.block_on(async {
            let store = try_open(&url, settings()).await.unwrap();
            store.lead(NOBODY).await.unwrap();
            store
        });
        runtime.shutdown_background();
        drop(store);
        Instant::now()
    });
    let gone_at = stranded.await.unwrap();
    let (_, second) = timeout(Duration::from_mins(1), lead).await.unwrap().unwrap();
    let waited = gone_at.elapsed();
    assert!(waited > lease.mul_f32(0.5), "it did not wait for the lease: {waited:?}");
    assert_eq!(second.verify(None).await.unwrap().entries, 1);
    assert!(matches!(first.ended().await, StoreError::Fenced { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_that_is_given_back_is_taken_at_once() {
    let url = shared().database();
    // A lease so long that nobody could wait for it to run out.
    let mut long = Settings::default();
    long.times.lease = Duration::from_secs(100_000);
    let first = try_open(&url, long).await.unwrap();
    let epoch = first.lead(NOBODY).await.unwrap();
    let second = open_waiting(&url).await;
    let lead = tokio::spawn(async move { second.lead(NOBODY).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!lead.is_finished());
    first.release().await;
    let next = timeout(Duration::from_secs(20), lead).await.unwrap().unwrap().unwrap();
    assert!(next > epoch);
    let refused = first.commit(epoch, step("web", 1)).await.unwrap_err();
    assert!(refused.is_final(), "{refused}");
}
