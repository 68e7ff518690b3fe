use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use rusqlite::Connection;
use tidegate_ledger::{Draft, Entry, Head};
use tidegate_ports::{Changed, StoreError, StoredObject, VerifyError};

use crate::{
    Reader, change,
    document::{self, Refusal},
    failure::failed,
    folder::{BUILDING, Folder, clear, clear_or_warn, database_in, private_file},
    ledger, read_only, schema,
};

/// The files of a store. The last two belong to the first, and mean another thing beside any other.
const FILES: [&str; 3] = ["state.db", "state.db-wal", "state.db-shm"];

/// A store that is built from what was kept of one: beside where it will be, so that until it is
/// whole and checked there is none, and after that all of it.
///
/// Nobody else can open the folder meanwhile. What is not finished is taken away again.
#[derive(Debug)]
pub struct Rebuild {
    folder: Folder,
    building: PathBuf,
    /// Where a store that is there is moved to.
    aside: Option<PathBuf>,
    connection: Option<Connection>,
    head: Head,
    documents: u64,
    /// The last position that is wanted.
    until: u64,
}

/// What becomes of a store that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Present<'a> {
    /// It stays, and nothing is built.
    Refuse,
    /// It is moved into this folder, which is made, once the new one is whole.
    PutAside(&'a Path),
}

impl Rebuild {
    /// Begins in `folder`, which is made if it is not there.
    ///
    /// Errors: [`StoreError::Locked`] when a server works there, [`StoreError::Failed`] when there is
    /// a store, and when the disk fails.
    pub fn begin(folder: &Path, present: Present<'_>) -> Result<Self, StoreError> {
        let folder = Folder::hold(folder)?;
        if present == Present::Refuse && has_store(folder.path()) {
            let why = "there is a store already; nothing is restored over it";
            return Err(failed(&folder.path().display().to_string(), why));
        }
        let building = folder.path().join(BUILDING);
        clear(&building).map_err(cannot)?;
        fs::create_dir(&building).map_err(cannot)?;
        let aside = match present {
            Present::Refuse => None,
            Present::PutAside(aside) => Some(aside.to_owned()),
        };
        let (connection, head, documents) = (None, Head::default(), 0);
        let until = u64::MAX;
        let mut rebuild = Self { folder, building, aside, connection, head, documents, until };
        let path = database_in(&rebuild.building);
        private_file(&path).map_err(cannot)?;
        let mut connection = Connection::open(path).map_err(|error| sqlite(&error))?;
        schema::create(&mut connection)?;
        // One transaction: nothing of it counts before all of it is there.
        connection.execute_batch("BEGIN").map_err(|error| sqlite(&error))?;
        rebuild.connection = Some(connection);
        Ok(rebuild)
    }

    /// Adds a document.
    pub fn document(&mut self, object: &StoredObject) -> Result<(), StoreError> {
        document::put(self.connection()?, &object.into()).map_err(refused)?;
        self.documents += 1;
        Ok(())
    }

    /// Adds what a document was.
    pub fn change(&mut self, change: &Changed) -> Result<(), StoreError> {
        change::put(self.connection()?, change).map_err(|error| sqlite(&error))
    }

    /// Once all documents are there and what they were, from `begin` on: makes them what they were at
    /// `position`. Entries after that are left out. Says which position it is: what was written as
    /// one is there whole or not at all, so it may be an earlier one.
    ///
    /// Errors: [`StoreError::Failed`] when it is not known any more what they were then.
    pub fn go_back(&mut self, position: u64, begin: u64) -> Result<u64, StoreError> {
        let connection = self.connection()?;
        let position = change::boundary(connection, position).map_err(|error| sqlite(&error))?;
        if position < begin {
            return Err(StoreError::Failed(format!(
                "what the documents were at entry {position} is not kept: only from entry {begin} on"
            )));
        }
        change::undo(connection, position).map_err(|error| sqlite(&error))?;
        self.documents = document::count(connection).map_err(|error| sqlite(&error))?;
        self.until = position;
        Ok(position)
    }

    /// Notes from which position on it is known what the documents were.
    pub fn reaches_back_to(&mut self, begin: u64) -> Result<(), StoreError> {
        change::begin_at(self.connection()?, begin).map_err(|error| sqlite(&error))
    }

    /// Adds an entry of the ledger as it was. Errors: [`StoreError::Damaged`] when it does not
    /// follow the one before or is not what its hash was taken over.
    pub fn entry(&mut self, entry: &Entry) -> Result<(), StoreError> {
        if entry.sequence > self.until {
            return Ok(());
        }
        let linked =
            ledger::append(self.connection()?, self.head, &entry.draft).map_err(refused)?;
        if linked != *entry {
            let why = format!("the ledger is broken: entry {} is not as written", entry.sequence);
            return Err(StoreError::Damaged(why));
        }
        self.head = linked.head();
        Ok(())
    }

    /// Adds `last` to the ledger, puts all of it on the disk, reads it once more, lets `check` do so
    /// too, and makes it the store of the folder. Says where its ledger ends.
    pub fn finish(
        mut self,
        last: &Draft,
        check: impl FnOnce(&Reader) -> Result<(), StoreError>,
    ) -> Result<Head, StoreError> {
        let connection = self.connection.take().ok_or_else(over)?;
        let entry = ledger::append(&connection, self.head, last).map_err(refused)?;
        let head = entry.head();
        ledger::advance(&connection, head).map_err(|error| sqlite(&error))?;
        connection.execute_batch("COMMIT").map_err(|error| sqlite(&error))?;
        connection.close().map_err(|(_, error)| sqlite(&error))?;
        let path = database_in(&self.building);
        File::open(&path).and_then(|file| file.sync_all()).map_err(cannot)?;
        check(&self.check(head)?)?;
        let folder = self.folder.path();
        put_aside(folder, self.aside.as_deref()).map_err(cannot)?;
        fs::rename(&path, database_in(folder)).map_err(cannot)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(cannot)?;
        Ok(head)
    }

    fn connection(&self) -> Result<&Connection, StoreError> {
        self.connection.as_ref().ok_or_else(over)
    }

    fn check(&self, head: Head) -> Result<Reader, StoreError> {
        let reader = read_only(&self.building)?;
        let found = reader.documents()?.len() as u64;
        if found != self.documents {
            let why = format!("of {} documents {found} were kept", self.documents);
            return Err(StoreError::Damaged(why));
        }
        match reader.verify(Some(head)) {
            Ok(_) => Ok(reader),
            Err(VerifyError::Store(error)) => Err(error),
            Err(broken) => Err(StoreError::Damaged(broken.to_string())),
        }
    }
}

impl Drop for Rebuild {
    fn drop(&mut self) {
        self.connection = None;
        clear_or_warn(&self.building);
    }
}

/// Whether a folder has a store.
pub fn has_store(folder: &Path) -> bool {
    database_in(folder).symlink_metadata().is_ok()
}

/// Moves the files of a store, the database first: what is left behind after a crash between two of
/// them is then never taken for a store. What was left of one that is not
/// there any more is moved as well, for it would be taken for a part of the new one.
pub(crate) fn put_aside(folder: &Path, aside: Option<&Path>) -> io::Result<()> {
    let there = |name: &&str| folder.join(name).symlink_metadata().is_ok();
    let names: Vec<_> = FILES.into_iter().filter(there).collect();
    if names.is_empty() {
        return Ok(());
    }
    let left = folder.join(format!("{BUILDING}-left"));
    let aside = aside.unwrap_or(&left);
    fs::create_dir_all(aside)?;
    for name in names {
        fs::rename(folder.join(name), aside.join(name))?;
    }
    File::open(aside)?.sync_all()?;
    File::open(folder)?.sync_all()
}

fn refused(refusal: Refusal) -> StoreError {
    match refusal {
        Refusal::Limit(error) => error,
        Refusal::Sqlite(error) => sqlite(&error),
    }
}

fn sqlite(error: &rusqlite::Error) -> StoreError {
    let why = format!("the store cannot be built: {error}");
    if crate::failure::is_full(error) { StoreError::Full(why) } else { StoreError::Failed(why) }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn cannot(error: io::Error) -> StoreError {
    let why = format!("the store cannot be built: {error}");
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full(why),
        _ => StoreError::Failed(why),
    }
}

fn over() -> StoreError {
    StoreError::Failed("the store was built already".to_owned())
}
