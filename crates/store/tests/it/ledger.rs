use rusqlite::Connection;
use tempfile::TempDir;
use tidegate_ledger::{Head, Verifier};
use tidegate_ports::Store as _;
use tidegate_store::{SqliteStore, read_only};

use crate::bed::{NOBODY, folder, open, step};

/// A folder with a ledger of five entries, and where it ends.
async fn filled() -> (TempDir, Head) {
    let folder = folder();
    let store = open(&folder);
    let mut head = Head::default();
    for number in 1..=5 {
        head = store.commit(NOBODY, step("web", number)).await.unwrap().entries[0].head();
    }
    (folder, head)
}

fn forge(folder: &TempDir, sql: &str) -> rusqlite::Result<()> {
    Connection::open(folder.path().join("state.db")).unwrap().execute_batch(sql)
}

/// Changes the kept ledger behind the triggers' back and says how `verify` must show it, and
/// whether a server would still open the folder.
async fn check(sql: &str, expect: &str, opens: bool) {
    let (folder, _) = filled().await;
    forge(
        &folder,
        &format!(
            "DROP TRIGGER ledger_only_grows; DROP TRIGGER ledger_is_not_altered;
             DROP TRIGGER ledger_is_not_deleted; DROP TRIGGER ledger_head_only_advances; {sql}"
        ),
    )
    .unwrap();
    let error = read_only(folder.path()).unwrap().verify(None).unwrap_err().to_string();
    assert!(error.contains(expect), "{error}");
    let opened = SqliteStore::open(folder.path());
    assert_eq!(opened.is_ok(), opens, "{opened:?}");
    if let Ok(store) = opened {
        assert_eq!(store.verify(None).await.unwrap_err().to_string(), error, "{sql}");
    }
}

#[tokio::test]
async fn the_database_itself_refuses_to_forget() {
    let (folder, head) = filled().await;
    for sql in [
        "UPDATE ledger SET body = '{}' WHERE sequence = 2",
        "DELETE FROM ledger WHERE sequence = 5",
        "INSERT INTO ledger VALUES (7, zeroblob(32), '{}')",
        "INSERT OR REPLACE INTO ledger VALUES (2, zeroblob(32), '{}')",
        "UPDATE ledger_head SET sequence = 4",
    ] {
        let error = forge(&folder, sql).unwrap_err().to_string();
        assert!(error.contains("ledger"), "{sql}: {error}");
    }
    let summary = read_only(folder.path()).unwrap().verify(Some(head)).unwrap();
    assert_eq!((summary.entries, summary.head), (5, head));
}

#[tokio::test]
async fn forgeries_show() {
    check(
        "UPDATE ledger SET body = replace(body, 'ada', 'eve') WHERE sequence = 2",
        "entry 2 was altered",
        true,
    )
    .await;
    check("DELETE FROM ledger WHERE sequence = 3", "entry 3 is missing", true).await;
    check("UPDATE ledger SET body = body || ' ' WHERE sequence = 2", "entry 2 was altered", true)
        .await;
    check("UPDATE ledger SET body = '' WHERE sequence = 2", "entry 2 cannot be read", true).await;
    check(
        "UPDATE ledger SET sequence = sequence + 100; UPDATE ledger SET sequence = sequence - 99",
        "entry 2 comes where 1 should",
        false,
    )
    .await;
    check("DELETE FROM ledger WHERE sequence = 5", "ends at entry 4, but it once reached 5", false)
        .await;
    check("DELETE FROM ledger", "ends at entry 0", false).await;
    check("UPDATE ledger SET hash = zeroblob(32) WHERE sequence = 5", "entry 5 was altered", false)
        .await;
    check("UPDATE ledger_head SET hash = zeroblob(32)", "entry 5 should have the hash 0000", false)
        .await;
    check(
        "INSERT INTO ledger SELECT 6, hash, body FROM ledger WHERE sequence = 5",
        "entry 5 comes where 6 should",
        false,
    )
    .await;
}

#[tokio::test]
async fn an_end_cut_off_beneath_a_server_shows() {
    let (folder, _) = filled().await;
    let store = open(&folder);
    forge(&folder, "DROP TRIGGER ledger_is_not_deleted; DELETE FROM ledger WHERE sequence = 5")
        .unwrap();
    let error = store.verify(None).await.unwrap_err().to_string();
    assert!(error.contains("ends at entry 4, but it once reached 5"), "{error}");
}

#[tokio::test]
async fn pages_of_a_ledger_with_an_entry_out_of_its_place_come_to_an_end() {
    let (folder, _) = filled().await;
    forge(
        &folder,
        "DROP TRIGGER ledger_is_not_altered; UPDATE ledger SET sequence = 9 WHERE sequence = 2",
    )
    .unwrap();
    let error = read_only(folder.path()).unwrap().entries(0, 9).unwrap_err().to_string();
    assert!(error.contains("in the place of 9 stands 2"), "{error}");
}

#[tokio::test]
async fn an_end_cut_off_with_its_note_shows_by_a_head_kept_elsewhere() {
    let (folder, head) = filled().await;
    forge(
        &folder,
        "DROP TRIGGER ledger_is_not_deleted; DROP TRIGGER ledger_head_only_advances;
         DELETE FROM ledger WHERE sequence = 5;
         UPDATE ledger_head SET sequence = 4, hash = (SELECT hash FROM ledger WHERE sequence = 4)",
    )
    .unwrap();
    let reader = read_only(folder.path()).unwrap();
    assert_eq!(reader.verify(None).unwrap().entries, 4);
    let error = reader.verify(Some(head)).unwrap_err().to_string();
    assert!(error.contains("once reached 5"), "{error}");
}

#[tokio::test]
async fn an_export_is_verified_line_by_line() {
    let (folder, head) = filled().await;
    let reader = read_only(folder.path()).unwrap();
    let mut out = Vec::new();
    assert_eq!(reader.export(&mut out).unwrap(), 5);
    let text = String::from_utf8(out).unwrap();
    let mut verifier = Verifier::new(Head::default(), Some(head));
    for line in text.lines() {
        verifier.take_line(line).unwrap();
    }
    assert_eq!(verifier.finish().unwrap().entries, 5);
}

#[tokio::test]
async fn a_ledger_is_read_while_a_server_writes_and_after_it() {
    let (folder, _) = filled().await;
    let reader = read_only(folder.path()).unwrap();
    let store = open(&folder);
    store.commit(NOBODY, step("web", 6)).await.unwrap();
    assert_eq!(reader.verify(None).unwrap().entries, 6);
    assert_eq!(reader.head().unwrap().sequence, 6);
    drop(store);
    assert_eq!(reader.documents().unwrap().len(), 1);
    assert_eq!(read_only(folder.path()).unwrap().entries(5, 9).unwrap().len(), 1);
}

#[tokio::test]
async fn a_ledger_longer_than_a_page_is_read_whole() {
    let folder = folder();
    let store = open(&folder);
    let mut batch = step("web", 1);
    batch.entries = vec![batch.entries[0].clone(); 9000];
    store.commit(NOBODY, batch).await.unwrap();
    let reader = read_only(folder.path()).unwrap();
    assert_eq!(reader.verify(None).unwrap().entries, 9000);
    assert_eq!(reader.export(&mut std::io::sink()).unwrap(), 9000);
}
