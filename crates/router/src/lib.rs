//! The data plane: splits, measures and drains HTTP traffic.
//!
//! [`serve`] runs a router in this process until it is told to stop; [`start`] does the same in
//! the background. [`RouterClient`] is how a control plane speaks to one.
//!
//! Invariant: the router asks nobody. It follows the last table that it was given, which it also
//! finds on disk when it starts, so traffic flows on with no control plane there.

mod client;
mod files;
mod serve;
mod settings;

pub use client::RouterClient;
pub use serve::{RunningRouter, ServeError, serve, start};
pub use settings::{Limits, Probe, RouterSettings};
