//! A hash chain over canonical JSON: what was decided, by whom, and why.
//!
//! Invariant: nothing here stores anything or reads a clock.
//!
//! # How an outsider checks an exported ledger
//!
//! An export is one JSON object per line, oldest first, with the members `actor`, `at`, `detail`,
//! `hash`, `previous`, `sequence`, `subject` and `what`. For each line:
//!
//! 1. take the member `hash` out;
//! 2. write the rest in the JSON Canonicalization Scheme (RFC 8785), in UTF-8;
//! 3. its SHA-256, in lower-case hexadecimal, must equal `hash`;
//! 4. `sequence` must be one more than on the line before, 1 on the first;
//! 5. `previous` must be the `hash` of the line before, 64 zeros on the first.
//!
//! Whoever keeps the last `sequence` and `hash` elsewhere can also tell that nothing was cut off.

mod canonical;
mod csv;
mod digest;
mod entry;
mod flat;
mod kept;
mod link;
mod shown;
mod verify;

pub use canonical::{canonical, depth};
pub use csv::{CSV_HEADER, csv_record};
pub use digest::{Digest, DigestError};
pub use entry::{Actor, Draft, Entry, Subject};
pub use flat::body;
pub use kept::{Kept, Unread};
pub use link::{Head, link};
pub use verify::{Broken, Summary, Verifier, verify};
