//! What routers do alike, whoever carries the requests.
//!
//! A router is a process of its own, which takes orders on a Unix socket in the data folder:
//! [`RouterClient`] gives them, [`serve_orders`] takes them for any [`tidegate_ports::Router`]. The
//! rest is what a router needs that is made of somebody else's program: its keeper ([`keep`]), the
//! table that it keeps ([`saved`]), its log ([`Tail`]) and counts ([`Meters`]), and rules as
//! expressions that other programs read ([`pcre`]).

mod addresses;
mod client;
mod files;
mod finest;
mod folder;
mod keeper;
mod meters;
mod pcre;
pub mod process;
pub mod saved;
mod serve;
mod tail;

pub use addresses::{addresses, sort_out};
pub use client::RouterClient;
pub use files::{folder, handover, metrics_address, socket, table};
pub use finest::{FINEST, rounding};
pub use folder::{ClaimError, claim, open_handover, open_socket};
pub use keeper::{KeepError, Kept, keep};
pub use meters::Meters;
pub use pcre::{Untranslatable, literal, pcre};
pub use serve::serve_orders;
pub use tail::Tail;
