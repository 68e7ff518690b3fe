use std::{fs, path::Path};

use tidegate_ledger::{Entry, Head};
use tidegate_ports::{Store as _, StoreError, StoredObject, VerifyError};
use tidegate_store::{Present, Rebuild, SqliteStore, has_store, read_only};

use crate::bed::{NOBODY, draft, folder, open, status, step};

/// Everything in a folder at one moment.
fn snapshot(folder: &Path) -> Result<(Head, Vec<StoredObject>, Vec<Entry>), VerifyError> {
    let reader = read_only(folder)?;
    let snapshot = reader.snapshot()?;
    let (mut documents, mut entries) = (Vec::new(), Vec::new());
    snapshot.documents::<VerifyError>(|object| {
        documents.push(object);
        Ok(())
    })?;
    snapshot.entries::<VerifyError>(|entry| {
        entries.push(entry);
        Ok(())
    })?;
    assert_eq!(snapshot.facts().documents, documents.len() as u64);
    Ok((snapshot.facts().head, documents, entries))
}

fn last() -> tidegate_ledger::Draft {
    draft("store", serde_json::json!({}))
}

fn rebuild(from: &Path, to: &Path, present: Present<'_>) -> Result<Head, StoreError> {
    let (_, documents, entries) = snapshot(from).unwrap();
    let mut rebuild = Rebuild::begin(to, present)?;
    documents.iter().try_for_each(|object| rebuild.document(object))?;
    entries.iter().try_for_each(|entry| rebuild.entry(entry))?;
    rebuild.finish(&last(), |_| Ok(()))
}

#[tokio::test]
async fn a_snapshot_is_of_one_moment_while_a_server_writes_on() {
    let folder = folder();
    let store = open(&folder);
    for number in 1..=3 {
        store.commit(NOBODY, step("web", number)).await.unwrap();
    }
    let reader = read_only(folder.path()).unwrap();
    let held = reader.snapshot().unwrap();
    for number in 4..=60 {
        store.commit(NOBODY, step("api", number)).await.unwrap();
    }
    let mut seen = Vec::new();
    held.documents::<VerifyError>(|object| {
        seen.push(object);
        Ok(())
    })
    .unwrap();
    let mut count = 0;
    held.entries::<VerifyError>(|entry| {
        count = entry.sequence;
        Ok(())
    })
    .unwrap();
    assert_eq!((seen, count), (vec![status("web", serde_json::json!({"step": 3}))], 3));
    drop(held);
    assert_eq!(snapshot(folder.path()).unwrap().0.sequence, 60);
}

#[tokio::test]
async fn what_is_rebuilt_goes_on_where_it_ended_with_an_entry_that_says_so() {
    let (from, to) = (folder(), folder());
    let store = open(&from);
    for number in 1..=3 {
        store.commit(NOBODY, step("web", number)).await.unwrap();
    }
    let head = rebuild(from.path(), to.path(), Present::Refuse).unwrap();
    let (_, documents, entries) = snapshot(from.path()).unwrap();
    let (found, again, linked) = snapshot(to.path()).unwrap();
    assert_eq!((found, again, &linked[..3]), (head, documents, &entries[..]));
    assert_eq!((linked[3].draft.clone(), linked[3].head()), (last(), head));
    // Both go on, and can be told apart from there on.
    store.commit(NOBODY, step("web", 4)).await.unwrap();
    let restored = open(&to);
    assert_eq!(restored.opened_at(), head);
    let next = restored.commit(NOBODY, step("web", 4)).await.unwrap();
    assert_eq!(next.entries[0].sequence, 5);
    let other = snapshot(from.path()).unwrap().0;
    let error = restored.verify(Some(other)).await.unwrap_err().to_string();
    assert!(error.contains("the ledger was rewritten"), "{error}");
}

#[tokio::test]
async fn a_store_that_is_there_is_not_built_over_but_put_aside_when_that_is_said() {
    let (from, to) = (folder(), folder());
    open(&from).commit(NOBODY, step("web", 1)).await.unwrap();
    let held = open(&to);
    held.commit(NOBODY, step("api", 1)).await.unwrap();
    let locked = rebuild(from.path(), to.path(), Present::Refuse).unwrap_err();
    assert!(matches!(locked, StoreError::Locked { .. }), "{locked}");
    drop(held);
    let refused = rebuild(from.path(), to.path(), Present::Refuse).unwrap_err().to_string();
    assert!(refused.contains("there is a store already"), "{refused}");

    let before = snapshot(to.path()).unwrap();
    let aside = to.path().join("aside");
    rebuild(from.path(), to.path(), Present::PutAside(&aside)).unwrap();
    assert_eq!(snapshot(&aside).unwrap(), before);
    assert_eq!(snapshot(to.path()).unwrap().1, snapshot(from.path()).unwrap().1);
}

#[tokio::test]
async fn what_is_not_whole_is_no_store() {
    let (from, to) = (folder(), folder());
    open(&from).commit(NOBODY, step("web", 1)).await.unwrap();
    let (_, documents, entries) = snapshot(from.path()).unwrap();
    // Given up.
    let mut begun = Rebuild::begin(to.path(), Present::Refuse).unwrap();
    begun.document(&documents[0]).unwrap();
    drop(begun);
    assert!(!has_store(to.path()) && !to.path().join("restoring").exists());
    // Not the chain that it was.
    let mut forged = entries[0].clone();
    forged.draft.what = "Forged".into();
    let mut begun = Rebuild::begin(to.path(), Present::Refuse).unwrap();
    let error = begun.entry(&forged).unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    drop(begun);
    // Killed: a server that begins anew there would be in the way.
    fs::create_dir(to.path().join("restoring")).unwrap();
    fs::write(to.path().join("restoring/state.db"), "half").unwrap();
    fs::write(to.path().join("state.db-wal"), "of one that was put aside").unwrap();
    let error = SqliteStore::open(to.path()).unwrap_err().to_string();
    assert!(error.contains("restore it again"), "{error}");
    // And again, to its end.
    rebuild(from.path(), to.path(), Present::Refuse).unwrap();
    // Killed once it was whole, before it had cleared up: whoever holds the folder next does.
    fs::create_dir(to.path().join("restoring")).unwrap();
    fs::write(to.path().join("restoring/state.db-shm"), "left").unwrap();
    assert_eq!(open(&to).load().await.unwrap(), documents);
    assert!(!to.path().join("restoring").exists());
}
