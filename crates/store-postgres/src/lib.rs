//! `PostgreSQL` behind the store port: several servers reach it, and one of them leads.
//!
//! Invariant: every transaction that writes locks the row of `tidegate.leader` first, and writes only
//! if the epoch there is that of whoever wants to. So writers come one after the other, and none of an
//! epoch that has ended writes.
//!
//! Invariant: a commit whose answer was lost is looked for in the database before anything else is
//! done, and never done twice.
//!
//! Everything is in the schema `tidegate` of the database. The documents are in the table `document`, each
//! with its sum, and what all add up to in `document_total`;
//! the ledger's entries in `ledger`, each as the very text that its hash was taken over; who leads, until
//! when, and where the ledger ends in `leader`; what documents were before, as far back as it is kept,
//! in `change`.

mod address;
mod bound;
mod copy;
mod desk;
mod document;
mod lead;
mod leader;
mod offline;
mod password;
mod reader;
mod rebuild;
mod round;
mod schema;
mod session;
mod settings;
mod snapshot;
mod store;
mod tls;
mod trouble;
mod verify;

pub use address::{Address, AddressError};
pub use offline::PostgresReader;
pub use rebuild::{PostgresRebuild, RebuildError};
pub use settings::{Settings, Takeover, Times};
pub use snapshot::PostgresSnapshot;
pub use store::PostgresStore;
