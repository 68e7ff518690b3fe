//! Where a backup is restored: a data folder or a database, that has no store.

use std::{
    fs::{self, DirBuilder},
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use tidegate_backup::{BackupError, Change, NewFile};
use tidegate_ledger::{Draft, Entry, Head};
use tidegate_ports::{Changed, Clock as _, StoreError, StoredObject};
use tidegate_store::{Folder, Present, Rebuild, has_store};
use tidegate_store_postgres::{Address, PostgresRebuild, RebuildError};
use tokio::runtime::Runtime;

use super::{
    restore::not_restored,
    verify::{self, Seen},
};
use crate::{
    args::RestoreArgs,
    database,
    error::CliError,
    kept::{Moment, Site, runtime},
    place::Place,
    server::{SystemClock, name},
};

/// What a data folder may hold where a store is restored: what runs, and what that needs. The server
/// adopts it.
const RUNS: [&str; 15] = [
    "reserve",
    "server.lock",
    "server.json",
    "waiting",
    "token",
    "router",
    "router.log",
    "router.log.1",
    "images",
    "logs",
    "volumes",
    "claims",
    "runtime",
    "jobs",
    "containers",
];

/// What becomes a store.
pub(super) struct Target {
    pub(super) site: Site,
    place: Place,
    /// Where the store is moved to that the folder has, or its note of one.
    pub(super) aside: Option<PathBuf>,
}

impl Target {
    /// Where the command line says. Refuses a folder that has a store or notes one, unless it is said
    /// that it is to be put aside, and one with things in it that are not Tidegate's.
    pub(super) fn of(place: &Place, args: &RestoreArgs) -> Result<Self, CliError> {
        let named = database::named(args.store.as_deref())?;
        let site = named.map_or(Site::Folder, |address| Site::Database(Box::new(address)));
        let there = state_of(place)?;
        if let (Some(there), false) = (&there, args.replace) {
            return Err(in_the_way(place, &site, there));
        }
        let target = Self {
            site,
            place: place.clone(),
            aside: there.map(|_| {
                let time = SystemClock.now().whole_seconds().replace(['-', ':'], "");
                place.folder().join(format!("before-restore-{time}"))
            }),
        };
        if target.aside.is_none() && matches!(target.site, Site::Folder) {
            refuse_strange(place)?;
        }
        Ok(target)
    }

    /// Begins to build there.
    pub(super) fn begin(&self) -> Result<Building, RebuildError> {
        let folder = self.place.folder();
        match &self.site {
            Site::Folder => {
                let present = self.aside.as_deref().map_or(Present::Refuse, Present::PutAside);
                Ok(Building::Folder(Box::new(Rebuild::begin(folder, present)?)))
            }
            Site::Database(address) => {
                // No server of this folder may be at work: it would not hear of what is put aside.
                let held = folder.is_dir().then(|| Folder::hold(folder)).transpose()?;
                Building::database(address, held)
            }
        }
    }

    /// Puts aside what the folder has beside what was restored.
    pub(super) fn tidy(&self, held: Option<&Folder>) -> Result<(), NotFinished> {
        let Some(aside) = &self.aside else { return Ok(()) };
        if let Some(folder) = held {
            folder.put_aside(aside).map_err(|error| NotFinished::Untidy(error.to_string()))?;
        }
        let note = self.place.database_file();
        let moved = || {
            fs::create_dir_all(aside)?;
            fs::rename(&note, aside.join(note.file_name().unwrap_or_default()))
        };
        match note.try_exists().and_then(|there| if there { moved() } else { Ok(()) }) {
            Ok(()) => Ok(()),
            Err(error) => Err(NotFinished::Untidy(format!(
                "{} cannot be moved into {}: {error}",
                note.display(),
                aside.display()
            ))),
        }
    }
}

#[cfg(test)]
impl Target {
    pub(super) fn for_test(site: Site, aside: Option<PathBuf>) -> Self {
        Self { site, place: Place::for_test(PathBuf::from("/d")), aside }
    }
}

/// Where the state of a folder is, in words; none where it has none.
fn state_of(place: &Place) -> Result<Option<String>, CliError> {
    if has_store(place.folder()) {
        return Ok(Some("has a store".to_owned()));
    }
    let note = place.database_note()?;
    Ok(note.map(|note| format!("has its state in {}", note.database)))
}

fn in_the_way(place: &Place, site: &Site, there: &str) -> CliError {
    let folder = place.folder().display();
    let told = CliError::failed(format!("nothing was restored: {folder} {there}"));
    match site {
        Site::Folder => told.hint(
            "restore into an empty folder with --data, or in its place with --replace, which keeps \
             it beside the new one",
        ),
        Site::Database(_) => told.hint(
            "name the data folder of the server that is to use the database with --data; with \
             --replace what this one has is put aside, and its server goes on from the database",
        ),
    }
}

/// Refuses a folder with things in it that are not Tidegate's.
fn refuse_strange(place: &Place) -> Result<(), CliError> {
    let folder = place.folder();
    let found = match fs::read_dir(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(not_restored(&error)),
    };
    for entry in found {
        let name = entry.map_err(|error| not_restored(&error))?.file_name();
        let name = name.to_string_lossy();
        let known = RUNS.contains(&&*name)
            || ["state.db-", "restoring", "before-restore-", "token.partial-"]
                .iter()
                .any(|one| name.starts_with(one));
        if !known {
            let folder = folder.display();
            return Err(CliError::failed(format!(
                "nothing was restored: {folder} is neither empty nor a data folder, {name} is in it"
            ))
            .hint("name an empty folder with --data"));
        }
    }
    Ok(())
}

/// A store that is being built.
pub(super) enum Building {
    Folder(Box<Rebuild>),
    Database(Box<InDatabase>),
}

/// One in a database.
pub(super) struct InDatabase {
    rebuild: PostgresRebuild,
    runtime: Runtime,
    held: Option<Folder>,
}

impl Building {
    fn database(address: &Address, held: Option<Folder>) -> Result<Self, RebuildError> {
        let cannot = |error: io::Error| {
            StoreError::Failed(format!("no event loop could be started: {error}"))
        };
        let runtime = runtime().map_err(cannot)?;
        let rebuild = runtime.block_on(PostgresRebuild::begin(address.clone(), &name()))?;
        Ok(Self::Database(Box::new(InDatabase { rebuild, runtime, held })))
    }

    pub(super) fn document(&mut self, object: &StoredObject) -> Result<(), StoreError> {
        match self {
            Self::Folder(rebuild) => rebuild.document(object),
            Self::Database(it) => it.runtime.block_on(it.rebuild.document(object)),
        }
    }

    pub(super) fn change(&mut self, change: Change) -> Result<(), StoreError> {
        let Change { before, after, kind, key, body } = change;
        let changed = Changed { before, after, kind, key, body };
        match self {
            Self::Folder(rebuild) => rebuild.change(&changed),
            Self::Database(it) => it.runtime.block_on(it.rebuild.change(&changed)),
        }
    }

    pub(super) fn go_back(&mut self, position: u64, begin: u64) -> Result<u64, StoreError> {
        match self {
            Self::Folder(rebuild) => rebuild.go_back(position, begin),
            Self::Database(it) => it.runtime.block_on(it.rebuild.go_back(position, begin)),
        }
    }

    pub(super) fn entry(&mut self, entry: &Entry) -> Result<(), StoreError> {
        match self {
            Self::Folder(rebuild) => rebuild.entry(entry),
            Self::Database(it) => it.runtime.block_on(it.rebuild.entry(entry)),
        }
    }

    pub(super) fn reaches_back_to(&mut self, begin: u64) -> Result<(), StoreError> {
        match self {
            Self::Folder(rebuild) => rebuild.reaches_back_to(begin),
            Self::Database(it) => it.runtime.block_on(it.rebuild.reaches_back_to(begin)),
        }
    }

    /// Adds the last entry, reads all once more, and makes it the store. Says where its ledger ends.
    pub(super) fn finish(self, last: &Draft, target: &Target) -> Result<Head, NotFinished> {
        match self {
            Self::Folder(rebuild) => {
                let check =
                    |reader: &tidegate_store::Reader| in_order(&Moment::Folder(reader.snapshot()?));
                let head = rebuild.finish(last, check)?;
                target.tidy(None).map(|()| head)
            }
            Self::Database(it) => {
                let InDatabase { mut rebuild, runtime, held } = *it;
                let head = runtime.block_on(rebuild.seal(last))?;
                let contents = runtime.block_on(rebuild.contents())?;
                in_order(&Moment::Database(&runtime, contents))?;
                runtime.block_on(rebuild.commit())?;
                target.tidy(held.as_ref()).map(|()| head)
            }
        }
    }
}

/// Why a restore did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotFinished {
    /// Nothing was restored; of [`StoreError::Broken`] it is not known.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// All was, and what was there before is still in its place.
    #[error("{0}")]
    Untidy(String),
}

/// Whether what was built agrees with itself, also at an earlier position.
fn in_order(moment: &Moment<'_>) -> Result<(), StoreError> {
    let mut seen = Seen::new(None);
    match seen.all(moment) {
        Ok(()) => {}
        Err(verify::Stopped::Store(error)) => return Err(error),
        Err(verify::Stopped::Ledger(error)) => return Err(StoreError::Damaged(error.to_string())),
    }
    let problems = seen.problems(moment.facts().head);
    problems.into_iter().next().map_or(Ok(()), |why| Err(StoreError::Damaged(why)))
}

/// Why no token was kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoToken {
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error("the token cannot be written: {0}")]
    Written(#[from] io::Error),
}

/// The token of the backup, where the folder has none: what clients hold fits the one that is there.
/// Half of one would be nobody's, so it is there whole or not at all.
pub(super) fn keep_token(place: &Place, token: &[u8]) -> Result<(), NoToken> {
    let path: &Path = &place.token_file();
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    // There are secrets in it.
    DirBuilder::new().recursive(true).mode(0o700).create(place.folder())?;
    let mut file = NewFile::create(path)?;
    file.write_all(token)?;
    Ok(file.finish()?)
}
