use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

use rusqlite::Connection;
use serde_json::json;
use tidegate_ports::{Batch, Store as _, StoreError, StoredObject, Write};
use tidegate_store::{SqliteStore, read_only};
use tidegate_units::Epoch;

use crate::bed::{NOBODY, draft, folder, key, open, status, step};

#[tokio::test]
async fn documents_are_put_replaced_and_deleted() {
    let folder = folder();
    let store = open(&folder);
    let mut config = status("web", json!({"a": [1, 2.5, "ü", null]}));
    config.kind = "ConfigMap".into();
    let puts = Batch {
        writes: vec![
            Write::Put(status("web", json!({"step": 1}))),
            Write::Put(status("web", json!({"step": 2}))),
            Write::Put(status("api", json!({}))),
            Write::Put(config.clone()),
            Write::Delete { kind: "RolloutStatus".into(), key: key("api") },
            Write::Delete { kind: "RolloutStatus".into(), key: key("never") },
        ],
        entries: Vec::new(),
    };
    assert_eq!(store.commit(NOBODY, puts).await.unwrap().entries, []);
    let expect: Vec<StoredObject> = vec![config, status("web", json!({"step": 2}))];
    assert_eq!(store.load().await.unwrap(), expect);
    drop(store);
    assert_eq!(open(&folder).load().await.unwrap(), expect);
}

#[tokio::test]
async fn entries_are_linked_over_a_restart() {
    let folder = folder();
    let first = open(&folder).commit(NOBODY, step("web", 1)).await.unwrap();
    let store = open(&folder);
    assert_eq!(store.opened_at(), first.entries[0].head());
    let second = store.commit(NOBODY, step("web", 2)).await.unwrap();
    assert_eq!(second.entries[0].previous, first.entries[0].hash);

    let both = [first.entries, second.entries].concat();
    assert_eq!(store.entries(0, 10).await.unwrap(), both);
    assert_eq!(store.entries(0, 1).await.unwrap(), both[..1]);
    assert_eq!(store.entries(1, 10).await.unwrap(), both[1..]);
    assert_eq!(store.entries(2, 10).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_told_is_what_is_kept() {
    let folder = folder();
    let store = open(&folder);
    let detail = json!({"tenth": 0.1, "one": 1.0, "large": u64::MAX, "name": "\u{1f600}\u{0}"});
    let told = store
        .commit(NOBODY, Batch { writes: Vec::new(), entries: vec![draft("web", detail)] })
        .await
        .unwrap();
    assert_eq!(store.entries(0, 1).await.unwrap(), told.entries);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_are_served_at_once() {
    let folder = folder();
    let store = Arc::new(open(&folder));
    let tasks: Vec<_> = (0..600)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                store.commit(NOBODY, step(&format!("web-{number}"), number)).await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(store.load().await.unwrap().len(), 600);
    let summary = read_only(folder.path()).unwrap().verify(None).unwrap();
    assert_eq!(summary.entries, 600);
}

#[tokio::test]
async fn who_stops_waiting_does_not_stop_the_writing() {
    let folder = folder();
    let store = open(&folder);
    let mut waiting = Box::pin(store.commit(NOBODY, step("web", 1)));
    // Polled once, the batch is in the queue; then its caller goes away.
    assert!(is_pending(&mut waiting).await);
    drop(waiting);
    store.commit(NOBODY, step("web", 2)).await.unwrap();
    assert_eq!(store.entries(0, 10).await.unwrap().len(), 2);
}

async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())
    })
    .await
}

#[tokio::test]
async fn a_second_server_is_told_who_the_first_is() {
    let folder = folder();
    let store = open(&folder);
    let error = SqliteStore::open(folder.path()).unwrap_err();
    let pid = std::process::id();
    assert_eq!(
        error.to_string(),
        format!(
            "{} is in use by process {pid}; stop that server or choose another --data folder",
            folder.path().display()
        )
    );
    store.commit(NOBODY, step("web", 1)).await.unwrap();
    drop(store);
    open(&folder);
}

#[tokio::test]
async fn every_file_is_the_owners_alone() {
    let parent = folder();
    let folder = parent.path().join("data");
    let store = SqliteStore::open(&folder).unwrap();
    store.commit(NOBODY, step("web", 1)).await.unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let mut names = Vec::new();
    for file in fs::read_dir(&folder).unwrap() {
        let file = file.unwrap();
        assert_eq!(mode(&file.path()), 0o600, "{}", file.path().display());
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["reserve", "server.lock", "state.db", "state.db-shm", "state.db-wal"]);
}

#[test]
fn a_newer_folder_is_left_alone() {
    let folder = folder();
    drop(open(&folder));
    let database = Connection::open(folder.path().join("state.db")).unwrap();
    database.pragma_update(None, "user_version", 7).unwrap();
    let expect = StoreError::TooNew { found: 7, known: 2 };
    assert_eq!(SqliteStore::open(folder.path()).unwrap_err(), expect);
    assert_eq!(read_only(folder.path()).unwrap_err(), expect);
}

#[test]
fn what_is_no_store_is_told_from_one() {
    let folder = folder();
    let error = read_only(folder.path()).unwrap_err().to_string();
    assert!(error.contains("state.db"), "{error}");
    assert!(!folder.path().join("state.db").exists());

    fs::write(folder.path().join("state.db"), "not a database, whatever it is named").unwrap();
    let error = SqliteStore::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("not a database"), "{error}");
}

/// Folders as each version of the schema was shipped, with what a server had written: they open
/// for ever. A version that has none here fails the test.
const SHIPPED: [&str; 2] = [include_str!("schema-1.sql"), include_str!("schema-2.sql")];

#[tokio::test]
async fn a_folder_of_every_schema_is_opened_and_goes_on_where_it_was() {
    for (version, sql) in (1_u32..).zip(SHIPPED) {
        let folder = folder();
        let database = Connection::open(folder.path().join("state.db")).unwrap();
        database.execute_batch(sql).unwrap();
        drop(database);
        let before = read_only(folder.path()).map(drop);
        assert_eq!(before.is_ok(), version == newest(), "{before:?}");
        let store = open(&folder);
        let mut mark = status("controller", json!(41));
        (mark.kind, mark.key.namespace) = ("ControllerEpoch".to_owned(), "tidegate".into());
        assert_eq!(store.load().await.unwrap(), [mark, status("web", json!({"step": 2}))]);
        let epoch = store.lead(Epoch::default()).await.unwrap();
        assert_eq!(epoch, Epoch(42), "what the router was given in the 41st start is older");
        let next = store.commit(epoch, step("web", 3)).await.unwrap();
        assert_eq!(next.entries[0].sequence, 3);
        assert_eq!(read_only(folder.path()).unwrap().verify(None).unwrap().entries, 3);
    }
}

/// The schema that a new folder has.
fn newest() -> u32 {
    let folder = folder();
    drop(open(&folder));
    let database = Connection::open(folder.path().join("state.db")).unwrap();
    database.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

#[test]
fn no_schema_is_without_a_folder_that_is_opened() {
    assert_eq!(usize::try_from(newest()).unwrap(), SHIPPED.len());
}

#[tokio::test]
async fn whoever_leads_is_followed_by_a_later_epoch_and_writes_nothing_more() {
    let folder = folder();
    let store = open(&folder);
    let first = store.lead(Epoch(1_767_225_600)).await.unwrap();
    assert_eq!(first, Epoch(1_767_225_600));
    store.commit(first, step("web", 1)).await.unwrap();
    drop(store);
    // The clock was set back meanwhile, which gives nobody an epoch that there was.
    let store = open(&folder);
    let second = store.lead(Epoch(7)).await.unwrap();
    assert_eq!(Some(second), first.next());
    let late = store.commit(first, step("web", 2)).await;
    assert_eq!(late, Err(StoreError::Fenced { ours: first, theirs: second }));
    store.commit(second, step("web", 2)).await.unwrap();
    assert_eq!(store.load().await.unwrap(), [status("web", json!({"step": 2}))]);
    assert_eq!(store.entries(0, 10).await.unwrap().len(), 2);
}
