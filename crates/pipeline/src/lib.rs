//! Runs of workflows: a run is planned, its jobs are carried out by a machine, and what becomes of them is planned with
//! again until all of it is over.
//!
//! Invariant: what a run is to do is decided by `workflow`, and what a job is to do by `steps`; this crate carries word
//! between them and the machine. It knows no process and no file.

mod drive;
mod job;
mod watcher;

pub use drive::{Drive, Word, drive};
pub use watcher::{JobName, Watcher};
