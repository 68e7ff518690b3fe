//! Real steps of real shells, Python and Node, on this machine.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod actions;
mod cancel;
mod commands;
mod environment;
mod folders;
mod lifecycle;
mod rig;
mod shells;
