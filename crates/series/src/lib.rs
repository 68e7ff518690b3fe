//! What the router counted, as series over time under the names that people ask for.
//!
//! A reading of the router is cumulative; a history takes one after the other and keeps how each
//! count went on, for an hour, in bounded memory. A question about series is answered under
//! Tidegate's own names and under those of the routers that templates are written for.
//!
//! Invariant: nothing here reads a clock; a reading says when it was taken.

mod exposition;
mod family;
mod history;
mod recorder;
mod row;
mod source;
mod standing;
mod ticks;
mod track;

pub use family::{FAMILIES, Family, FamilyKind};
pub use history::{History, KEPT_FOR};
pub use recorder::Recorder;
pub use source::View;
pub use standing::{Part, Standing};
