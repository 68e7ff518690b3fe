//! A primary that dies, and a standby that takes its place.

use std::time::Duration;

use tidegate_ports::{Store as _, StoreError};
use tidegate_store_postgres::{PostgresStore, Settings};
use tidegate_testkit::postgres::Postgres;
use tokio::time::sleep;

use crate::bed::{NOBODY, settings, step, try_open};

/// Both of them, either of which may be the primary.
fn both(one: &Postgres, other: &Postgres) -> String {
    format!(
        "postgres://tidegate@127.0.0.1:{},127.0.0.1:{}/postgres?target_session_attrs=read-write",
        one.port(),
        other.port()
    )
}

async fn write(store: &PostgresStore, epoch: tidegate_units::Epoch, numbers: std::ops::Range<u64>) {
    for number in numbers {
        store.commit(epoch, step("web", number)).await.unwrap();
    }
}

/// Waits until the standby has all that the primary has.
pub(crate) async fn caught_up(primary: &Postgres) {
    let asked = "SELECT count(*) FROM pg_stat_replication
        WHERE replay_lsn = pg_current_wal_lsn() AND state = 'streaming'";
    while primary.sql("postgres", asked) != "1" {
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_goes_on_with_the_standby_that_was_promoted() {
    let mut primary = Postgres::start(&[]);
    let standby = Postgres::standby_of(&primary, &[]);
    primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
    primary.sql("postgres", "SELECT pg_reload_conf()");
    // The standby is named first, and passed over as long as it is one.
    let store = try_open(&both(&standby, &primary), settings()).await.unwrap();
    let epoch = store.lead(NOBODY).await.unwrap();
    write(&store, epoch, 1..40).await;
    let writing = async {
        // Acknowledged by both, so none is lost, whatever moment the primary dies at.
        write(&store, epoch, 40..80).await;
    };
    let dying = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_millis(20));
        primary.crash();
        standby.promote();
        standby
    });
    let ((), standby) = tokio::join!(writing, dying);
    let standby = standby.unwrap();
    assert_eq!(store.verify(None).await.unwrap().entries, 79);
    assert_eq!(standby.sql("postgres", "SELECT count(*) FROM tidegate.ledger"), "79");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_lacks_what_was_acknowledged_is_refused() {
    let mut primary = Postgres::start(&[]);
    let standby = Postgres::standby_of(&primary, &[]);
    let store = try_open(&both(&primary, &standby), settings()).await.unwrap();
    let epoch = store.lead(NOBODY).await.unwrap();
    write(&store, epoch, 1..4).await;
    caught_up(&primary).await;
    // It gets nothing more; what follows is acknowledged by the primary alone.
    standby.sql("postgres", "ALTER SYSTEM SET primary_conninfo = ''");
    standby.sql("postgres", "SELECT pg_reload_conf()");
    while primary.sql("postgres", "SELECT count(*) FROM pg_stat_replication") != "0" {
        sleep(Duration::from_millis(50)).await;
    }
    write(&store, epoch, 4..7).await;
    primary.crash();
    standby.promote();
    let error = store.commit(epoch, step("web", 7)).await.unwrap_err();
    let told = error.to_string();
    assert!(matches!(error, StoreError::Broken(_)), "{error:?}");
    assert!(told.contains("ends at entry 3") && told.contains("entry 6 was written"), "{told}");
    // Nothing is written on top, now or later, and whoever runs the server hears of it.
    assert!(store.commit(epoch, step("web", 8)).await.unwrap_err().is_final());
    assert_eq!(store.ended().await, error);
    assert_eq!(standby.sql("postgres", "SELECT count(*) FROM tidegate.ledger"), "3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_alone_takes_no_writes_and_says_so() {
    let primary = Postgres::start(&[]);
    let standby = Postgres::standby_of(&primary, &[]);
    let mut hasty = Settings::default();
    hasty.times.patience = Duration::from_millis(500);
    let error = try_open(&standby.url("postgres"), hasty).await.unwrap_err().to_string();
    assert!(error.contains("is a standby and takes no writes; name its primary"), "{error}");
}
