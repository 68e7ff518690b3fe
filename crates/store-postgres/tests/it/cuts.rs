//! The connection breaks, or nothing passes any more, at each stage of a commit.

use std::time::{Duration, Instant};

use tidegate_ports::{Store as _, StoreError};
use tidegate_store_postgres::{PostgresStore, Settings};
use tidegate_units::Epoch;

use crate::{
    bed::{NOBODY, open, settings, shared, step, try_open},
    wire::{Fault, Wire},
};

/// More messages than a commit sends over a new connection.
const MESSAGES: usize = 16;

/// A store over a wire, that leads and has written one entry.
async fn wired(settings: Settings) -> (String, Wire, PostgresStore, Epoch) {
    let url = shared().database();
    let (wire, port) = Wire::to(shared().port()).await;
    let through = url.replace(&shared().port().to_string(), &port.to_string());
    let store = try_open(&through, settings).await.unwrap();
    let epoch = store.lead(NOBODY).await.unwrap();
    store.commit(epoch, step("web", 1)).await.unwrap();
    (url, wire, store, epoch)
}

/// Gives up waiting for an answer after a second, as does the database.
fn impatient() -> Settings {
    let mut settings = settings();
    settings.times.statement = Duration::from_millis(700);
    settings.times.answer = Duration::from_secs(1);
    // What is held is not the lease's own message.
    settings.times.renew = Duration::from_secs(100);
    settings
}

/// Commits with a fault on the way: it is acknowledged, and in the ledger once.
async fn check(
    url: &str,
    (wire, store, epoch): (&Wire, &PostgresStore, Epoch),
    fault: Fault,
    number: u64,
) {
    let before = store.verify(None).await.unwrap().entries;
    wire.plan(fault);
    let done = store.commit(epoch, step("web", number)).await;
    wire.forget();
    let told = done.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
    assert_eq!(told.entries[0].sequence, before + 1, "{fault:?}");
    let kept = open(url).await.entries(before, 10).await.unwrap();
    assert_eq!(kept, told.entries, "{fault:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_cut_off_is_done_once() {
    let mut quiet = settings();
    quiet.times.renew = Duration::from_secs(100);
    let (url, wire, store, epoch) = wired(quiet).await;
    let mut number = 1;
    for at in 0..MESSAGES {
        for fault in [Fault::CutBefore(at), Fault::CutAfter(at)] {
            number += 1;
            check(&url, (&wire, &store, epoch), fault, number).await;
        }
    }
    // A commit sends fewer messages than that, so the last of these did not happen, and all before did.
    assert!(wire.done() >= 6, "{}", wire.done());
    for fault in [Fault::CutBeforeCommit, Fault::CutAfterCommit] {
        let done = wire.done();
        number += 1;
        check(&url, (&wire, &store, epoch), fault, number).await;
        assert_eq!(wire.done(), done + 1, "{fault:?}");
    }
    assert_eq!(store.verify(None).await.unwrap().entries, number);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_over_which_nothing_passes_is_left_in_time() {
    let (url, wire, store, epoch) = wired(impatient()).await;
    for (fault, number) in [Fault::Hold(0), Fault::Hold(1), Fault::Hold(2), Fault::HoldAfterCommit]
        .into_iter()
        .zip(2..)
    {
        let begun = Instant::now();
        check(&url, (&wire, &store, epoch), fault, number).await;
        assert!(begun.elapsed() < Duration::from_secs(12), "{fault:?} {:?}", begun.elapsed());
    }
    assert_eq!(wire.done(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_took_over_meanwhile_does_not_change_what_became_of_a_commit() {
    for (fault, is_there) in [(Fault::HoldAfterCommit, true), (Fault::Hold(1), false)] {
        // Another takes over while the answer is waited for.
        let mut patient = impatient();
        patient.times.statement = Duration::from_secs(5);
        patient.times.answer = Duration::from_secs(6);
        let (url, wire, store, epoch) = wired(patient).await;
        wire.plan(fault);
        let (done, led) = tokio::join!(store.commit(epoch, step("web", 2)), async {
            while wire.done() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            // Long enough for the database to do what was let through.
            tokio::time::sleep(Duration::from_millis(300)).await;
            open(&url).await.lead(NOBODY).await
        });
        let theirs = led.unwrap();
        match done {
            Ok(done) => assert!(is_there && done.entries[0].sequence == 2, "{done:?}"),
            Err(error) => {
                assert_eq!((error, is_there), (StoreError::Fenced { ours: epoch, theirs }, false));
            }
        }
        let entries = store.verify(None).await.unwrap().entries;
        assert_eq!(entries, if is_there { 2 } else { 1 });
        let refused = store.commit(epoch, step("web", 3)).await;
        assert_eq!(refused, Err(StoreError::Fenced { ours: epoch, theirs }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_that_is_cut_off_is_taken_all_the_same() {
    for fault in [Fault::CutBeforeCommit, Fault::CutAfterCommit, Fault::CutAfter(0)] {
        let (_, wire, store, before) = wired(settings()).await;
        wire.plan(fault);
        let epoch = store.lead(NOBODY).await.unwrap();
        assert!(epoch > before, "{fault:?}");
        store.commit(epoch, step("web", 2)).await.unwrap();
        assert_eq!(wire.done(), 1);
    }
}
