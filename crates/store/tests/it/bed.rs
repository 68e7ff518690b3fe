use serde_json::{Value, json};
use tempfile::TempDir;
use tidegate_ledger::{Actor, Draft, Subject};
use tidegate_ports::{Batch, StoredObject, Write};
use tidegate_store::SqliteStore;
use tidegate_units::{Epoch, ObjectKey, Timestamp};

/// That of a store in which nobody has led yet.
pub(crate) const NOBODY: Epoch = Epoch(0);

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(folder.path()).unwrap()
}

pub(crate) fn key(name: &str) -> ObjectKey {
    ObjectKey::new("default", name)
}

pub(crate) fn status(name: &str, body: Value) -> StoredObject {
    StoredObject { kind: "RolloutStatus".into(), key: key(name), body }
}

pub(crate) fn draft(name: &str, detail: Value) -> Draft {
    Draft {
        at: Timestamp::from_millis(1_767_225_600_042),
        actor: Actor::Person { name: "ada".into() },
        subject: Subject { kind: "Rollout".into(), key: key(name) },
        what: "StepDone".into(),
        detail,
    }
}

/// A status and the entry that explains it, both naming `step`.
pub(crate) fn step(name: &str, step: u64) -> Batch {
    Batch {
        writes: vec![Write::Put(status(name, json!({ "step": step })))],
        entries: vec![draft(name, json!({ "step": step }))],
    }
}
