//! The API on a real listener, over a control plane whose world is in memory.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod abuse;
mod access;
mod actions;
mod apply;
mod conditions;
mod diff;
mod doors;
mod dora;
mod dry_run;
mod events;
mod fleet;
mod house;
mod journal;
mod ledger_file;
mod ledger_watch;
mod notifications;
mod oidc;
mod own_change;
mod prometheus;
mod repeats;
mod resource_version;
mod resources;
mod scraped;
mod session_times;
mod sign_in;
mod status;
mod watch;
mod webhooks;
mod workloads;
