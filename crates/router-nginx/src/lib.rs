//! The data plane carried by nginx.
//!
//! A process of ours, the keeper, takes orders as the built-in router does and makes nginx follow
//! them: a route table becomes a configuration (`render`), which `nginx -t` has to take before it
//! replaces the one that holds, and a reload. What nginx does is read from what it logs of each
//! request (`log_line`).
//!
//! Invariant: requests need the keeper for nothing. nginx goes on without it, and the next keeper
//! finds it by its process id and adopts it.

mod files;
mod log_line;
mod master;
mod nginx;
mod past;
mod render;
mod serve;
mod settings;

pub use nginx::NginxRouter;
pub use serve::{KIND, left_behind, serve};
pub use settings::NginxSettings;
