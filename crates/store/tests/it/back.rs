//! Documents as they were at an earlier position of the ledger.

use std::path::Path;

use proptest::prelude::*;
use serde_json::json;
use tidegate_ports::{Batch, Store as _, StoreError, StoredObject, VerifyError, Write};
use tidegate_store::{Present, Rebuild, read_only};
use tokio::runtime::Runtime;

use crate::bed::{NOBODY, draft, folder, key, open, status};

/// Restores the folder `from` into `to` as it was at a position; says which one that is, and what
/// the documents are there.
fn back(from: &Path, to: &Path, position: u64) -> Result<(u64, Vec<StoredObject>), StoreError> {
    let reader = read_only(from)?;
    let snapshot = reader.snapshot()?;
    let begin = snapshot.facts().reaches_back_to;
    let mut rebuild = Rebuild::begin(to, Present::Refuse)?;
    snapshot.documents(|object| rebuild.document(&object))?;
    snapshot.changes(|change| rebuild.change(&change))?;
    let found = rebuild.go_back(position, begin)?;
    let copied = snapshot.entries::<VerifyError>(|entry| Ok(rebuild.entry(&entry)?));
    assert_eq!(copied, Ok(()));
    rebuild.reaches_back_to(begin)?;
    let head = rebuild.finish(&draft("store", json!({})), |_| Ok(()))?;
    assert_eq!(head.sequence, found + 1);
    Ok((found, read_only(to)?.documents()?))
}

/// So many entries, and what is written with them: the number of the batch, or nothing any more.
fn batches() -> impl Strategy<Value = Vec<(usize, Vec<(u8, bool)>)>> {
    let write = (0_u8..4, prop::bool::weighted(0.8));
    prop::collection::vec((0_usize..4, prop::collection::vec(write, 0..4)), 1..12)
}

fn batch(number: usize, entries: usize, writes: &[(u8, bool)]) -> Batch {
    let writes = writes.iter().map(|(name, there)| {
        let name = name.to_string();
        if *there {
            Write::Put(status(&name, json!({ "batch": number })).into())
        } else {
            Write::Delete { kind: "RolloutStatus".into(), key: key(&name) }
        }
    });
    Batch { writes: writes.collect(), entries: vec![draft("web", json!({})); entries] }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn every_position_can_be_had_again(batches in batches()) {
        let runtime = Runtime::new().unwrap();
        let from = folder();
        let store = open(&from);
        // What the documents are when the ledger ends there; the last that was written counts.
        let mut known = vec![(0, Vec::new())];
        for (number, (entries, writes)) in batches.iter().enumerate() {
            let done = runtime.block_on(store.commit(NOBODY, batch(number, *entries, writes))).unwrap();
            let head = done.entries.last().map_or(known.last().unwrap().0, |entry| entry.sequence);
            let documents = runtime.block_on(store.load()).unwrap();
            known.retain(|(at, _)| *at != head);
            known.push((head, documents));
        }
        for position in 0..=known.last().unwrap().0 {
            let to = folder();
            let (found, documents) = back(from.path(), to.path(), position).unwrap();
            // Nothing is half there. Entries beside which nothing was written stand alone.
            let expect = known.iter().rev().find(|(at, _)| *at <= found).unwrap();
            prop_assert!(found <= position);
            prop_assert_eq!(&documents, &expect.1, "at {} for {}", found, position);
            if known.iter().any(|(at, _)| *at == position) {
                prop_assert_eq!(found, position);
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_kept_any_more_is_told() {
    let (from, to) = (folder(), folder());
    let store = open(&from);
    for number in 1..=3 {
        store.commit(NOBODY, batch(number, 1, &[(0, true)])).await.unwrap();
    }
    drop(store);
    let database = rusqlite::Connection::open(from.path().join("state.db")).unwrap();
    database
        .execute_batch("DELETE FROM change WHERE after <= 2; UPDATE change_begin SET sequence = 2")
        .unwrap();
    drop(database);
    let error = back(from.path(), to.path(), 1).unwrap_err().to_string();
    assert!(error.contains("is not kept: only from entry 2 on"), "{error}");
    assert_eq!(back(from.path(), to.path(), 2).unwrap().1[0].body, json!({ "batch": 2 }));
}
