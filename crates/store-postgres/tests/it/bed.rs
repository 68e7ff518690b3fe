use std::sync::OnceLock;

use serde_json::{Value, json};
use tidegate_ledger::{Actor, Draft, Subject};
use tidegate_ports::{Batch, StoreError, StoredObject, Write};
use tidegate_store_postgres::{Address, PostgresStore, Settings, Takeover};
use tidegate_testkit::postgres::Postgres;
use tidegate_units::{Epoch, ObjectKey, Timestamp};

/// The server that tests share which do nothing to it; each has a database of its own.
pub(crate) fn shared() -> &'static Postgres {
    static SHARED: OnceLock<Postgres> = OnceLock::new();
    SHARED.get_or_init(|| Postgres::start(&[]))
}

pub(crate) fn address(url: &str) -> Address {
    Address::parse(url, |_| None).unwrap()
}

pub(crate) async fn try_open(url: &str, settings: Settings) -> Result<PostgresStore, StoreError> {
    PostgresStore::open(address(url), settings).await
}

pub(crate) async fn open(url: &str) -> PostgresStore {
    try_open(url, Settings::default()).await.unwrap()
}

pub(crate) async fn open_waiting(url: &str) -> PostgresStore {
    try_open(url, Settings { takeover: Takeover::WhenFree, ..settings() }).await.unwrap()
}

/// With a lease that a test can wait for.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings { name: "test".to_owned(), ..Settings::default() };
    settings.times.lease = std::time::Duration::from_secs(3);
    settings.times.renew = std::time::Duration::from_millis(300);
    settings.times.look = std::time::Duration::from_millis(100);
    settings
}

pub(crate) const NOBODY: Epoch = Epoch(0);

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
