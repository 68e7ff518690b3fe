//! What a server keeps, read without one: in a data folder, or in a database.

use std::{fmt, io, path::PathBuf};

use tidegate_ledger::{Entry, Head, Summary};
use tidegate_ports::{Changed, Facts, StoreError, StoredObject, VerifyError};
use tidegate_store::{Reader, Snapshot, has_store, read_only};
use tidegate_store_postgres::{Address, PostgresReader, PostgresSnapshot};
use tokio::runtime::Runtime;

use crate::{
    database::{self, VARIABLE},
    error::{CliError, ErrorKind},
    place::Place,
};

/// A store that is read.
pub(crate) enum Kept {
    Folder(Box<Reader>, PathBuf),
    Database(Box<Database>),
}

/// A database, and what its connection runs in.
pub(crate) struct Database {
    runtime: Runtime,
    reader: PostgresReader,
    address: Address,
}

/// Where a store is.
#[derive(Clone, Debug)]
pub(crate) enum Site {
    /// In the data folder.
    Folder,
    /// In a database.
    Database(Box<Address>),
}

impl Site {
    /// Where what belongs to a data folder is: in the database that `--store` names, else the
    /// environment, else the folder's own note; else in the folder.
    pub(crate) fn of(place: &Place, store: Option<&str>) -> Result<Self, CliError> {
        let note = place.database_note()?;
        if let Some(address) = database::named(store)? {
            if store.is_none() && has_store(place.folder()) {
                let folder = place.folder().display();
                let why = format!("{VARIABLE} names a database, but {folder} has a store itself");
                return Err(CliError::new(ErrorKind::Usage, why).hint(format!(
                    "name the database with --store, or unset {VARIABLE} for the folder"
                )));
            }
            return Ok(Self::Database(Box::new(address)));
        }
        match note {
            Some(note) => Ok(Self::Database(Box::new(database::noted(&note.database)?))),
            None => Ok(Self::Folder),
        }
    }
}

impl Kept {
    /// Opens it to be read. A server may be at work there.
    pub(crate) fn open(place: &Place, store: Option<&str>) -> Result<Self, CliError> {
        match Site::of(place, store)? {
            Site::Folder => Self::folder(place),
            Site::Database(address) => Self::database(*address),
        }
    }

    fn folder(place: &Place) -> Result<Self, CliError> {
        let folder = place.folder();
        let reader = read_only(folder).map_err(|error| {
            CliError::failed(format!("there is no store to read in {}", folder.display()))
                .because(&error)
                .hint("name the data folder with --data, or a database with --store")
        })?;
        Ok(Self::Folder(Box::new(reader), folder.to_owned()))
    }

    fn database(address: Address) -> Result<Self, CliError> {
        let runtime = runtime()
            .map_err(|error| CliError::failed("no event loop could be started").because(&error))?;
        let reader = runtime.block_on(PostgresReader::open(&address)).map_err(|error| {
            let told =
                CliError::failed(format!("there is no store to read in {address}")).because(&error);
            match database::mend(&address, &error) {
                Some(hint) => told.hint(hint),
                None => told,
            }
        })?;
        Ok(Self::Database(Box::new(Database { runtime, reader, address })))
    }

    /// Holds on to this moment; once for each that was opened.
    pub(crate) fn snapshot(&self) -> Result<Moment<'_>, StoreError> {
        Ok(match self {
            Self::Folder(reader, _) => Moment::Folder(reader.snapshot()?),
            Self::Database(database) => {
                let Database { runtime, reader, .. } = &**database;
                Moment::Database(runtime, runtime.block_on(reader.snapshot())?)
            }
        })
    }

    /// Ledger entries after a sequence number, oldest first, at most `limit` of them.
    pub(crate) fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        match self {
            Self::Folder(reader, _) => reader.entries(after, limit),
            Self::Database(it) => it.runtime.block_on(it.reader.entries(after, limit)),
        }
    }

    /// Checks the whole ledger.
    pub(crate) fn verify(&self, expected: Option<Head>) -> Result<Summary, VerifyError> {
        match self {
            Self::Folder(reader, _) => reader.verify(expected),
            Self::Database(it) => it.runtime.block_on(it.reader.verify(expected)),
        }
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(_, folder) => write!(f, "{}", folder.display()),
            Self::Database(database) => write!(f, "{}", database.address),
        }
    }
}

/// A store as it is at one moment.
pub(crate) enum Moment<'a> {
    Folder(Snapshot<'a>),
    Database(&'a Runtime, PostgresSnapshot<'a>),
}

impl Moment<'_> {
    /// How much there is.
    pub(crate) const fn facts(&self) -> Facts {
        match self {
            Self::Folder(snapshot) => snapshot.facts(),
            Self::Database(_, snapshot) => snapshot.facts(),
        }
    }

    /// Every document, by kind and key.
    pub(crate) fn documents<E: From<StoreError>>(
        &self,
        visit: impl FnMut(StoredObject) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Folder(snapshot) => snapshot.documents(visit),
            Self::Database(runtime, snapshot) => runtime.block_on(snapshot.documents(visit)),
        }
    }

    /// What documents were, newest first.
    pub(crate) fn changes<E: From<StoreError>>(
        &self,
        visit: impl FnMut(Changed) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Folder(snapshot) => snapshot.changes(visit),
            Self::Database(runtime, snapshot) => runtime.block_on(snapshot.changes(visit)),
        }
    }

    /// Every entry of the ledger, oldest first, each checked to follow the one before.
    pub(crate) fn entries<E: From<VerifyError> + From<StoreError>>(
        &self,
        visit: impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Folder(snapshot) => snapshot.entries(visit),
            Self::Database(runtime, snapshot) => runtime.block_on(snapshot.entries(visit)),
        }
    }
}

/// What a connection to a database runs in: a thread of its own, so that it reads on while what was
/// read is looked at.
pub(crate) fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()
}
