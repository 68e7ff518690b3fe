use std::{sync::Arc, time::Duration};

use serde_json::json;
use tidegate_ports::{Batch, Store as _, StoreError, Write};
use tidegate_store_postgres::Settings;

use crate::bed::{NOBODY, open, shared, status, step, try_open};

/// One that gives up soon.
fn hasty() -> Settings {
    let mut settings = Settings::default();
    settings.times.patience = Duration::from_millis(500);
    settings
}

/// The name of the database in an address.
fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

#[track_caller]
fn check_refused(outcome: Result<impl std::fmt::Debug, StoreError>, why: &str) {
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
}

#[tokio::test]
async fn it_opens_where_it_ended() {
    let url = shared().database();
    let done = open(&url).await.commit(NOBODY, step("web", 1)).await.unwrap();
    let store = open(&url).await;
    assert_eq!(store.opened_at(), done.entries[0].head());
    assert_eq!(store.load().await.unwrap(), [status("web", json!({"step": 1}))]);
}

#[tokio::test]
async fn a_newer_schema_and_that_of_another_program_are_left_alone() {
    let url = shared().database();
    drop(open(&url).await);
    let sql = |sql| shared().sql(name(&url), sql);
    sql("UPDATE tidegate.schema_version SET version = 7");
    let newer = StoreError::TooNew { found: 7, known: 2 };
    assert_eq!(try_open(&url, hasty()).await.unwrap_err(), newer);
    sql("DROP TABLE tidegate.schema_version");
    check_refused(try_open(&url, hasty()).await, "of another program");
}

#[tokio::test]
async fn servers_that_begin_at_once_make_one_schema() {
    let url = shared().database();
    let begun = (0..8).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { open(&url).await.opened_at() })
    });
    for one in begun.collect::<Vec<_>>() {
        assert_eq!(one.await.unwrap().sequence, 0);
    }
}

#[tokio::test]
async fn what_is_altered_is_found() {
    let url = shared().database();
    let sql = |sql: &str| shared().try_sql(name(&url), sql);
    let store = open(&url).await;
    for number in 1..=3 {
        store.commit(NOBODY, step("web", number)).await.unwrap();
    }
    for (change, why) in [
        ("UPDATE tidegate.ledger SET body = '{}' WHERE sequence = 2", "never altered"),
        ("DELETE FROM tidegate.ledger WHERE sequence = 3", "never deleted"),
        ("TRUNCATE tidegate.ledger", "never deleted"),
        ("UPDATE tidegate.leader SET head_sequence = 2", "never go back"),
        (
            "UPDATE tidegate.leader SET epoch = 5; UPDATE tidegate.leader SET epoch = 4",
            "never go back",
        ),
        ("DELETE FROM tidegate.leader", "never deleted"),
    ] {
        let refused = sql(change).unwrap_err();
        assert!(refused.contains(why), "{change}: {refused}");
    }
    // Who has every right can do it all the same.
    let force = "SET session_replication_role = replica;";
    sql(&format!(
        "{force} UPDATE tidegate.ledger SET body = replace(body, 'ada', 'eve') WHERE sequence = 2"
    ))
    .unwrap();
    let broken = store.verify(None).await.unwrap_err().to_string();
    assert!(broken.contains("entry 2 was altered"), "{broken}");
    open(&url).await;
    sql(&format!("{force} DELETE FROM tidegate.ledger WHERE sequence = 3")).unwrap();
    check_refused(try_open(&url, hasty()).await, "its end was cut off");
}

#[tokio::test]
async fn a_database_that_nobody_can_use_is_told_with_its_mend() {
    let server = shared();
    check_refused(try_open(&server.url("nowhere"), hasty()).await, "\"nowhere\" does not exist");
    check_refused(
        try_open(&server.url("postgres").replace("tidegate@", "nobody@"), hasty()).await,
        "role \"nobody\" does not exist",
    );
    server.sql("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'");
    check_refused(try_open(&server.url("latin"), hasty()).await, "ENCODING 'UTF8'");
    check_refused(try_open("postgres://ada@127.0.0.1:1/t", hasty()).await, "refused");
    let url = server.database();
    let name = name(&url);
    server.sql(name, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    check_refused(try_open(&url, hasty()).await, "read-only");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_fails_the_large_and_keeps_the_small() {
    let url = shared().database();
    let store = Arc::new(open(&url).await);
    // What the database answers when it finds no space, given for whatever is large.
    shared().sql(
        name(&url),
        "CREATE FUNCTION refuse_large() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF length(NEW.body) > 10000 THEN
                 RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
             END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER refuse_large BEFORE INSERT OR UPDATE ON tidegate.document
         FOR EACH ROW EXECUTE FUNCTION refuse_large()",
    );
    let large = Batch {
        writes: vec![Write::Put(status("large", json!("x".repeat(20_000))).into())],
        ..step("large", 1)
    };
    let commits = [step("a", 1), large, step("z", 1)].map(|batch| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.commit(NOBODY, batch).await })
    });
    let mut outcomes = Vec::new();
    for commit in commits {
        outcomes.push(commit.await.unwrap());
    }
    let error = outcomes[1].clone().unwrap_err();
    assert!(matches!(&error, StoreError::Full(_)), "{error:?}");
    assert!(error.to_string().contains("free space on the disk of the database"), "{error}");
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok(), "{outcomes:?}");
    assert_eq!(store.verify(None).await.unwrap().entries, 2);
}
