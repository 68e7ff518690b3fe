//! What routers do alike, whoever carries the requests.
//!
//! A router is a process of its own, which takes orders on a Unix socket in the data folder:
//! [`RouterClient`] gives them, [`serve_orders`] takes them for any [`tidegate_ports::Router`]. The
//! rest is what a router needs that is made of somebody else's program: the table that it keeps
//! ([`saved`]), its counts ([`Meters`]), and rules as expressions that other programs read
//! ([`pcre`]).

mod client;
mod files;
mod folder;
mod meters;
mod pcre;
pub mod saved;
mod serve;

pub use client::RouterClient;
pub use files::{folder, metrics_address, socket, table};
pub use folder::{ClaimError, claim, open_socket};
pub use meters::Meters;
pub use pcre::{Untranslatable, literal, pcre};
pub use serve::serve_orders;
