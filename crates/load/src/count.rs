use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tidegate_traffic::Histogram;
use tidegate_units::Timestamp;

/// What happened to the requests, as their sender saw it.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Requests that were due, and so were sent or lost.
    pub sent: u64,
    /// Answers by the version that gave them; those of the router itself have an empty one.
    pub versions: BTreeMap<String, Answers>,
    /// Answers that the router gave in place of the service.
    pub router_failed: u64,
    /// Requests with no answer at all: refused, cut off, or too late.
    pub lost: u64,
    /// Why, with how often.
    pub lost_why: BTreeMap<String, u64>,
    /// Those that the service did not answer, [`MOST_MISSES`] at most: lost, or answered by the router
    /// in its place.
    pub misses: Vec<Miss>,
}

/// Misses beyond these are counted and no more told one by one: a service that is gone for a minute
/// at 1,000 requests a second.
pub const MOST_MISSES: usize = 60_000;

/// A request that the service did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// When it was sent.
    pub sent: Timestamp,
    /// When it was given up, or answered by the router.
    pub ended: Timestamp,
    /// Whether its sender had waited for as long as it waits.
    pub late: bool,
    /// Why.
    pub why: String,
}

/// The answers of one version.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// Below 500.
    pub good: u64,
    /// 500 and above.
    pub failed: u64,
    /// When the failed ones came.
    pub errors: Option<ErrorWindow>,
    /// When its last answer of any kind came.
    pub last: Option<Timestamp>,
    /// Time from sending to the whole answer, in microseconds.
    pub latency: Histogram,
}

/// From the first to the last failed answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorWindow {
    /// The first.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
}

impl Counts {
    /// Requests that have been answered or lost.
    pub fn settled(&self) -> u64 {
        let answered: u64 = self.versions.values().map(|one| one.good + one.failed).sum();
        answered + self.router_failed + self.lost
    }

    fn missed(&mut self, end: &End, took: Duration) {
        if self.misses.len() < MOST_MISSES {
            let ended = now();
            let took = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
            let sent = Timestamp::from_millis(ended.as_millis().saturating_sub(took));
            let late = matches!(end, End::Late(_));
            self.misses.push(Miss { sent, ended, late, why: end.to_string() });
        }
    }
}

/// How a request ended that was not answered by the service.
#[derive(Debug, thiserror::Error)]
pub(crate) enum End {
    #[error("no answer within {0:?}")]
    Late(Duration),
    #[error("the router answered: {0}")]
    Router(String),
    #[error("{0}")]
    Broken(String),
}

#[derive(Clone)]
pub(crate) enum Outcome {
    Good,
    ServiceFailed,
    /// Why, in the router's words.
    RouterFailed(String),
}

#[derive(Default)]
pub(crate) struct Counter(Mutex<Counts>);

impl Counter {
    pub(crate) fn counts(&self) -> Counts {
        self.with(|counts| counts.clone())
    }

    pub(crate) fn sent(&self) {
        self.with(|counts| counts.sent += 1);
    }

    pub(crate) fn lost(&self, end: &End, took: Duration) {
        self.with(|counts| {
            counts.lost += 1;
            *counts.lost_why.entry(end.to_string()).or_default() += 1;
            counts.missed(end, took);
        });
    }

    pub(crate) fn answered(&self, version: &str, outcome: Outcome, took: Duration) {
        let now = now();
        self.with(|counts| {
            if let Outcome::RouterFailed(why) = outcome {
                counts.router_failed += 1;
                counts.missed(&End::Router(why), took);
                return;
            }
            let answers = counts.versions.entry(version.to_owned()).or_default();
            answers.last = Some(now);
            answers.latency.record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
            if matches!(outcome, Outcome::Good) {
                answers.good += 1;
            } else {
                answers.failed += 1;
                let first = answers.errors.map_or(now, |errors| errors.first);
                answers.errors = Some(ErrorWindow { first, last: now });
            }
        });
    }

    fn with<T>(&self, change: impl FnOnce(&mut Counts) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
