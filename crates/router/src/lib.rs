//! The data plane: splits, measures and drains HTTP traffic.
//!
//! [`serve`] runs a router in this process until it is told to stop; [`start`] does the same in
//! the background. [`tidegate_steering::RouterClient`] is how a control plane speaks to one.
//!
//! A request comes in at a `worker`, one event loop for each core, whose `view` of the table says
//! where it goes. A plain HTTP/1.1 request takes the `direct` path, which parses, changes and
//! passes on bytes where they lie; everything else, from HTTP/2 to uploads and WebSocket, goes
//! through hyper (`proxy`, `exchange`). Both count with a `ticket` and are held to the same tests.
//! A `mirror` thread carries the copies that rules ask for, which no worker waits for.
//! A `control` thread takes orders on a Unix socket; it and the workers share no lock that a
//! request waits for.
//!
//! Invariant: the router asks nobody. It follows the last table that it was given, which it also
//! finds on disk when it starts, so traffic flows on with no control plane there.

mod access_log;
mod answer_body;
mod chunks;
mod compare;
mod connection;
mod control;
mod copy_wire;
mod direct;
mod direct_answer;
mod direct_carry;
mod direct_request;
mod exchange;
mod exec;
mod fields;
mod file_limit;
mod listeners;
mod meters;
mod metrics;
mod mirror;
mod passing;
mod pool;
mod predecessor;
mod probe;
mod proxy;
mod refusal;
mod replica;
mod request_body;
mod routes;
mod rules;
mod scrapes;
mod serve;
mod settings;
mod shared;
mod split;
mod successor;
mod tee;
mod ticket;
mod tunnel;
mod view;
mod watch;
mod wire;
mod worker;

pub use serve::{RunningRouter, ServeError, serve, start};
pub use settings::{Limits, Probe, RouterSettings};
