//! The data plane carried by `HAProxy`.
//!
//! A process of ours, the keeper, takes orders as the built-in router does and makes `HAProxy` follow
//! them. What is the same in two route tables but for weights and replicas is one configuration
//! (`render`): weights are entries of a map, replicas fill `places` that are laid out in advance, and
//! both are changed over the runtime API (`runtime`) while it runs. Anything else is a new
//! configuration, which `haproxy -c` has to take before it replaces the one that holds, and a reload,
//! which is over once no process that listens follows the last one (`switch`).
//! What `HAProxy` does is read from what it logs of each request (`log_line`).
//!
//! Invariant: requests need the keeper for nothing. `HAProxy` goes on without it, and the next keeper
//! finds it by its process id and adopts it.

mod files;
mod haproxy;
mod log_line;
mod master;
mod places;
mod render;
mod rules;
mod runtime;
mod serve;
mod settings;
mod shares;
mod state;
mod switch;
mod version;

pub use haproxy::HaproxyRouter;
pub use serve::{KIND, left_behind, serve};
pub use settings::HaproxySettings;
pub use version::{Unsuitable, suits};
