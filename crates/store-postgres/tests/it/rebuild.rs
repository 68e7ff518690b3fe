//! A store that is built in a database from what was kept of one.

use std::time::Duration;

use tidegate_ledger::{Draft, Entry, Head};
use tidegate_ports::{
    Batch, Changed, Facts, Store as _, StoreError, StoredObject, VerifyError, Write,
};
use tidegate_store_postgres::{PostgresReader, PostgresRebuild, RebuildError};
use tidegate_units::Epoch;

use crate::bed::{NOBODY, address, draft, key, open, settings, shared, status, step, try_open};

/// Everything in a database at one moment.
pub(crate) struct Whole {
    pub(crate) facts: Facts,
    pub(crate) documents: Vec<StoredObject>,
    pub(crate) changes: Vec<Changed>,
    pub(crate) entries: Vec<Entry>,
}

pub(crate) async fn read(reader: &PostgresReader) -> Result<Whole, VerifyError> {
    let snapshot = reader.snapshot().await?;
    let (mut documents, mut changes, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    snapshot
        .documents::<VerifyError>(|object| {
            documents.push(object);
            Ok(())
        })
        .await?;
    snapshot
        .changes::<VerifyError>(|change| {
            changes.push(change);
            Ok(())
        })
        .await?;
    snapshot
        .entries::<VerifyError>(|entry| {
            entries.push(entry);
            Ok(())
        })
        .await?;
    Ok(Whole { facts: snapshot.facts(), documents, changes, entries })
}

pub(crate) async fn all_of(url: &str) -> Whole {
    read(&PostgresReader::open(&address(url)).await.unwrap()).await.unwrap()
}

fn last() -> Draft {
    draft("store", serde_json::json!({}))
}

pub(crate) async fn begin(url: &str) -> Result<PostgresRebuild, RebuildError> {
    PostgresRebuild::begin(address(url), "test").await
}

/// The same, once the database has noticed that whoever was at work there is gone.
pub(crate) async fn begin_after_all(url: &str) -> Result<PostgresRebuild, RebuildError> {
    loop {
        match begin(url).await {
            Err(RebuildError::AtWork) => tokio::time::sleep(Duration::from_millis(20)).await,
            begun => return begun,
        }
    }
}

/// Gives all of it to a new store, back to a position where one is named. Says which it is and where
/// the ledger ends.
pub(crate) async fn build(
    whole: &Whole,
    to: Option<u64>,
    url: &str,
) -> Result<(PostgresRebuild, u64, Head), StoreError> {
    let mut rebuild = begin_after_all(url).await.unwrap();
    for object in &whole.documents {
        rebuild.document(object).await?;
    }
    for change in &whole.changes {
        rebuild.change(change).await?;
    }
    let mut position = whole.facts.head.sequence;
    if let Some(to) = to {
        position = rebuild.go_back(to, whole.facts.reaches_back_to).await?;
    }
    for entry in &whole.entries {
        rebuild.entry(entry).await?;
    }
    rebuild.reaches_back_to(whole.facts.reaches_back_to).await?;
    let head = rebuild.seal(&last()).await?;
    Ok((rebuild, position, head))
}

/// A database with a history: documents that come, change and go, in batches of one and of several
/// entries.
pub(crate) async fn with_history(url: &str, batches: u64) -> Vec<Vec<StoredObject>> {
    let store = open(url).await;
    let mut states = vec![Vec::new()];
    for number in 1..=batches {
        let mut batch = step(&format!("web-{}", number % 7), number);
        if number % 5 == 0 {
            batch.entries.push(draft("more", serde_json::json!({ "number": number })));
            let gone = key(&format!("web-{}", number % 3));
            batch.writes.push(Write::Delete { kind: "RolloutStatus".to_owned(), key: gone });
        }
        let added = batch.entries.len();
        store.commit(NOBODY, batch).await.unwrap();
        let mut documents = store.load().await.unwrap();
        documents.sort_by_key(|it| (it.kind.clone(), it.key.to_string()));
        states.extend(std::iter::repeat_n(documents, added));
    }
    states
}

fn sorted(mut documents: Vec<StoredObject>) -> Vec<StoredObject> {
    documents.sort_by_key(|it| (it.kind.clone(), it.key.to_string()));
    documents
}

#[tokio::test]
async fn what_is_built_is_what_was_read_and_goes_on() {
    let (from, to) = (shared().database(), shared().database());
    // More than are read or sent at a time.
    let large = serde_json::json!({ "text": "x".repeat(100_000) });
    let store = open(&from).await;
    for chunk in 0..6 {
        let entries = (0..1000).map(|n| draft("web", serde_json::json!({ "n": n }))).collect();
        let writes = (0..100)
            .map(|n| {
                let body = if n == 0 { large.clone() } else { serde_json::json!(n) };
                Write::Put(status(&format!("web-{chunk}-{n}"), body).into())
            })
            .collect();
        store.commit(NOBODY, Batch { writes, entries }).await.unwrap();
    }
    let whole = all_of(&from).await;
    assert_eq!((whole.documents.len(), whole.entries.len()), (600, 6000));
    assert_eq!(whole.changes.len(), 600);
    let (rebuild, _, head) = build(&whole, None, &to).await.unwrap();
    rebuild.commit().await.unwrap();
    let built = all_of(&to).await;
    assert_eq!(
        (built.facts.head, built.facts.reaches_back_to),
        (head, whole.facts.reaches_back_to)
    );
    assert_eq!((built.documents, built.changes), (whole.documents, whole.changes));
    assert_eq!(built.entries[..6000], whole.entries);
    let store = open(&to).await;
    let epoch = store.lead(NOBODY).await.unwrap();
    store.commit(epoch, step("web", 1)).await.unwrap();
    assert_eq!(store.verify(Some(whole.facts.head)).await.unwrap().entries, 6002);
}

#[tokio::test]
async fn at_each_position_the_documents_are_what_they_were() {
    let from = shared().database();
    let states = with_history(&from, 23).await;
    let whole = all_of(&from).await;
    for to in [1, 4, 5, 6, 7, 12, 20, whole.facts.head.sequence] {
        let url = shared().database();
        let (rebuild, position, _) = build(&whole, Some(to), &url).await.unwrap();
        let contents = rebuild.contents().await.unwrap();
        assert_eq!(contents.facts().head.sequence, position + 1);
        rebuild.commit().await.unwrap();
        let there = all_of(&url).await;
        // Two entries of one batch are there both or not at all.
        assert!(position == to || position + 1 == to, "{position} for {to}");
        let at = usize::try_from(position).unwrap();
        assert_eq!(sorted(there.documents), states[at], "at entry {position}");
        assert_eq!(there.entries[..at], whole.entries[..at]);
    }
    let early = Whole { facts: Facts { reaches_back_to: 9, ..whole.facts }, ..whole };
    let error = build(&early, Some(3), &shared().database()).await.unwrap_err();
    assert!(error.to_string().contains("only from entry 9 on"), "{error}");
}

#[tokio::test]
async fn nothing_is_there_before_the_end_and_two_do_not_build_at_once() {
    let (from, to) = (shared().database(), shared().database());
    with_history(&from, 9).await;
    let whole = all_of(&from).await;
    let (rebuild, ..) = build(&whole, None, &to).await.unwrap();
    assert_eq!(begin(&to).await.unwrap_err(), RebuildError::AtWork);
    let now = all_of(&to).await;
    assert_eq!((now.facts.head, now.documents.len()), (Head::default(), 0));
    // Cut off here, and begun again.
    drop(rebuild);
    let (rebuild, ..) = build(&whole, None, &to).await.unwrap();
    rebuild.commit().await.unwrap();
    assert_eq!(all_of(&to).await.documents, whole.documents);
    assert_eq!(begin(&to).await.unwrap_err(), RebuildError::Occupied);
    // Put aside as the command line says, it is not in the way, and still what it was.
    let name = to.rsplit('/').next().unwrap();
    shared().sql(name, "ALTER SCHEMA tidegate RENAME TO tidegate_before");
    let (rebuild, ..) = build(&whole, None, &to).await.unwrap();
    rebuild.commit().await.unwrap();
    assert_eq!(all_of(&to).await.documents, whole.documents);
    assert_eq!(shared().sql(name, "SELECT count(*) FROM tidegate_before.ledger"), "11");
    shared().try_sql(name, "DELETE FROM tidegate_before.ledger").unwrap_err();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leads_keeps_a_store_from_being_built_and_who_led_writes_no_more() {
    let (from, to) = (shared().database(), shared().database());
    with_history(&from, 3).await;
    let whole = all_of(&from).await;
    let mut still = settings();
    still.times.renew = Duration::from_secs(100);
    let store = try_open(&to, still).await.unwrap();
    let epoch = store.lead(Epoch(7)).await.unwrap();
    let RebuildError::Led { holder, left } = begin(&to).await.unwrap_err() else {
        panic!("a leader is not noticed");
    };
    assert!(holder == "test" && left <= 4, "{holder} {left}");
    // Its lease runs out, as that of a server that stands still.
    shared().sql(
        to.rsplit('/').next().unwrap(),
        "UPDATE tidegate.leader SET lease_until = '-infinity'",
    );
    let (rebuild, ..) = build(&whole, None, &to).await.unwrap();
    rebuild.commit().await.unwrap();
    let error = store.commit(epoch, step("web", 1)).await.unwrap_err();
    assert_eq!(error, StoreError::Fenced { ours: epoch, theirs: Epoch(8) });
    assert_eq!(all_of(&to).await.entries.len(), 4);
}

#[tokio::test]
async fn what_is_not_as_written_is_not_built() {
    let from = shared().database();
    with_history(&from, 3).await;
    let mut whole = all_of(&from).await;
    whole.entries[1].draft.what = "Forged".to_owned();
    let error = build(&whole, None, &shared().database()).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
    // Nor is it read from a database whose ledger was cut.
    let name = from.rsplit('/').next().unwrap();
    shared().sql(
        name,
        "ALTER TABLE tidegate.ledger DISABLE TRIGGER ALL; DELETE FROM tidegate.ledger WHERE sequence = 3",
    );
    let reader = PostgresReader::open(&address(&from)).await.unwrap();
    assert!(matches!(read(&reader).await, Err(VerifyError::Broken { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_of_one_moment_while_a_server_writes_on() {
    let url = shared().database();
    with_history(&url, 4).await;
    let reader = PostgresReader::open(&address(&url)).await.unwrap();
    let held = reader.snapshot().await.unwrap();
    let store = open(&url).await;
    for number in 0..40 {
        store.commit(NOBODY, step("later", number)).await.unwrap();
    }
    let mut seen = 0;
    held.entries::<VerifyError>(|entry| {
        seen = entry.sequence;
        Ok(())
    })
    .await
    .unwrap();
    let mut kinds = Vec::new();
    held.documents::<VerifyError>(|object| {
        kinds.push(object.key.to_string());
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(seen, held.facts().head.sequence);
    assert!(!kinds.iter().any(|key| key.contains("later")), "{kinds:?}");
    assert_eq!(all_of(&url).await.facts.head.sequence, seen + 40);
}

#[tokio::test]
async fn a_database_in_which_nothing_was_written_is_told() {
    let error = PostgresReader::open(&address(&shared().database())).await.unwrap_err();
    assert!(error.to_string().contains("start a server once"), "{error}");
}
