//! SQLite behind the store port: one folder, one writer.
//!
//! Invariant: only the writer's thread writes, one transaction at a time, and a caller hears of
//! its batch only after the transaction that holds it is on the disk.
//!
//! The folder holds `state.db` (with SQLite's `-wal` and `-shm` beside it), `server.lock` and
//! `reserve`, space that is given up when the disk is full.
//! The documents are in the table `document`; the ledger's entries in `ledger`, each as the very
//! bytes that its hash was taken over, and its end in `ledger_head`; who leads, in `leader`;
//! what documents were before, as far back as it is kept, in `change`.

mod batch;
mod change;
mod checkpoint;
mod desk;
mod document;
mod failure;
mod folder;
mod leader;
mod ledger;
mod reader;
mod rebuild;
mod reserve;
mod schema;
mod snapshot;
mod sqlite;
mod wal;

pub use folder::Folder;
pub use reader::{Reader, read_only};
pub use rebuild::{Present, Rebuild, has_store};
pub use snapshot::Snapshot;
pub use sqlite::SqliteStore;
