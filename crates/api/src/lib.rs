//! The HTTP API: resources, commands, views, logs and the ledger over loopback.
//!
//! Everything but `/healthz`, `/readyz` and, as long as it is open, Prometheus' API asks for the token
//! that the server made. Resources have
//! the addresses and shapes that Kubernetes gives them, so that scripts written for Argo Rollouts
//! read them; what Kubernetes has no address for lives below `/v1`.
//!
//! Every error is `application/problem+json` (RFC 9457) with a `hint`: what to do about it.
//! Invariant: nothing here decides anything about a rollout; it reads, asks and shows.

mod actions;
mod analysis_runs;
mod apply;
mod argo_status;
mod auth;
mod experiment_status;
mod experiments;
mod journal;
mod limits;
mod problem;
mod prometheus;
mod read;
mod resources;
mod routes;
mod serve;
mod shape;
mod terminate;
mod watch;
mod workloads;

pub use actions::{AbortWish, ImageWish, OverrideWish, UndoWish};
pub use apply::Done;
pub use auth::{Token, TokenError, USER_HEADER};
pub use journal::{LedgerPage, LedgerVerdict, NEXT_HEADER};
pub use limits::{BODY_LIMIT, LEDGER_PAGE_LIMIT};
pub use problem::{Problem, ProblemKind};
pub use prometheus::{Metrics, MetricsAccess};
pub use serve::{Listener, ServeError, listen, serve};
pub use shape::{list_document, resource_document, rollout_document, service_document};
