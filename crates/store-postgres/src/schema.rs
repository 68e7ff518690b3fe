use tidegate_ports::StoreError;

use crate::{document, offline::LONG, session::Session, trouble::Trouble};

/// What takes the database from each version to the next. What is here once never changes: it has
/// been run on someone's database.
const MIGRATIONS: &[&str] = &[include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// From this one on each document has a sum.
const SUMS: u32 = 2;

/// Of the lock that keeps two servers from bringing one database up to date: `TdGt` in ASCII.
const LOCK: i64 = 0x5464_4774;

const WHAT: &str = "the schema of the database cannot be read";

/// Whether documents of this version have sums.
pub(crate) const fn has_sums(version: u32) -> bool {
    version >= SUMS
}

/// Brings the database to this version's schema.
///
/// Errors: [`StoreError::TooNew`], and [`StoreError::Failed`] where the schema `tidegate` is somebody
/// else's or may not be made.
pub(crate) async fn prepare(session: &Session) -> Result<(), Trouble> {
    bring(session, MIGRATIONS).await
}

/// Which version the database has; 0 where it has none. Refuses a newer one than is known.
pub(crate) async fn inspect(session: &Session) -> Result<u32, Trouble> {
    let found = version(session).await?;
    let known = newest(MIGRATIONS);
    if found > known { Err(StoreError::TooNew { found, known }.into()) } else { Ok(found) }
}

async fn bring(session: &Session, migrations: &[&str]) -> Result<(), Trouble> {
    let (found, known) = (version(session).await?, newest(migrations));
    if found > known {
        return Err(StoreError::TooNew { found, known }.into());
    }
    for (to, migration) in (1..).zip(migrations).skip_while(|(to, _)| *to <= found) {
        step(session, to, migration).await?;
    }
    Ok(())
}

/// One migration and its mark, in one transaction, unless another server has been here meanwhile.
async fn step(session: &Session, to: u32, migration: &str) -> Result<(), Trouble> {
    let what = format!("the database cannot be brought to schema {to}");
    let run = |sql: String| {
        let what = what.clone();
        async move { session.run_long(&what, &sql).await }
    };
    // All rows of a large table may change, and whoever waits for that waits as long.
    let limit = LONG.as_millis();
    let patience =
        format!("SET LOCAL statement_timeout = {limit}; SET LOCAL lock_timeout = {limit}");
    run(format!("BEGIN; {patience}; SELECT pg_advisory_xact_lock({LOCK})")).await?;
    let found = version(session).await?;
    if found + 1 != to {
        return run("ROLLBACK".to_owned()).await;
    }
    let begin = "CREATE SCHEMA IF NOT EXISTS tidegate;
        CREATE TABLE tidegate.schema_version (version integer NOT NULL);
        INSERT INTO tidegate.schema_version VALUES (0);";
    let begin = if found == 0 { begin } else { "" };
    let mark = format!("UPDATE tidegate.schema_version SET version = {to}");
    let mut done = run(format!("{begin} {migration}; {mark}")).await;
    if done.is_ok() && to == SUMS {
        done = document::add_sums(session).await;
    }
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = run(end.to_owned()).await;
    done.and(ended)
}

async fn version(session: &Session) -> Result<u32, Trouble> {
    let tables = "SELECT coalesce(array_agg(relname::text), '{}') FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'tidegate' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')";
    let tables: Vec<String> = session.value(WHAT, tables, &[]).await?;
    if tables.is_empty() {
        return Ok(0);
    }
    if !tables.iter().any(|table| table == "schema_version") {
        let why =
            "the schema tidegate of the database is of another program; choose another database";
        return Err(StoreError::Failed(why.to_owned()).into());
    }
    let found: i32 =
        session.value(WHAT, "SELECT version FROM tidegate.schema_version", &[]).await?;
    Ok(u32::try_from(found).unwrap_or(0))
}

fn newest(migrations: &[&str]) -> u32 {
    u32::try_from(migrations.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
