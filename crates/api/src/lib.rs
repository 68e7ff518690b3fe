//! The HTTP API: resources, commands, views, logs and the ledger, on this machine or, over TLS, beyond it.
//!
//! Every request but those for the page and the status page comes through one door, which knows who asks,
//! by a token or a session, and whether they may; what is for everybody is in its table too. Resources
//! have the addresses and shapes that Kubernetes gives them, so that scripts written for Argo Rollouts
//! read them; what Kubernetes has no address for lives below `/v1`.
//!
//! Every error is `application/problem+json` (RFC 9457) with a `hint`: what to do about it.
//! Invariant: nothing here decides anything about a rollout; it reads, asks and shows.

mod access;
mod actions;
mod analysis_runs;
mod apply;
mod argo_status;
mod auth;
mod browser;
mod caller;
mod carry;
mod connections;
mod door;
mod dora;
mod dry_run;
mod etag;
mod experiment_status;
mod experiments;
mod fleet_list;
mod fleet_order;
mod fleet_watch;
mod happening;
mod hub;
mod hub_task;
mod journal;
mod ledger_export;
mod ledger_filter;
mod ledger_watch;
mod limits;
mod listen;
mod notifications;
mod openapi;
mod options;
mod own_metrics;
mod position;
mod problem;
mod prometheus;
mod read;
mod repeats;
mod resource_version;
mod resources;
mod revision_diff;
mod routes;
mod serve;
mod shape;
mod status;
mod terminate;
mod visible;
mod watch;
mod webhooks;
mod workloads;

pub use access::{
    accounts::{AccountWish, Items},
    ask::Permission,
    bindings::BindingWish,
    sign_in::{CodeView, RoleView, SessionView, SignInWay},
    tokens::{NewToken, TokenView, TokenWish},
};
pub use actions::{AbortWish, ImageWish, OverrideWish, UndoWish};
pub use apply::Done;
pub use auth::{Token, TokenError, USER_HEADER};
pub use browser::{CONFIRM_HEADER, CSRF_HEADER};
pub use caller::{Caller, CallerKind};
pub use dry_run::{Foreseen, ForeseenEntry};
pub use fleet_list::RolloutPage;
pub use journal::{LedgerPage, LedgerVerdict, NEXT_HEADER};
pub use limits::{BODY_LIMIT, LEDGER_PAGE_LIMIT, Limits, ROLLOUT_PAGE_LIMIT};
pub use listen::{Certificate, Listener, Reach, ServeError, Speech, give_up_early, listen};
pub use notifications::{
    NotificationSettings,
    views::{
        ConditionView, DeadLetterView, DeadLettersView, NotificationsView, ServiceView,
        SubscriptionView, TrialWish, Tried, TriggerView,
    },
};
pub use openapi::openapi;
pub use options::Options;
pub use problem::{Problem, ProblemKind};
pub use prometheus::{Metrics, MetricsAccess};
pub use repeats::IDEMPOTENCY_HEADER;
pub use revision_diff::{ChangedField, DiffSide, FieldChange, RevisionDiff};
pub use serve::serve;
pub use shape::{list_document, resource_document, rollout_document, service_document};
pub use webhooks::{Received, WebhookSecrets};
