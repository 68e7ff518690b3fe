use std::{fs, os::unix::fs::PermissionsExt as _};

use rusqlite::Connection;
use serde_json::json;
use tidegate_ports::{Store as _, StoreError};
use tidegate_store::{SqliteStore, read_only};
use tidegate_units::Epoch;

use crate::bed::{NOBODY, folder, open, status, step};

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
    let expect = StoreError::TooNew { found: 7, known: newest() };
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
const SHIPPED: [&str; 4] = [
    include_str!("schema-1.sql"),
    include_str!("schema-2.sql"),
    include_str!("schema-3.sql"),
    include_str!("schema-4.sql"),
];

#[tokio::test]
async fn a_folder_of_every_schema_is_opened_and_goes_on_where_it_was() {
    for (version, sql) in (1_u32..).zip(SHIPPED) {
        let folder = folder();
        let database = Connection::open(folder.path().join("state.db")).unwrap();
        database.execute_batch(sql).unwrap();
        drop(database);
        // It can be read, and so backed up, before it is brought up to date.
        let before = read_only(folder.path()).unwrap().verify(None).unwrap();
        assert_eq!(before.entries, 2, "version {version}");
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
async fn it_opens_where_it_ended() {
    let folder = folder();
    let done = open(&folder).commit(NOBODY, step("web", 1)).await.unwrap();
    assert_eq!(open(&folder).opened_at(), done.entries[0].head());
}
