//! What is read of a standby: all that had come to it, of one moment, or a word why not.

use tidegate_ports::{Store as _, StoreError, VerifyError};
use tidegate_store_postgres::PostgresReader;
use tidegate_testkit::postgres::Postgres;

use crate::{
    bed::{NOBODY, address, open, step, try_open},
    failover::caught_up,
    rebuild::{all_of, build, read, with_history},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_read_as_its_primary_is_and_what_was_read_is_restored() {
    let primary = Postgres::start(&[]);
    let standby = Postgres::standby_of(&primary, &[]);
    let (from, copy) = (primary.url("postgres"), standby.url("postgres"));
    with_history(&from, 23).await;
    caught_up(&primary).await;
    let (there, here) = (all_of(&from).await, all_of(&copy).await);
    assert_eq!(here.facts, there.facts);
    assert_eq!((&here.documents, &here.changes), (&there.documents, &there.changes));
    assert_eq!(here.entries, there.entries);
    let reader = PostgresReader::open(&address(&copy)).await.unwrap();
    assert_eq!(reader.verify(Some(there.facts.head)).await.unwrap().head, there.facts.head);
    // What came later is not in it, also where its primary is gone.
    let held = reader.snapshot().await.unwrap();
    open(&from).await.commit(NOBODY, step("later", 1)).await.unwrap();
    caught_up(&primary).await;
    drop(primary);
    let mut seen = 0;
    let visit = |entry: tidegate_ledger::Entry| {
        seen = entry.sequence;
        Ok::<_, VerifyError>(())
    };
    held.entries(visit).await.unwrap();
    assert_eq!(seen, there.facts.head.sequence);
    let whole = all_of(&copy).await;
    assert_eq!(whole.facts.head.sequence, seen + 1);
    let other = Postgres::start(&[]);
    let (rebuild, ..) = build(&whole, None, &other.url("postgres")).await.unwrap();
    rebuild.commit().await.unwrap();
    assert_eq!(all_of(&other.url("postgres")).await.documents, whole.documents);
    // Nothing is restored into a standby, and no server starts on one.
    let error = crate::rebuild::begin(&copy).await.unwrap_err().to_string();
    assert!(error.contains("is a standby and takes no writes"), "{error}");
    let mut settings = crate::bed::settings();
    settings.times.patience = std::time::Duration::from_millis(300);
    let error = try_open(&copy, settings).await.unwrap_err().to_string();
    assert!(error.contains("is a standby and takes no writes"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_cannot_hold_a_moment_says_so() {
    let primary = Postgres::start(&[]);
    let standby = Postgres::standby_of(&primary, &["max_standby_streaming_delay=0"]);
    let (from, copy) = (primary.url("postgres"), standby.url("postgres"));
    with_history(&from, 23).await;
    caught_up(&primary).await;
    let reader = PostgresReader::open(&address(&copy)).await.unwrap();
    let held = reader.snapshot().await.unwrap();
    // What it still sees is taken away on the primary, and the standby follows at once.
    primary.sql("postgres", "UPDATE tidegate.document SET body = body");
    primary.sql("postgres", "VACUUM tidegate.document");
    caught_up(&primary).await;
    let read_on = held.documents::<StoreError>(|_| Ok(())).await;
    let error = read_on.unwrap_err().to_string();
    assert!(error.contains("conflict with recovery"), "{error}");
    assert!(error.contains("hot_standby_feedback"), "{error}");
    drop(reader);
    // Whoever tries again has it.
    let whole = read(&PostgresReader::open(&address(&copy)).await.unwrap()).await.unwrap();
    assert_eq!(whole.documents, all_of(&from).await.documents);
}
