//! A backup as one file: JSON lines in a tar archive, compressed with gzip, and encrypted as `age`
//! does it.
//!
//! Invariant: nothing that was read is trusted before it is checked; whoever reads a backup to its
//! end knows that all of it is there, unaltered, and that its ledger is one chain up to the head
//! that the backup names.
//!
//! # What is in it
//!
//! `age -d -i key.txt FILE | tar xz` opens one without Tidegate. The members, in this order:
//!
//! | member | content |
//! |---|---|
//! | `manifest.json` | the [`Manifest`] |
//! | `token` | what clients show to the server; not there when the folder had none |
//! | `documents/000001.jsonl`, … | the documents, one a line: `kind`, `key`, `body` |
//! | `changes/000001.jsonl`, … | what documents were before, one a line: [`Change`] |
//! | `ledger/000001.jsonl`, … | the ledger, as `tidegate ledger export` writes it |
//! | `SHA256SUMS` | the SHA-256 of each member before it, as `sha256sum` writes it |

mod error;
mod file;
mod manifest;
mod member;
mod open;
mod read;
mod seal;
mod write;

pub use error::BackupError;
pub use file::NewFile;
pub use manifest::{Change, Counts, FORMAT, Manifest};
pub use open::Keys;
pub use read::{Item, Read, read};
pub use seal::{NewKey, Seal};
pub use write::BackupWriter;
