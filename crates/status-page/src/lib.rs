//! What users may know of a service: whether it works, and what went wrong lately.
//!
//! The JSON has the shape of Statuspage's `summary.json`, which people's tools read. The page is HTML
//! that works without a script.
//!
//! Invariant: nothing is told but names that were written for the page, states and moments: no revision, no
//! count, no reason, no name of anything inside.

mod health;
mod html;
mod incidents;
mod summary;

pub use health::{Health, Seen};
pub use html::{STYLE, html};
pub use incidents::SETTLES;
pub use summary::{
    Component, Impact, Incident, IncidentUpdate, Page, Service, Stage, Status, Summary, summary,
};
