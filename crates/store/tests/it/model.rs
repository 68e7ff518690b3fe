use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_ports::{Batch, Store, StoredObject, Write};
use tidegate_store::read_only;
use tidegate_testkit::MemoryStore;
use tokio::runtime::Runtime;

use crate::bed::{NOBODY, draft, folder, key, open};

/// What is done to the store and to the model of it.
#[derive(Clone, Debug)]
enum Doing {
    Commit(Batch),
    Reopen,
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "a-b", "b", "ü", "O'Neill; DROP TABLE ledger"])
}

fn body() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i32>().prop_map(|number| json!({ "number": number })),
        any::<String>().prop_map(|text| json!([text])),
    ]
}

fn write() -> impl Strategy<Value = Write> {
    let kind = prop::sample::select(vec!["Rollout", "Service"]);
    (kind, name(), prop::option::weighted(0.7, body())).prop_map(|(kind, name, body)| {
        let kind = kind.to_owned();
        match body {
            Some(body) => Write::Put(StoredObject { kind, key: key(name), body }.into()),
            None => Write::Delete { kind, key: key(name) },
        }
    })
}

fn doing() -> impl Strategy<Value = Doing> {
    let entry = (name(), body()).prop_map(|(name, body)| draft(name, body));
    let writes = prop::collection::vec(write(), 0..5);
    let batch = (writes, prop::collection::vec(entry, 0..4))
        .prop_map(|(writes, entries)| Doing::Commit(Batch { writes, entries }));
    prop_oneof![5 => batch, 1 => Just(Doing::Reopen)]
}

/// Every document by kind and key: stores may give them in different orders.
fn documents(runtime: &Runtime, store: &dyn Store) -> Vec<StoredObject> {
    let mut documents = runtime.block_on(store.load()).unwrap();
    documents.sort_by(|a, b| (&a.kind, &a.key).cmp(&(&b.kind, &b.key)));
    documents
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_store_is_a_map_and_a_chain(doings in prop::collection::vec(doing(), 1..16)) {
        let runtime = Runtime::new().unwrap();
        let folder = folder();
        let (mut store, model) = (open(&folder), MemoryStore::default());
        for doing in doings {
            match doing {
                Doing::Commit(batch) => {
                    let done = runtime.block_on(store.commit(NOBODY, batch.clone())).unwrap();
                    prop_assert_eq!(done, runtime.block_on(model.commit(NOBODY, batch)).unwrap());
                }
                Doing::Reopen => {
                    drop(store);
                    store = open(&folder);
                }
            }
            prop_assert_eq!(documents(&runtime, &store), documents(&runtime, &model));
        }
        let entries = runtime.block_on(store.entries(0, usize::MAX)).unwrap();
        let summary = read_only(folder.path()).unwrap().verify(None).unwrap();
        prop_assert_eq!(summary.entries, entries.len() as u64);
        prop_assert_eq!(entries, model.ledger());
    }
}
