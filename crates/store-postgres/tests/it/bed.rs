use std::sync::OnceLock;

use tidegate_ports::StoreError;
use tidegate_store_postgres::{Address, PostgresStore, Settings, Takeover};
use tidegate_testkit::postgres::Postgres;
pub(crate) use tidegate_testkit::shelf::{draft, key, status, step};
use tidegate_units::Epoch;

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
