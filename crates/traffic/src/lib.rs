//! Routes, weights and what was measured of the traffic.
//!
//! Three things meet here: what people declared ([`Service`]), what the router is told
//! ([`RouteTable`]), and what it measured ([`Tally`], [`Histogram`]).
//! Invariant: nothing here opens a socket or reads a clock.

mod assign_one;
mod backend;
mod codes;
mod compile;
mod cookie;
mod histogram;
mod matcher;
mod rule;
mod selectable;
mod service;
mod shard;
mod shares;
mod spare;
mod table;
mod tally;
mod users;
mod words;

pub use assign_one::assign_one;
pub use backend::{Backend, BackendReplica, Reach, RoleLabels, ServiceRoles};
pub use codes::Codes;
pub use compile::{assign_addresses, compile, compile_one, loopback};
pub use cookie::cookie_value;
pub use histogram::{Growth, Histogram, HistogramError, LATENCY_BOUNDS, Summed};
pub use matcher::{Matcher, PatternError, RequestFacts};
pub use rule::{
    Comparing, CookieMatch, HeaderMatch, RegionMatch, RequestMatch, Rule, RuleAction, TextMatch,
};
pub use selectable::Selectable;
pub use service::{Service, ServicePort};
pub use shard::{Outcome, SECONDS, Shard};
pub use shares::shares;
pub use spare::assign_spare_addresses;
pub use table::{Destination, Endpoint, Listener, RouteTable, Sticky, TableChange, Taken, Target};
pub use tally::{Compared, Mirrored, RevisionTally, Tally, TrafficReading};
pub use tidegate_comparison::{Example as DifferenceExample, Settings as CompareSettings};
pub use users::{UserKey, UserShare, VISITOR_AGE, VISITOR_COOKIE, visitor};
