//! What load generators, monitoring and services recorded: single requests, and series of metrics.
//!
//! [`Reader`] tells the format and the shape of a file by itself and turns its rows into
//! [`Request`]s or [`Series`]. What cannot be read is told with its place and what to do
//! ([`RecordingError`]); what is left out, or taken for granted, is told too ([`Reader::notes`]).
//! Invariant: nothing here opens a file, reads a clock or judges; bytes arrive in the input.

mod cell;
mod columns;
mod error;
mod exposition;
mod gather;
mod guard;
mod header;
mod json_lines;
mod layout;
mod matrix;
mod moment;
mod reader;
mod recorded;
mod request;
mod row;
mod scrape;
mod separated;
mod series;
mod settings;
mod sniff;
mod values;
mod vocabulary;

pub use error::RecordingError;
pub use reader::Reader;
pub use recorded::{MOST_RECORDED, MOST_RECORDING_BYTES, Recorded, recorded};
pub use request::{Arm, Outcome, Request, Zero};
pub use series::{Point, Series};
pub use settings::{ReadSettings, Shape};
