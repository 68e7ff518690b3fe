//! What to do when what is stored does not let a server start.

use tidegate_controller::{Ended, StartError};
use tidegate_ledger::Head;
use tidegate_ports::{RuntimeError, Store as _, StoreError};
use tidegate_store::SqliteStore;

use super::not_started;
use crate::{
    error::{CliError, ErrorKind},
    place::Place,
};

/// What to do when another server has taken over.
const AGAIN: &str =
    "the router and the replicas run on; start the server again, and it leads once no other does";

/// A store that cannot be opened, read or written.
pub(super) fn store(place: &Place, error: &StoreError) -> CliError {
    let told = not_started(error);
    match error {
        StoreError::Damaged(_) => told.hint(restore(place)),
        StoreError::Full(_) => {
            told.hint(format!("free space on the disk of {}", place.folder().display()))
        }
        // These say it themselves.
        StoreError::Locked { .. } | StoreError::TooNew { .. } => told,
        StoreError::Fenced { .. } => told.hint(AGAIN),
        StoreError::Failed(_) | StoreError::Broken(_) => told.hint(format!(
            "see to the disk of {}: that it has space, and that its files are this user's to write",
            place.folder().display()
        )),
    }
}

/// A control plane that does not start from what is stored.
pub(super) fn control(place: &Place, error: &StartError) -> CliError {
    match error {
        StartError::Store(error) => store(place, error),
        StartError::Document(_) => not_started(error).hint(restore(place)),
    }
}

/// A control plane that may do nothing more.
pub(super) fn ended(place: &Place, why: &Ended) -> CliError {
    let told = CliError::new(ErrorKind::Ended, "the server ended").because(why);
    match why {
        Ended::Store(StoreError::Fenced { .. }) | Ended::Port { .. } => told.hint(AGAIN),
        Ended::Store(_) => told.hint(format!(
            "the router and the replicas run on; see to the disk of {}, then start the server again",
            place.folder().display()
        )),
        Ended::Defect => told.hint("the router and the replicas run on; start the server again"),
    }
}

/// A runtime that does not open.
pub(super) fn runtime(place: &Place, error: &RuntimeError) -> CliError {
    let told = not_started(error);
    let folders = ["runtime", "images", "logs"].map(|name| place.folder().join(name));
    match folders.iter().find(|path| path.exists() && !path.is_dir()) {
        Some(path) => told.hint(format!("move {} away; it has to be a folder", path.display())),
        None => told,
    }
}

/// Refuses a store whose documents are gone from beside its ledger: it would take every route away
/// from replicas that serve. Each start writes a document down before anything else and none is
/// ever the last to be deleted, so they were not deleted by us.
pub(super) async fn refuse_emptied(place: &Place, opened: &SqliteStore) -> Result<(), CliError> {
    if opened.opened_at() == Head::default() {
        return Ok(());
    }
    let documents = opened.load().await.map_err(|error| store(place, &error))?;
    if !documents.is_empty() {
        return Ok(());
    }
    let why = "state.db has a ledger, but everything that it is about is gone";
    Err(CliError::failed(format!("the server does not start: {why}")).hint(restore(place)))
}

/// An empty store would take every route away from replicas that serve. They have been started by
/// somebody whose ledger began, so what is empty is not what they were started from.
pub(super) fn lost(place: &Place) -> CliError {
    CliError::failed("the server does not start: state.db is empty, but replicas run here")
        .hint(restore(place))
}

fn restore(place: &Place) -> String {
    let folder = place.folder().display();
    format!(
        "the router and the replicas run on; put a backup in its place with `tidegate restore FILE \
         --replace --data {folder}`, or begin anew: `tidegate down --data {folder}`, which stops \
         them, then move state.db, state.db-wal and state.db-shm away"
    )
}
