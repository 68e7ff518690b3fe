//! What was recorded, judged as if it were happening.
//!
//! Requests are counted in slots of time ([`Traffic`]) and judged by [`judge_requests`]; metrics with
//! a value in each interval by [`judge_series`]. Both give a [`Report`]; with `replay_` before their
//! names also what was known at each [`Look`].
//! Invariant: nothing here opens a file or reads a clock; what was recorded arrives in the input.

mod apart;
mod history;
mod live;
mod look;
mod rate_interval;
mod report;
mod requests;
mod series;
mod settings;
mod traffic;
mod watch;

pub use look::{Look, MetricLook};
pub use report::{Comparison, MetricReport, Moment, Needs, Past, Recorded, Report, Shape, Word};
pub use requests::{judge_requests, replay_requests};
pub use series::{Metric, judge_series, replay_series};
pub use settings::{Concurrent, Settings};
pub use traffic::{End, Hit, MOST_SLOTS, Side, Traffic};
pub use watch::Watch;
