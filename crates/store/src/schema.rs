use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tidegate_ports::StoreError;

use crate::{
    document,
    failure::{failed, unreadable},
};

/// What takes the database from each version to the next. What is here once never changes: it has
/// been run on someone's disk.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
];

/// From this one on each document has a sum.
const SUMS: u32 = 4;

/// `TdGt` in ASCII: tells our files from other programs' (`PRAGMA application_id`).
const APPLICATION: i64 = 0x5464_4774;

/// How long a statement waits for a lock. Only a reader's recovery after a crash holds one, for as
/// long as reading the write-ahead log takes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sets the writer's connection up and brings the database to the newest version.
///
/// With `synchronous=FULL` each commit is followed by an fsync of the write-ahead log, so what was
/// acknowledged survives the loss of power.
pub(crate) fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    check_owner(connection)?;
    configure(connection).map_err(|error| unreadable("cannot set state.db up", &error))?;
    migrate(connection, MIGRATIONS)
}

/// Makes the tables of a database that nobody has yet. It is not safe from a crash before it is whole.
pub(crate) fn create(connection: &mut Connection) -> Result<(), StoreError> {
    connection
        .pragma_update(None, "journal_mode", "off")
        .and_then(|()| connection.pragma_update(None, "synchronous", "off"))
        .map_err(|error| unreadable("cannot set state.db up", &error))?;
    migrate(connection, MIGRATIONS)
}

/// Checks that a reader can understand the database, and changes nothing. Documents and ledger are
/// where they have been since the first version; see [`has_changes`].
pub(crate) fn inspect(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(PATIENCE).map_err(|error| failed("cannot set state.db up", error))?;
    check_owner(connection)?;
    let found = version(connection)?;
    let known = newest(MIGRATIONS);
    match found {
        0 => Err(failed("state.db", "nothing was ever written in it; start a server once")),
        _ if found > known => Err(StoreError::TooNew { found, known }),
        _ => Ok(()),
    }
}

/// Whether a database of this version keeps what documents were.
pub(crate) const fn has_changes(version: u32) -> bool {
    version >= 3
}

/// Whether documents of this version have sums.
pub(crate) const fn has_sums(version: u32) -> bool {
    version >= SUMS
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What a batch that fails is taken back with stays in memory: as a file it would need a
    // descriptor, and space in another folder, where either may be what has run out.
    connection.pragma_update(None, "temp_store", "memory")?;
    // Lets REPLACE run the triggers that keep the ledger append-only.
    connection.pragma_update(None, "recursive_triggers", true)?;
    // Gives the disk back what a burst made of the write-ahead log: 16 MiB is four times what it
    // reaches between two checkpoints of a thousand pages.
    connection.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)
}

fn check_owner(connection: &Connection) -> Result<(), StoreError> {
    let read = |query| connection.query_row(query, [], |row| row.get::<_, i64>(0));
    let owner = read("PRAGMA application_id")
        .map_err(|error| unreadable("cannot read state.db", &error))?;
    let tables = read("SELECT count(*) FROM sqlite_schema")
        .map_err(|error| unreadable("cannot read state.db", &error))?;
    if owner == APPLICATION || (owner == 0 && tables == 0) {
        return Ok(());
    }
    Err(failed("state.db", "it was written by another program; choose another --data folder"))
}

fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), StoreError> {
    let (found, known) = (version(connection)?, newest(migrations));
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    let pending = (1..).zip(migrations).skip_while(|(to, _)| *to <= found);
    for (to, migration) in pending {
        let then = if to == SUMS && std::ptr::eq(migrations, MIGRATIONS) {
            document::add_sums
        } else {
            |_: &Connection| Ok(())
        };
        step(connection, migration, to, then)
            .map_err(|error| failed(&format!("cannot migrate state.db to schema {to}"), error))?;
    }
    Ok(())
}

/// One migration, what is not said in SQL, and its mark, in one transaction.
fn step(
    connection: &mut Connection,
    migration: &str,
    to: u32,
    then: fn(&Connection) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(migration)?;
    then(&transaction)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", to)?;
    transaction.commit()
}

pub(crate) fn version(connection: &Connection) -> Result<u32, StoreError> {
    connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(|error| unreadable("cannot read state.db", &error))
}

fn newest(migrations: &[&str]) -> u32 {
    u32::try_from(migrations.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(connection: &Connection) -> Vec<String> {
        let mut statement = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn a_new_database_gets_the_newest_schema_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        for _ in 0..2 {
            prepare(&mut connection).unwrap();
            assert_eq!(version(&connection), Ok(newest(MIGRATIONS)));
            assert_eq!(
                tables(&connection),
                [
                    "change",
                    "change_begin",
                    "document",
                    "document_total",
                    "leader",
                    "ledger",
                    "ledger_head"
                ]
            );
        }
        inspect(&connection).unwrap();
    }

    #[test]
    fn each_migration_runs_once_and_in_order() {
        let mut connection = Connection::open_in_memory().unwrap();
        let three = ["CREATE TABLE a (x)", "ALTER TABLE a ADD y", "CREATE TABLE b (z)"];
        migrate(&mut connection, &three[..1]).unwrap();
        connection.execute("INSERT INTO a VALUES (7)", []).unwrap();
        migrate(&mut connection, &three).unwrap();
        migrate(&mut connection, &three).unwrap();
        let kept = connection.query_row("SELECT x, y IS NULL FROM a", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?))
        });
        assert_eq!((version(&connection), kept), (Ok(3), Ok((7, true))));
    }

    #[test]
    fn a_migration_that_fails_leaves_the_version_before_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        let error = migrate(
            &mut connection,
            &["CREATE TABLE a (x)", "CREATE TABLE b (y); ALTER TABLE none ADD y"],
        );
        assert!(error.unwrap_err().to_string().contains("to schema 2"));
        assert_eq!(version(&connection), Ok(1));
        assert_eq!(tables(&connection), ["a"]);
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        prepare(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", 9).unwrap();
        let error = StoreError::TooNew { found: 9, known: newest(MIGRATIONS) };
        assert_eq!(prepare(&mut connection), Err(error.clone()));
        assert_eq!(inspect(&connection), Err(error));
    }

    #[test]
    fn another_programs_database_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE bookmarks (url)").unwrap();
        let error = prepare(&mut connection).unwrap_err();
        assert!(error.to_string().contains("another program"), "{error}");
        assert_eq!(tables(&connection), ["bookmarks"]);
    }
}
