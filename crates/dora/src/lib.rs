//! DORA's five metrics of software delivery performance, from ledger entries and nothing else.
//!
//! The definitions are those of DORA's own guide, <https://dora.dev/guides/dora-metrics/>: change lead
//! time, deployment frequency and failed deployment recovery time say how much gets through, change fail
//! rate and deployment rework rate how much of it hurts. What the words mean here:
//!
//! - A *deployment* is a revision that got users: it begins when the first share of the requests, or the
//!   first rule that sends requests, is decided for it. One that nobody ever got is none.
//! - It is *stable* once all users get it (`Promoted`), and its lead time ends then.
//! - It *failed* when it needed intervention: it was taken back by its analysis, its deadline or a person,
//!   left for an earlier revision while it was on its way or within [`FAIL_WINDOW`] of having become stable,
//!   or mended by a later one that says so (`tidegate.dev/fixes`).
//! - It *recovered* once nobody gets it any more, or a later revision, or again an earlier one, is stable.
//!   The time counts from when the deployment got its first users. That is the first moment at which anybody
//!   could be hurt, and it is in the ledger whoever finds out and however: a verdict comes after the harm, there
//!   is none where a person takes it back, and counted from it a bug that nobody saw for a day would have been
//!   mended in a second. The Four Keys project counts from the deployment, too, where it knows which one was at
//!   fault.
//! - It is *rework* when it mends one that failed: a return to an earlier revision, what begins before
//!   the failure is recovered, and what says so (`tidegate.dev/fixes`).
//!
//! A deployment belongs to the window in which it began, so that all five speak of the same ones.
//!
//! # Formulas
//! - Quantiles are interpolated as in Hyndman & Fan (1996), definition 7, which is that of `NumPy`, R and
//!   spreadsheets. The median is given from 6 values on: the smallest and the largest then enclose the true
//!   one with a probability of `1 - 2 * 0.5^6 = 97 %`; with 5 it is less than 95 %. The 90th percentile is
//!   given from 29 on: the largest is then beyond the true one with `1 - 0.9^29 = 95 %`.
//! - A rate is `k / n` with Wilson's interval for 95 % (Wilson 1927), given from 20 deployments on: with
//!   fewer, none that failed would still leave a true rate of more than 15 % possible (`3 / n`).
//! - The frequency is deployments a day over the window, its quantiles those of the counts of the days
//!   of 24 hours before the window's end; given from 7 whole days on, so that each weekday is in it.
//!
//! With fewer, [`Metric::enough`] is false and there is no number.
//!
//! Invariant: nothing here reads a clock, waits, or touches the world; what a report says at a moment
//! follows from the entries up to that moment, whatever came later.

mod application;
mod change;
mod deployment;
mod fold;
mod measure;
mod quantile;
mod query;
mod report;

pub use change::{Change, Source};
pub use deployment::{Cause, Deployment, FAIL_WINDOW, Failure, Point};
pub use fold::{Deployments, LIMIT};
pub use query::{Grouping, Query, Span, SpanError};
pub use report::{
    Begins, DeploymentView, Filter, Group, Link, Metric, Metrics, Report, Unit, Window,
};
