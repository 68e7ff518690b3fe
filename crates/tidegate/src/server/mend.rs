//! What to do when what is stored does not let a server start.

use tidegate_controller::{Ended, StartError};
use tidegate_ledger::Head;
use tidegate_ports::{RuntimeError, StoreError};

use super::{
    not_started,
    store::{State, Whereabouts},
};
use crate::{
    error::{CliError, ErrorKind},
    place::Place,
};

/// What to do when another server has taken over.
const AGAIN: &str =
    "the router and the replicas run on; start the server again, and it leads once no other does";

/// A store that cannot be opened, read or written.
pub(super) fn store(whereabouts: &Whereabouts, error: &StoreError) -> CliError {
    let told = not_started(error);
    match error {
        StoreError::Damaged(_) => told.hint(restore(whereabouts)),
        StoreError::Full(_) => told.hint(room(whereabouts)),
        // These say it themselves.
        StoreError::Locked { .. } | StoreError::TooNew { .. } => told,
        StoreError::Fenced { .. } => told.hint(AGAIN),
        StoreError::Failed(_) | StoreError::Broken(_) => told.hint(see_to(whereabouts)),
    }
}

fn room(whereabouts: &Whereabouts) -> String {
    match whereabouts {
        Whereabouts::Folder(place) => {
            format!("free space on the disk of {}", place.folder().display())
        }
        Whereabouts::Database(..) => "free space on the disk of the database".to_owned(),
    }
}

fn see_to(whereabouts: &Whereabouts) -> String {
    match whereabouts {
        Whereabouts::Folder(place) => format!(
            "see to the disk of {}: that it has space, and that its files are this user's to write",
            place.folder().display()
        ),
        Whereabouts::Database(_, address) => format!(
            "see to the database {address}: that it runs, lets this user in and takes writes"
        ),
    }
}

/// A control plane that does not start from what is stored.
pub(super) fn control(whereabouts: &Whereabouts, error: &StartError) -> CliError {
    match error {
        StartError::Store(error) => store(whereabouts, error),
        StartError::Document(_) => not_started(error).hint(restore(whereabouts)),
    }
}

/// A control plane that may do nothing more.
pub(super) fn ended(whereabouts: &Whereabouts, why: &Ended) -> CliError {
    let told = CliError::new(ErrorKind::Ended, "the server ended").because(why);
    match why {
        Ended::Store(StoreError::Fenced { .. }) | Ended::Port { .. } => told.hint(AGAIN),
        Ended::Store(_) => {
            let first = match whereabouts {
                Whereabouts::Folder(place) => format!("the disk of {}", place.folder().display()),
                Whereabouts::Database(_, address) => format!("the database {address}"),
            };
            told.hint(format!(
                "the router and the replicas run on; see to {first}, then start the server again"
            ))
        }
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
pub(super) async fn refuse_emptied(
    whereabouts: &Whereabouts,
    opened: &State,
) -> Result<(), CliError> {
    if opened.opened_at == Head::default() {
        return Ok(());
    }
    let documents = opened.port.load().await.map_err(|error| store(whereabouts, &error))?;
    if !documents.is_empty() {
        return Ok(());
    }
    let why = format!("{whereabouts} has a ledger, but everything that it is about is gone");
    Err(CliError::failed(format!("the server does not start: {why}")).hint(restore(whereabouts)))
}

/// An empty store would take every route away from replicas that serve. They have been started by
/// somebody whose ledger began, so what is empty is not what they were started from.
pub(super) fn lost(whereabouts: &Whereabouts) -> CliError {
    CliError::failed(format!(
        "the server does not start: {whereabouts} is empty, but replicas run here"
    ))
    .hint(restore(whereabouts))
}

fn restore(whereabouts: &Whereabouts) -> String {
    match whereabouts {
        Whereabouts::Folder(place) => {
            let folder = place.folder().display();
            format!(
                "the router and the replicas run on; put a backup in its place with `tidegate restore \
                 FILE --replace --data {folder}`, or begin anew: `tidegate down --data {folder}`, \
                 which stops them, then move state.db, state.db-wal and state.db-shm away"
            )
        }
        Whereabouts::Database(place, _) => format!(
            "the router and the replicas run on; bring the database back to what it was, or restore a \
             backup into an empty one, `tidegate restore FILE --replace --data {0} --store URL`; or begin \
             anew: `tidegate down --data {0}`, which stops them, then name an empty database",
            place.folder().display()
        ),
    }
}
