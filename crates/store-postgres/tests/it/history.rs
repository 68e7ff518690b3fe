//! What documents were is kept, whether batches are written one by one or together.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;
use tidegate_ports::{Batch, Store as _, Write};
use tokio::runtime::Runtime;

use crate::bed::{NOBODY, draft, key, open, shared, status};

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

/// What should be kept: what each document was before the first change that ends at a position.
#[derive(Default)]
struct Model {
    documents: BTreeMap<String, String>,
    changes: BTreeMap<(u64, String), (u64, Option<String>)>,
    head: u64,
}

impl Model {
    fn commit(&mut self, batch: &Batch) {
        let entries = batch.entries.len() as u64;
        let after = self.head + entries;
        let before = if entries == 0 { self.head.saturating_sub(1) } else { self.head };
        for write in &batch.writes {
            let (key, body) = match write {
                Write::Put(object) => (object.key.to_string(), Some(object.body.to_string())),
                Write::Delete { key, .. } => (key.to_string(), None),
            };
            if after > 0 {
                let was = self.documents.get(&key).cloned();
                self.changes.entry((after, key.clone())).or_insert((before, was));
            }
            match body {
                Some(body) => drop(self.documents.insert(key, body)),
                None => drop(self.documents.remove(&key)),
            }
        }
        self.head = after;
    }

    /// As the database answers.
    fn lines(&self) -> Vec<String> {
        let lines = self.changes.iter().map(|((after, key), (before, body))| {
            format!("{before}|{after}|{key}|{}", body.as_deref().unwrap_or("none"))
        });
        lines.collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn it_is_kept_as_what_each_commit_replaced(batches in batches(), together in any::<bool>()) {
        let runtime = Runtime::new().unwrap();
        let mut model = Model::default();
        let url = shared().database();
        let store = runtime.block_on(open(&url));
        let batches = batches.iter().enumerate().map(|(number, (entries, writes))| {
            batch(number, *entries, writes)
        });
        let batches: Vec<_> = batches.collect();
        for batch in &batches {
            model.commit(batch);
        }
        runtime.block_on(async {
            if together {
                // All of them wait at once, so that they go in one transaction.
                let mut commits: Vec<_> =
                    batches.iter().map(|batch| Box::pin(store.commit(NOBODY, batch.clone()))).collect();
                for commit in &mut commits {
                    std::future::poll_fn(|context| {
                        std::task::Poll::Ready(commit.as_mut().poll(context).is_pending())
                    })
                    .await;
                }
                for commit in commits {
                    commit.await.unwrap();
                }
            } else {
                for batch in &batches {
                    store.commit(NOBODY, batch.clone()).await.unwrap();
                }
            }
        });
        let found = shared().sql(
            url.rsplit('/').next().unwrap(),
            "SELECT before, after, key, coalesce(body, 'none') FROM tidegate.change
             ORDER BY after, key",
        );
        prop_assert_eq!(found.lines().collect::<Vec<_>>(), model.lines());
        let documents = runtime.block_on(store.load()).unwrap().into_iter();
        let documents = documents.map(|one| (one.key.to_string(), one.body.to_string()));
        prop_assert_eq!(documents.collect::<BTreeMap<_, _>>(), model.documents);
    }
}
