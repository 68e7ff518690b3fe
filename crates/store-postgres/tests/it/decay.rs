//! Rows that are not what was written: a bit that turned over on the disk, a page that went back.

use std::{fs, path::PathBuf};

use tidegate_ports::{Store as _, StoreError, VerifyError};
use tidegate_store_postgres::PostgresReader;
use tidegate_testkit::postgres::Postgres;

use crate::{
    bed::{NOBODY, address, open, shared, step},
    rebuild::{all_of, build, read, with_history},
};

/// Alters the documents behind the store's back: whoever loads or reads them is told, and it is a restore
/// that mends it.
async fn check(sql: &str, told: &str) {
    let url = shared().database();
    with_history(&url, 12).await;
    let whole = all_of(&url).await;
    shared().sql(url.rsplit('/').next().unwrap(), sql);
    let store = open(&url).await;
    store.lead(NOBODY).await.unwrap();
    let error = store.load().await.unwrap_err();
    assert!(matches!(&error, StoreError::Damaged(why) if why.contains(told)), "{sql}: {error:?}");
    let reader = PostgresReader::open(&address(&url)).await.unwrap();
    let Err(error) = read(&reader).await else { panic!("{sql}: a backup would be taken of it") };
    assert!(error.to_string().contains(told), "{sql}: {error}");
    let other = shared().database();
    build(&whole, None, &other).await.unwrap().0.commit().await.unwrap();
    assert_eq!(open(&other).await.load().await.unwrap(), whole.documents);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_is_not_what_was_written_is_told_and_nobody_starts_from_it() {
    let one = "WHERE key LIKE '%web-4%'";
    let quietly = "SET session_replication_role = replica;";
    let changed = "is not what was written";
    check(&format!("UPDATE tidegate.document SET body = body || ' ' {one}"), changed).await;
    check(&format!("UPDATE tidegate.document SET key = replace(key, '4', '9') {one}"), changed)
        .await;
    check(&format!("UPDATE tidegate.document SET kind = 'Rollouts' {one}"), changed).await;
    check(&format!("UPDATE tidegate.document SET sum = sum # 1 {one}"), changed).await;
    check(&format!("UPDATE tidegate.document SET sum = NULL {one}"), changed).await;
    let gone = "documents, and they are not the";
    check(&format!("{quietly} DELETE FROM tidegate.document {one}"), gone).await;
    check("TRUNCATE tidegate.document", gone).await;
    let again = format!(
        "{quietly} ALTER TABLE tidegate.document DROP CONSTRAINT document_pkey;
         INSERT INTO tidegate.document SELECT * FROM tidegate.document {one}"
    );
    check(&again, "is there twice").await;
    check("DELETE FROM tidegate.document_total", "tidegate.document_total is gone").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_is_there_as_it_was_before_is_told() {
    let url = shared().database();
    let name = url.rsplit('/').next().unwrap();
    with_history(&url, 12).await;
    shared().sql(name, "CREATE TABLE earlier AS SELECT * FROM tidegate.document");
    let store = open(&url).await;
    store.commit(NOBODY, step("web-4", 99)).await.unwrap();
    store.load().await.unwrap();
    // Whole in itself, as where a page of the table went back to what it was.
    shared().sql(
        name,
        "SET session_replication_role = replica;
         UPDATE tidegate.document d SET body = e.body, sum = e.sum FROM earlier e
         WHERE d.kind = e.kind AND d.key = e.key",
    );
    let error = store.load().await.unwrap_err();
    assert!(matches!(&error, StoreError::Damaged(why) if why.contains("they are not the")));
}

/// Turns one bit over in the file of a table, behind `text`, which is in it once.
fn flip(server: &mut Postgres, table: &str, text: &str) {
    let asked = format!("CHECKPOINT; SELECT pg_relation_filepath('{table}')");
    let path: PathBuf = server.data().join(server.sql("postgres", &asked));
    server.stop();
    let mut bytes = fs::read(&path).unwrap();
    let text = text.as_bytes();
    let at = bytes.windows(text.len()).position(|part| part == text).unwrap() + text.len();
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    server.up();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bit_that_turns_over_on_the_disk_is_told() {
    let mut server = Postgres::start(&[]);
    // As `initdb` of PostgreSQL 15 has it: pages have no sums of their own.
    assert_eq!(server.sql("postgres", "SHOW data_checksums"), "off");
    let url = server.url("postgres");
    let store = open(&url).await;
    let epoch = store.lead(NOBODY).await.unwrap();
    for number in 1000..1010 {
        store.commit(epoch, step("web", number)).await.unwrap();
    }
    assert_eq!(store.load().await.unwrap().len(), 1);
    store.release().await;
    drop(store);
    // In a number, so that what is there is JSON all the same.
    flip(&mut server, "tidegate.document", "\"step\":100");
    let store = open(&url).await;
    store.lead(NOBODY).await.unwrap();
    let error = store.load().await.unwrap_err();
    assert!(matches!(&error, StoreError::Damaged(why) if why.contains("not what was written")));
    flip(&mut server, "tidegate.ledger", "\"step\":100");
    let reader = PostgresReader::open(&address(&url)).await.unwrap();
    assert!(matches!(reader.verify(None).await, Err(VerifyError::Broken { .. })));
}
