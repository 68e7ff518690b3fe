//! Reports that real tools wrote of small programs, and others of all kinds.
//!
//! What is in `reports` was written by the tools that the files are named after; only paths and host names were
//! replaced.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod benchmarks;
mod coverage;
mod diffs;
mod errors;
mod findings;
mod hostile;
mod sizes;
mod tests;

use std::path::Path;

use tidegate_evidence::{Coverage, Report, TestRun};
use tidegate_report::{Hint, Reading, read};

/// The bytes of a report of a real tool.
pub(crate) fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/reports").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn reading(text: &[u8]) -> Reading {
    read(text, Hint { name: "a", ..Hint::default() }).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn tests(text: &[u8]) -> TestRun {
    match reading(text).report {
        Report::Tests(run) => run,
        other => panic!("{other:?} is of other things"),
    }
}

pub(crate) fn covered(text: &[u8]) -> Coverage {
    match reading(text).report {
        Report::Coverage(coverage) => coverage,
        other => panic!("{other:?} is of other things"),
    }
}
