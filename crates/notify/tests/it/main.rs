//! Notifications by the way that people go: settings and entries in, letters out.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod annotations;
mod catalog;
mod cd_events;
mod conditions;
mod letters;
mod secrets;
mod templates;
mod world;
