//! What every [`Store`] has to do, as tests that each of them runs:
//! [`store_conformance!`](crate::store_conformance).
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "these are tests, in a crate of their own so that more than one store can run them"
)]

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use serde_json::{Value, json};
use tidegate_ledger::{Actor, Digest, Draft, Head, Subject};
use tidegate_ports::{
    Batch, DEEPEST_KEPT, LONGEST_KEPT, Store, StoreError, StoredObject, VerifyError, Write,
};
use tidegate_units::{Epoch, ObjectKey, Timestamp};

/// What a store is tested on: a place of its own that keeps it.
#[async_trait]
pub trait Shelf: Send + Sync {
    /// Opens it. Whoever opens it again, once the one before is dropped, is the next server.
    async fn open(&self) -> Arc<dyn Store>;
}

/// One `#[tokio::test]` for each thing that a store has to do, on the shelf that the expression makes.
#[macro_export]
macro_rules! store_conformance {
    ($shelf:expr) => {
        $crate::store_conformance!(@ $shelf;
            documents_are_put_replaced_and_deleted
            what_is_told_is_what_is_kept
            entries_are_linked_over_a_restart
            many_callers_are_served_at_once
            who_stops_waiting_does_not_stop_the_writing
            what_cannot_be_kept_is_refused_whole_and_alone
            whoever_leads_is_followed_by_a_later_epoch_and_writes_nothing_more
            nobody_writes_in_an_epoch_once_another_has_begun
            a_ledger_is_held_to_a_head_that_was_kept_elsewhere
        );
    };
    (@ $shelf:expr; $($test:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                $crate::shelf::$test(&$shelf).await;
            }
        )*
    };
}

/// A key in the namespace `default`.
pub fn key(name: &str) -> ObjectKey {
    ObjectKey::new("default", name)
}

/// A status of that name.
pub fn status(name: &str, body: Value) -> StoredObject {
    StoredObject { kind: "RolloutStatus".to_owned(), key: key(name), body }
}

/// What a person did to the rollout of that name.
pub fn draft(name: &str, detail: Value) -> Draft {
    Draft {
        at: Timestamp::from_millis(1_767_225_600_042),
        actor: Actor::Person { name: "ada".to_owned() },
        subject: Subject { kind: "Rollout".to_owned(), key: key(name) },
        what: "StepDone".to_owned(),
        detail,
    }
}

/// A status and the entry that explains it, both naming `step`.
pub fn step(name: &str, step: u64) -> Batch {
    Batch {
        writes: vec![Write::Put(status(name, json!({ "step": step })).into())],
        entries: vec![draft(name, json!({ "step": step }))],
    }
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!([inner]))
}

async fn leads(shelf: &dyn Shelf) -> (Arc<dyn Store>, Epoch) {
    let store = shelf.open().await;
    let epoch = store.lead(Epoch::default()).await.unwrap();
    (store, epoch)
}

/// Every document by kind and key: stores may give them in different orders.
async fn documents(store: &dyn Store) -> Vec<StoredObject> {
    let mut documents = store.load().await.unwrap();
    documents.sort_by(|a, b| (&a.kind, &a.key).cmp(&(&b.kind, &b.key)));
    documents
}

/// In the order of the batch, and what is not there is deleted as well.
pub async fn documents_are_put_replaced_and_deleted(shelf: &dyn Shelf) {
    let (store, epoch) = leads(shelf).await;
    let mut config = status("web", json!({"a": [1, 2.5, "ü\u{0}", null]}));
    config.kind = "ConfigMap".into();
    let delete = |name| Write::Delete { kind: "RolloutStatus".to_owned(), key: key(name) };
    let batch = Batch {
        writes: vec![
            Write::Put(status("web", json!({"step": 1})).into()),
            Write::Put(status("web", json!({"step": 2})).into()),
            Write::Put(status("api", json!({})).into()),
            Write::Put(config.clone().into()),
            delete("api"),
            delete("never"),
            delete("back"),
            Write::Put(status("back", json!("O'Neill; DROP TABLE ledger")).into()),
        ],
        entries: Vec::new(),
    };
    assert_eq!(store.commit(epoch, batch).await.unwrap().entries, []);
    let back = status("back", json!("O'Neill; DROP TABLE ledger"));
    let expect = vec![config, back, status("web", json!({"step": 2}))];
    assert_eq!(documents(&*store).await, expect);
    drop(store);
    assert_eq!(documents(&*shelf.open().await).await, expect);
}

/// Numbers are told as they will be read back.
pub async fn what_is_told_is_what_is_kept(shelf: &dyn Shelf) {
    let (store, epoch) = leads(shelf).await;
    let detail = json!({"tenth": 0.1, "one": 1.0, "large": u64::MAX, "name": "\u{1f600}\u{0}"});
    let batch = Batch { writes: Vec::new(), entries: vec![draft("web", detail)] };
    let told = store.commit(epoch, batch).await.unwrap();
    assert_eq!(store.entries(0, 1).await.unwrap(), told.entries);
}

/// And are read in pages.
pub async fn entries_are_linked_over_a_restart(shelf: &dyn Shelf) {
    let (store, epoch) = leads(shelf).await;
    let first = store.commit(epoch, step("web", 1)).await.unwrap().entries;
    drop(store);
    let (store, epoch) = leads(shelf).await;
    let second = store.commit(epoch, step("web", 2)).await.unwrap().entries;
    assert_eq!((first[0].sequence, first[0].previous), (1, Digest::default()));
    assert_eq!((second[0].sequence, second[0].previous), (2, first[0].hash));
    let both = [first, second].concat();
    for (after, limit, expect) in
        [(0, 10, &both[..]), (0, 1, &both[..1]), (1, 10, &both[1..]), (2, 10, &[]), (0, 0, &[])]
    {
        assert_eq!(store.entries(after, limit).await.unwrap(), expect, "{after} {limit}");
    }
    assert_eq!(store.verify(None).await.unwrap().entries, 2);
}

/// Each batch is whole, and they make one chain.
pub async fn many_callers_are_served_at_once(shelf: &dyn Shelf) {
    let (store, epoch) = leads(shelf).await;
    let tasks: Vec<_> = (0..600)
        .map(|number| {
            let store = Arc::clone(&store);
            let batch = step(&format!("web-{number}"), number);
            tokio::spawn(async move { store.commit(epoch, batch).await })
        })
        .collect();
    let mut sequences = Vec::new();
    for task in tasks {
        sequences.push(task.await.unwrap().unwrap().entries[0].sequence);
    }
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=600).collect::<Vec<u64>>());
    assert_eq!(store.load().await.unwrap().len(), 600);
    assert_eq!(store.verify(None).await.unwrap().entries, 600);
}

/// What was handed over is written, and the next one finds the store as it should be.
pub async fn who_stops_waiting_does_not_stop_the_writing(shelf: &dyn Shelf) {
    let (store, epoch) = leads(shelf).await;
    let mut waiting = Box::pin(store.commit(epoch, step("web", 1)));
    // Polled once, it is on its way; then its caller goes away.
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(waiting.as_mut().poll(context).is_pending())
    })
    .await;
    drop(waiting);
    store.commit(epoch, step("web", 2)).await.unwrap();
    let entries = store.entries(0, 10).await.unwrap();
    let steps: Vec<_> = entries.iter().map(|entry| entry.draft.detail.clone()).collect();
    assert_eq!(steps, [json!({"step": 1}), json!({"step": 2})]);
}

/// By the bounds of what is kept.
pub async fn what_cannot_be_kept_is_refused_whole_and_alone(shelf: &dyn Shelf) {
    let (store, epoch) = leads(shelf).await;
    let of = |name: &str, body: Value, detail: Value| Batch {
        writes: vec![Write::Put(status(name, body).into())],
        entries: vec![draft(name, json!({})), draft(name, detail)],
    };
    let long = Value::from("x".repeat(LONGEST_KEPT));
    let offers = [
        (of("a", nested(DEEPEST_KEPT), json!({})), None),
        (of("deep", nested(DEEPEST_KEPT + 1), json!({})), Some("RolloutStatus default/deep")),
        (of("long", long.clone(), json!({})), Some("RolloutStatus default/long")),
        (of("said", json!({}), nested(DEEPEST_KEPT + 1)), Some("ledger entry StepDone")),
        (of("told", json!({}), long), Some("ledger entry StepDone")),
        (of("z", json!({}), nested(DEEPEST_KEPT)), None),
    ];
    let tasks = offers.map(|(batch, why)| {
        let store = Arc::clone(&store);
        (tokio::spawn(async move { store.commit(epoch, batch).await }), why)
    });
    for (task, why) in tasks {
        match (task.await.unwrap(), why) {
            (Ok(_), None) => {}
            (Err(StoreError::Failed(told)), Some(why)) => {
                assert!(told.contains(why) && told.contains("at most"), "{told}");
            }
            (outcome, why) => panic!("{outcome:?} and not {why:?}"),
        }
    }
    let kept: Vec<_> = documents(&*store).await.into_iter().map(|one| one.key).collect();
    assert_eq!(kept, [key("a"), key("z")]);
    assert_eq!(store.verify(None).await.unwrap().entries, 4);
}

/// Also over a restart, and with a clock that was set back.
pub async fn whoever_leads_is_followed_by_a_later_epoch_and_writes_nothing_more(shelf: &dyn Shelf) {
    let store = shelf.open().await;
    store.commit(Epoch::default(), step("web", 0)).await.unwrap();
    let first = store.lead(Epoch(1_767_225_600)).await.unwrap();
    assert_eq!(first, Epoch(1_767_225_600));
    store.commit(first, step("web", 1)).await.unwrap();
    drop(store);
    let store = shelf.open().await;
    let second = store.lead(Epoch(7)).await.unwrap();
    assert_eq!(Some(second), first.next());
    for ours in [Epoch::default(), first, second.next().unwrap()] {
        let refused = store.commit(ours, step("web", 2)).await;
        assert_eq!(refused, Err(StoreError::Fenced { ours, theirs: second }));
    }
    store.commit(second, step("web", 3)).await.unwrap();
    assert_eq!(documents(&*store).await, [status("web", json!({"step": 3}))]);
    assert_eq!(store.entries(0, 10).await.unwrap().len(), 3);
}

/// However many commits are on their way when it does.
pub async fn nobody_writes_in_an_epoch_once_another_has_begun(shelf: &dyn Shelf) {
    let (store, first) = leads(shelf).await;
    let begun = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..8)
        .map(|caller| {
            let (store, begun) = (Arc::clone(&store), Arc::clone(&begun));
            tokio::spawn(async move {
                let name = format!("web-{caller}");
                let mut written = 0;
                loop {
                    let after = begun.load(Ordering::SeqCst);
                    match store.commit(first, step(&name, written)).await {
                        Ok(_) => assert!(!after, "written in an epoch that had ended"),
                        Err(StoreError::Fenced { ours, .. }) => {
                            assert_eq!(ours, first);
                            return written;
                        }
                        Err(error) => panic!("{error}"),
                    }
                    written += 1;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    while store.entries(0, 40).await.unwrap().len() < 40 {
        tokio::task::yield_now().await;
    }
    store.lead(Epoch::default()).await.unwrap();
    begun.store(true, Ordering::SeqCst);
    let mut written = 0;
    for task in tasks {
        written += task.await.unwrap();
    }
    assert_eq!(store.verify(None).await.unwrap().entries, written);
}

/// One that it never reached was cut off, and one with another hash was rewritten.
pub async fn a_ledger_is_held_to_a_head_that_was_kept_elsewhere(shelf: &dyn Shelf) {
    let (store, epoch) = leads(shelf).await;
    let mut heads = vec![Head::default()];
    for number in 1..=3 {
        let done = store.commit(epoch, step("web", number)).await.unwrap();
        heads.push(done.entries[0].head());
    }
    for head in &heads {
        let summary = store.verify(Some(*head)).await.unwrap();
        assert_eq!((summary.entries, summary.head), (3, heads[3]));
    }
    let told = async |head| match store.verify(Some(head)).await {
        Err(VerifyError::Broken { held, broken }) => (held.entries, broken.to_string()),
        other => panic!("{other:?}"),
    };
    let cut = told(Head { sequence: 4, ..heads[3] }).await;
    assert!(cut.0 == 3 && cut.1.contains("its end was cut off"), "{cut:?}");
    let other = told(Head { sequence: 2, ..heads[3] }).await;
    assert!(other.0 == 1 && other.1.contains("was rewritten"), "{other:?}");
}
