//! A restore whose connection breaks at its end, and one whose disk is full.

use std::{fs::File, path::Path, time::Duration};

use serde_json::json;
use tidegate_ledger::Head;
use tidegate_ports::{Batch, Store as _, StoreError, Write};
use tidegate_store_postgres::{PostgresRebuild, RebuildError};
use tidegate_testkit::postgres::Postgres;

use crate::{
    bed::{NOBODY, draft, open, open_waiting, shared, status, step},
    full_disk::{FOLDER, fill, give_back, noise, on_a_small_disk},
    rebuild::{Whole, all_of, begin_after_all, build, with_history},
    wire::{Fault, Wire},
};

/// Long enough to look a few times.
const DOUBT: Duration = Duration::from_secs(3);

/// A restore over a wire that is about to end, and where it is restored to.
async fn about_to_end() -> (Whole, String, Wire, PostgresRebuild) {
    let (from, to) = (shared().database(), shared().database());
    with_history(&from, 9).await;
    let whole = all_of(&from).await;
    let (wire, port) = Wire::to(shared().port()).await;
    let through = to.replace(&shared().port().to_string(), &port.to_string());
    let (rebuild, ..) = build(&whole, None, &through).await.unwrap();
    (whole, to, wire, rebuild.in_doubt_for(DOUBT))
}

/// That all was restored, and to restore once more is refused and changes nothing.
async fn check_restored(whole: &Whole, url: &str) {
    assert_eq!(begin_after_all(url).await.unwrap_err(), RebuildError::Occupied);
    let there = all_of(url).await;
    assert_eq!((&there.documents, &there.changes), (&whole.documents, &whole.changes));
    assert_eq!(there.entries.len(), whole.entries.len() + 1);
}

/// That nothing was, and to restore once more does it.
async fn check_empty(whole: &Whole, url: &str) {
    let there = all_of(url).await;
    assert_eq!((there.facts.head, there.documents.len()), (Head::default(), 0));
    let (rebuild, ..) = build(whole, None, url).await.unwrap();
    rebuild.commit().await.unwrap();
    check_restored(whole, url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_became_of_a_restore_whose_answer_was_lost_is_found_out() {
    let (whole, url, wire, rebuild) = about_to_end().await;
    wire.plan(Fault::CutAfterCommit);
    rebuild.commit().await.unwrap();
    check_restored(&whole, &url).await;
    let (whole, url, wire, rebuild) = about_to_end().await;
    wire.plan(Fault::CutBeforeCommit);
    let error = rebuild.commit().await.unwrap_err();
    assert!(matches!(error, StoreError::Failed(_)), "nothing was restored, for sure: {error:?}");
    check_empty(&whole, &url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_nobody_knows_the_end_of_is_told_as_that_and_can_be_run_again() {
    for (fault, is_there) in [(Fault::CutAfterCommit, true), (Fault::CutBeforeCommit, false)] {
        let (whole, url, wire, rebuild) = about_to_end().await;
        wire.plan_the_end(fault);
        let error = rebuild.commit().await.unwrap_err();
        assert!(matches!(error, StoreError::Broken(_)), "it is not known: {error:?}");
        assert!(error.to_string().contains("no answer came to a commit"), "{error}");
        if is_there {
            check_restored(&whole, &url).await;
        } else {
            check_empty(&whole, &url).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_comes_back_in_time_says_what_became_of_a_restore() {
    let (whole, url, wire, rebuild) = about_to_end().await;
    wire.plan_the_end(Fault::CutAfterCommit);
    let (done, ()) = tokio::join!(rebuild.in_doubt_for(DOUBT * 10).commit(), async {
        tokio::time::sleep(DOUBT / 2).await;
        wire.mend();
    });
    done.unwrap();
    check_restored(&whole, &url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_leads_meanwhile_does_not_pass_for_what_was_to_be_restored() {
    for (fault, is_there) in [(Fault::CutBeforeCommit, false), (Fault::CutAfterCommit, true)] {
        let (whole, url, wire, rebuild) = about_to_end().await;
        // It waits for the row that the restore has locked, and has it first.
        let name = url.rsplit('/').next().unwrap().to_owned();
        let leading = tokio::spawn(async move {
            let store = open_waiting(&url).await;
            let epoch = store.lead(NOBODY).await.unwrap();
            (store, epoch, url)
        });
        let waits = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND wait_event_type = 'Lock'"
        );
        while shared().sql("postgres", &waits) == "0" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        wire.plan(fault);
        let done = rebuild.commit().await;
        let (store, epoch, url) = leading.await.unwrap();
        assert_eq!(done.is_ok(), is_there, "{done:?}");
        let entries = if is_there { whole.entries.len() as u64 + 1 } else { 0 };
        store.commit(epoch, step("web", 1)).await.unwrap();
        assert_eq!(store.verify(None).await.unwrap().entries, entries + 1);
        assert_eq!(all_of(&url).await.documents.len() > 1, is_there);
    }
}

/// More than the small disk has room for.
async fn large(url: &str) -> Whole {
    let store = open(url).await;
    for number in 0..200 {
        let text = (0..25).map(|part| noise(number * 100 + part)).collect::<String>();
        let object = status(&format!("web-{number}"), json!({ "text": text }));
        let entries = vec![draft("web", json!({ "number": number, "text": text }))];
        let batch = Batch { writes: vec![Write::Put(object.into())], entries };
        store.commit(NOBODY, batch).await.unwrap();
    }
    drop(store);
    all_of(url).await
}

/// Leaves as much room as some of it takes.
fn leave_some(folder: &Path) {
    fill(folder);
    let file = File::options().write(true).open(folder.join("fill")).unwrap();
    file.set_len(file.metadata().unwrap().len().saturating_sub(8 << 20)).unwrap();
}

/// The child's part. Run by itself, on no small disk, it has nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_into_tables_on_a_small_disk() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let server = Postgres::start(&["wal_recycle=on", "min_wal_size=96MB", "max_wal_size=96MB"]);
    let (from, to) = (server.database(), server.database());
    let whole = large(&from).await;
    drop(open(&to).await);
    server.sql("postgres", "CHECKPOINT");
    leave_some(folder);
    for _ in 0..2 {
        let Err(error) = build(&whole, None, &to).await else { panic!("there is room for it") };
        assert!(matches!(error, StoreError::Full(_)), "{error:?}\n{}", server.log());
        assert!(error.to_string().contains("free space on the disk of the database"), "{error}");
        let there = all_of(&to).await;
        assert_eq!((there.facts.head, there.documents.len()), (Head::default(), 0));
    }
    assert!(!server.log().contains("PANIC"), "{}", server.log());
    give_back(folder);
    check_empty(&whole, &to).await;
}

/// So here. The database stops in the middle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_with_its_log_on_a_small_disk() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    // No checkpoint comes by itself, which would give room back while the disk is full.
    let quiet = ["wal_recycle=off", "max_wal_size=1GB", "checkpoint_timeout=1d"];
    let mut server = Postgres::logging_to(&folder.join("wal"), &quiet);
    let (from, to) = (server.database(), server.database());
    let whole = large(&from).await;
    drop(open(&to).await);
    server.sql("postgres", "CHECKPOINT");
    fill(folder);
    let Err(error) = build(&whole, None, &to).await else { panic!("there is room for it") };
    let is_told = matches!(error, StoreError::Failed(_) | StoreError::Full(_));
    assert!(is_told, "{error:?}\n{}", server.log());
    assert!(server.log().contains("No space left on device"), "{}", server.log());
    give_back(folder);
    server.revive();
    check_empty(&whole, &to).await;
}

#[test]
fn nothing_is_restored_on_a_full_disk_and_all_once_there_is_room() {
    on_a_small_disk("restores::a_restore_into_tables_on_a_small_disk", "512m", "tmp");
}

#[test]
fn nothing_is_restored_where_the_log_is_full_and_all_once_there_is_room() {
    on_a_small_disk("restores::a_restore_with_its_log_on_a_small_disk", "192m", "");
}
