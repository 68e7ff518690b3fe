//! Databases of every version, on a real server: those before this one as they were written, and what comes
//! after it made up.

use std::{sync::OnceLock, time::Duration};

use tidegate_ports::{Store as _, StoreError};
use tidegate_testkit::{postgres::Postgres, shelf::step};
use tidegate_units::Epoch;

use super::*;
use crate::{
    Address, PostgresReader, PostgresRebuild, PostgresStore, Settings, Times, session::Purpose,
};

/// The server that tests share which do nothing to it; each has a database of its own.
fn shared() -> &'static Postgres {
    static SHARED: OnceLock<Postgres> = OnceLock::new();
    SHARED.get_or_init(|| Postgres::start(&[]))
}

fn address(url: &str) -> Address {
    Address::parse(url, |_| None).unwrap()
}

fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

async fn session(url: &str) -> Session {
    session_with(url, &Times::default()).await
}

async fn session_with(url: &str, times: &Times) -> Session {
    Session::open(&address(url), times, Purpose::Write).await.unwrap()
}

/// What this version knows, and what a later one might.
fn later<'a>(next: &[&'a str]) -> Vec<&'a str> {
    [MIGRATIONS, next].concat()
}

const ADD: &str = "CREATE TABLE tidegate.later AS SELECT count(*) AS entries FROM tidegate.ledger";
const ALTER: &str = "ALTER TABLE tidegate.later ADD runs integer NOT NULL DEFAULT 0;
    UPDATE tidegate.later SET runs = runs + 1";

/// A database of the version that there is, with three entries.
async fn filled() -> String {
    filled_at(&shared().database()).await
}

async fn filled_at(url: &str) -> String {
    let store = PostgresStore::open(address(url), Settings::default()).await.unwrap();
    for number in 1..=3 {
        store.commit(Epoch(0), step("web", number)).await.unwrap();
    }
    url.to_owned()
}

/// That nothing of it was lost.
async fn check_whole(url: &str) {
    let reader = PostgresReader::open(&address(url)).await.unwrap();
    assert_eq!(reader.verify(None).await.unwrap().entries, 3);
    let store = PostgresStore::open(address(url), Settings::default()).await.unwrap();
    assert_eq!(store.load().await.unwrap().len(), 1);
}

#[tokio::test]
async fn each_migration_runs_once_and_in_order_over_what_is_there() {
    let url = filled().await;
    let session = session(&url).await;
    for _ in 0..2 {
        bring(&session, &later(&[ADD, ALTER])).await.unwrap();
        assert_eq!(version(&session).await.unwrap(), newest(MIGRATIONS) + 2);
        let kept = shared().sql(name(&url), "SELECT entries, runs FROM tidegate.later");
        assert_eq!(kept, "3|1", "the migration saw what was there, once");
    }
    let entries = shared().sql(name(&url), "SELECT count(*) FROM tidegate.ledger");
    assert_eq!(entries, "3");
}

/// What a server of version 1 had written, as `pg_dump` gives it.
const WRITTEN_BY_1: &str = include_str!("tests/1.sql");

#[tokio::test]
async fn a_database_of_the_version_before_is_read_brought_up_to_date_and_checked_from_then_on() {
    let url = shared().database();
    session(&url).await.run("the fixture", WRITTEN_BY_1).await.unwrap();
    let counted = |what: &str| shared().sql(name(&url), &format!("SELECT count(*) FROM {what}"));
    let documents: usize = counted("tidegate.document").parse().unwrap();
    let entries: u64 = counted("tidegate.ledger").parse().unwrap();
    assert!(documents > 5 && entries > 5, "{documents} {entries}");
    // Whoever only reads changes nothing.
    let reader = PostgresReader::open(&address(&url)).await.unwrap();
    let snapshot = reader.snapshot().await.unwrap();
    assert_eq!(snapshot.facts().schema, 1);
    let mut before = Vec::new();
    let visit = |object| {
        before.push(object);
        Ok::<_, StoreError>(())
    };
    snapshot.documents(visit).await.unwrap();
    drop(reader);
    let store = PostgresStore::open(address(&url), Settings::default()).await.unwrap();
    let epoch = store.lead(Epoch(0)).await.unwrap();
    assert_eq!(inspect(&session(&url).await).await.unwrap(), newest(MIGRATIONS));
    assert_eq!(counted("tidegate.document WHERE sum IS NULL"), "0");
    let now = store.load().await.unwrap();
    assert_eq!((&now, now.len()), (&before, documents));
    assert_eq!(store.verify(None).await.unwrap().entries, entries);
    store.commit(epoch, step("web", 1)).await.unwrap();
    assert_eq!(store.load().await.unwrap().len(), documents + 1);
    shared().sql(name(&url), "UPDATE tidegate.document SET body = replace(body, '1', '2')");
    let error = store.load().await.unwrap_err();
    assert!(matches!(&error, StoreError::Damaged(why) if why.contains("not what was written")));
}

#[tokio::test]
async fn a_new_database_gets_the_newest_schema_once() {
    let url = shared().database();
    let session = session(&url).await;
    assert_eq!(inspect(&session).await.unwrap(), 0);
    for _ in 0..2 {
        prepare(&session).await.unwrap();
        assert_eq!(inspect(&session).await.unwrap(), newest(MIGRATIONS));
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused_by_all_and_left_as_it_is() {
    let url = filled().await;
    bring(&session(&url).await, &later(&[ADD])).await.unwrap();
    let (found, known) = (newest(MIGRATIONS) + 1, newest(MIGRATIONS));
    let error = StoreError::TooNew { found, known };
    assert!(error.to_string().contains("use a newer tidegate"), "{error}");
    let opened = PostgresStore::open(address(&url), Settings::default()).await;
    assert_eq!(opened.unwrap_err(), error);
    assert_eq!(PostgresReader::open(&address(&url)).await.unwrap_err(), error);
    let built = PostgresRebuild::begin(address(&url), "test").await;
    assert_eq!(built.unwrap_err(), error.clone().into());
    assert_eq!(prepare(&session(&url).await).await.unwrap_err().told(), error);
    let version = shared().sql(name(&url), "SELECT version FROM tidegate.schema_version");
    assert_eq!(version, found.to_string());
}

#[tokio::test]
async fn a_migration_that_fails_leaves_the_version_before_it() {
    let url = filled().await;
    let failing = format!("{ADD}; ALTER TABLE tidegate.none ADD y integer");
    let error = bring(&session(&url).await, &later(&[&failing])).await.unwrap_err().told();
    let wanted = format!("brought to schema {}", newest(MIGRATIONS) + 1);
    assert!(error.to_string().contains(&wanted), "{error}");
    assert_eq!(inspect(&session(&url).await).await.unwrap(), newest(MIGRATIONS));
    assert!(shared().try_sql(name(&url), "SELECT FROM tidegate.later").is_err());
    check_whole(&url).await;
}

/// Waits until a migration that sleeps is in the middle, and says which process of the server it is.
async fn asleep(server: &Postgres, database: &str) -> String {
    let asked = format!(
        "SELECT pid FROM pg_stat_activity WHERE datname = '{database}' AND wait_event = 'PgSleep'"
    );
    loop {
        let pid = server.sql("postgres", &asked);
        if !pid.is_empty() {
            return pid;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_is_interrupted_leaves_the_version_before_it_whole() {
    let mut server = Postgres::start(&[]);
    let url = filled_at(&server.url("postgres")).await;
    let slow = format!("{ADD}; SELECT pg_sleep(100)");
    for dies in ["the connection", "the database", "the server that migrates"] {
        let session = session(&url).await;
        let migrations: Vec<String> = later(&[&slow]).into_iter().map(str::to_owned).collect();
        let running = tokio::spawn(async move {
            let migrations: Vec<&str> = migrations.iter().map(String::as_str).collect();
            bring(&session, &migrations).await
        });
        let pid = asleep(&server, "postgres").await;
        match dies {
            "the connection" => {
                server.sql("postgres", &format!("SELECT pg_terminate_backend({pid})"));
                running.await.unwrap().unwrap_err();
            }
            "the database" => {
                server.crash();
                running.await.unwrap().unwrap_err();
                server.up();
            }
            _ => {
                running.abort();
                // Nobody told the database that whoever asked is gone: it notices when it answers.
                server.sql("postgres", &format!("SELECT pg_cancel_backend({pid})"));
                drop(running.await);
            }
        }
        let again = self::session(&url).await;
        assert_eq!(inspect(&again).await.unwrap(), newest(MIGRATIONS), "{dies}");
        assert!(server.try_sql("postgres", "SELECT FROM tidegate.later").is_err(), "{dies}");
        check_whole(&url).await;
    }
    bring(&session(&url).await, &later(&[ADD])).await.unwrap();
    assert_eq!(server.sql("postgres", "SELECT entries FROM tidegate.later"), "3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_that_start_at_once_migrate_once() {
    for url in [shared().database(), filled().await] {
        let tasks: Vec<_> = (0..6)
            .map(|_| {
                let url = url.clone();
                tokio::spawn(async move {
                    let session = session(&url).await;
                    bring(&session, &later(&[ADD, ALTER])).await
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(shared().sql(name(&url), "SELECT runs FROM tidegate.later"), "1");
    }
}

#[tokio::test]
async fn a_migration_may_take_longer_than_a_statement() {
    let url = filled().await;
    let (statement, answer) = (Duration::from_secs(2), Duration::from_secs(3));
    let times = Times { statement, answer, ..Times::default() };
    let session = session_with(&url, &times).await;
    let slow = format!("{ADD}; SELECT pg_sleep(5)");
    bring(&session, &later(&[&slow])).await.unwrap();
    assert_eq!(version(&session).await.unwrap(), newest(MIGRATIONS) + 1);
}
