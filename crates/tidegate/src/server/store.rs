//! What a server keeps its state in: the data folder, or a database that several servers reach.

use std::{fmt, io, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tidegate_ledger::Head;
use tidegate_ports::{Clock as _, Store, StoreError};
use tidegate_store::{Folder, SqliteStore, has_store};
use tidegate_store_postgres::{Address, PostgresStore, Settings, Takeover};
use tidegate_units::Epoch;
use tokio::time::{Instant, sleep};

use super::{clock::SystemClock, folder, mend, not_started};
use crate::{
    args::ServerArgs,
    database,
    error::{CliError, ErrorKind},
    place::Place,
};

/// A server of this folder that leads no more hears of it within two seconds, and lets its clients end
/// for two more.
const FOLDER_PATIENCE: Duration = Duration::from_secs(20);
const FOLDER_LOOK: Duration = Duration::from_millis(100);

/// How often it is noted where the ledger in the database ends: what is lost of it after that is not
/// noticed by the next server of this folder.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// What the command line says of it.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    /// The data folder.
    Folder,
    /// A database.
    Database(Box<Address>, Takeover),
}

impl Wish {
    pub(super) fn of(args: &ServerArgs) -> Result<Self, CliError> {
        let Some(address) = database::named(args.store.as_deref())? else {
            let why = "--standby waits for the lead in a database, and none is named";
            let hint = "name it with --store postgres://user@host/database";
            let alone = CliError::new(ErrorKind::Usage, why).hint(hint);
            return if args.standby { Err(alone) } else { Ok(Self::Folder) };
        };
        let takeover = if args.standby { Takeover::WhenFree } else { Takeover::AtOnce };
        Ok(Self::Database(Box::new(address), takeover))
    }

    /// Whether it may be long until the server serves: a database may be away, or another one leads.
    pub(super) const fn waits(&self) -> bool {
        matches!(self, Self::Database(..))
    }
}

/// Where the state is, in the words of hints.
#[derive(Clone, Debug)]
pub(super) enum Whereabouts {
    Folder(Place),
    Database(Place, Box<Address>),
}

impl Whereabouts {
    pub(super) fn of(place: &Place, wish: &Wish) -> Self {
        match wish {
            Wish::Folder => Self::Folder(place.clone()),
            Wish::Database(address, _) => Self::Database(place.clone(), address.clone()),
        }
    }
}

impl fmt::Display for Whereabouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(_) => f.write_str("state.db"),
            Self::Database(_, address) => write!(f, "{address}"),
        }
    }
}

/// The state, opened.
pub(super) struct State {
    pub(super) port: Arc<dyn Store>,
    /// Where the ledger ended.
    pub(super) opened_at: Head,
    database: Option<Arc<PostgresStore>>,
    _folder: Option<Folder>,
}

/// What a folder notes of the database that has its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DatabaseNote {
    /// Its address with how the connection is protected, and with no password.
    pub(crate) database: String,
    /// Where its ledger ended when a server of this folder last looked.
    pub(crate) head: Head,
}

/// Opens it. A database is led from here on: what waits, waits in here.
pub(super) async fn open(place: &Place, wish: &Wish) -> Result<State, CliError> {
    match wish {
        Wish::Folder => in_folder(place),
        Wish::Database(address, takeover) => in_database(place, address, *takeover).await,
    }
}

fn in_folder(place: &Place) -> Result<State, CliError> {
    if let Some(note) = place.database_note()? {
        return Err(CliError::failed(format!(
            "the server does not start: the state of {} is in {}",
            place.folder().display(),
            note.database
        ))
        .hint(format!(
            "name it with --store; to begin anew without it, remove {}",
            place.database_file().display()
        )));
    }
    let whereabouts = Whereabouts::Folder(place.clone());
    let store =
        SqliteStore::open(place.folder()).map_err(|error| mend::store(&whereabouts, &error))?;
    let opened_at = store.opened_at();
    Ok(State { port: Arc::new(store), opened_at, database: None, _folder: None })
}

async fn in_database(
    place: &Place,
    address: &Address,
    takeover: Takeover,
) -> Result<State, CliError> {
    if has_store(place.folder()) {
        let folder = place.folder().display();
        return Err(CliError::failed(format!(
            "the server does not start: {folder} has its state in state.db"
        ))
        .hint(
            "name another folder with --data; to move it into the database, `tidegate backup` it and \
             `tidegate restore` the backup with --store",
        ));
    }
    let noted = place.database_note()?;
    let whereabouts = Whereabouts::Database(place.clone(), Box::new(address.clone()));
    let refused = |error: &StoreError| mend::store(&whereabouts, error);
    let settings = Settings { takeover, name: name(), ..Settings::default() };
    let store = PostgresStore::open(address.clone(), settings);
    let store = Arc::new(store.await.map_err(|error| refused(&error))?);
    let least = Epoch::at(SystemClock.now());
    let epoch = store.lead(least).await.map_err(|error| refused(&error))?;
    tracing::info!(%epoch, database = %address, "leading");
    if let Some(noted) = noted {
        check_noted(&whereabouts, &store, place, noted.head).await?;
    }
    let held = hold(place).await.map_err(|error| refused(&error))?;
    let note = DatabaseNote { database: address.lasting(), head: store.head() };
    folder::write_database_note(place, &note).map_err(|error| not_started(&error))?;
    let opened_at = store.opened_at();
    let port = Arc::clone(&store) as _;
    Ok(State { port, opened_at, database: Some(store), _folder: Some(held) })
}

/// Refuses a database that does not have what a server of this folder has seen acknowledged.
async fn check_noted(
    whereabouts: &Whereabouts,
    store: &PostgresStore,
    place: &Place,
    noted: Head,
) -> Result<(), CliError> {
    let Some(before) = noted.sequence.checked_sub(1) else { return Ok(()) };
    let found = store.entries(before, 1).await.map_err(|error| mend::store(whereabouts, &error))?;
    if found.first().is_some_and(|entry| entry.head() == noted) {
        return Ok(());
    }
    store.release().await;
    Err(CliError::failed(format!(
        "the server does not start: {whereabouts} does not have entry {}, which a server of this \
         folder saw acknowledged",
        noted.sequence
    ))
    .hint(format!(
        "a standby that had not got it was promoted, an older copy was put back, or it is another \
         database: bring back the one that has it; to go on without what is lost, remove {}",
        place.database_file().display()
    )))
}

/// The folder, once a server that led before has ended.
async fn hold(place: &Place) -> Result<Folder, StoreError> {
    let deadline = Instant::now() + FOLDER_PATIENCE;
    loop {
        match Folder::hold(place.folder()) {
            Err(StoreError::Locked { .. }) if Instant::now() < deadline => {
                sleep(FOLDER_LOOK).await;
            }
            outcome => return outcome,
        }
    }
}

/// What other servers call this one.
pub(crate) fn name() -> String {
    let machine = rustix::system::uname();
    format!("{} process {}", machine.nodename().to_string_lossy(), std::process::id())
}

impl State {
    /// Returns when another server leads, or the database is not what it was. A folder is this server's
    /// alone, as long as it has it.
    pub(super) async fn ended(&self) -> StoreError {
        match &self.database {
            Some(store) => store.ended().await,
            None => std::future::pending().await,
        }
    }

    /// Notes where the ledger in a database ends, for ever.
    pub(super) async fn keep_noted(database: Option<Arc<PostgresStore>>, place: Place) {
        let Some(store) = database else { return };
        let mut noted = None;
        loop {
            let head = store.head();
            if noted != Some(head) {
                let note = DatabaseNote { database: store.address().lasting(), head };
                match folder::write_database_note(&place, &note) {
                    Ok(()) => noted = Some(head),
                    Err(error) => tracing::warn!(%error, "the end of the ledger is not noted"),
                }
            }
            sleep(NOTE_EVERY).await;
        }
    }

    /// The database, when it is one.
    pub(super) fn database(&self) -> Option<Arc<PostgresStore>> {
        self.database.clone()
    }

    /// Lets another server lead at once.
    pub(super) async fn release(&self) {
        if let Some(store) = &self.database {
            store.release().await;
        }
    }
}

impl Place {
    /// Of the database that has the state of this folder; none where that is in the folder itself.
    pub(crate) fn database_note(&self) -> Result<Option<DatabaseNote>, CliError> {
        let path = self.database_file();
        let unreadable = |error: &dyn std::error::Error| {
            CliError::failed(format!("{} cannot be read", path.display())).because(error)
        };
        let text = match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| unreadable(&error))?,
        };
        serde_json::from_slice(&text).map(Some).map_err(|error| unreadable(&error))
    }
}
