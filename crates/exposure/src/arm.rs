use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_traffic::Tally;

/// Requests of one revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Arm {
    /// How many; those left out that clients gave up, unless waiting hurts too.
    pub requests: u64,
    /// How many of them were hurt: they failed, or took longer than they may.
    pub errors: u64,
}

impl Arm {
    /// What a router has counted of the new revision. With `slow`, whoever waited longer for the first
    /// byte of an answer, or for none, is hurt as well.
    ///
    /// Routers do not tell how many of the 5xx answers were slow: they count twice here, so that no
    /// fewer are hurt than were.
    pub fn of_canary(tally: &Tally, slow: Option<Duration>) -> Self {
        Self::of(tally, slow, u64::saturating_add)
    }

    /// The same of the stable revision: slow 5xx answers count once at most, so that no more are hurt
    /// than were.
    pub fn of_stable(tally: &Tally, slow: Option<Duration>) -> Self {
        Self::of(tally, slow, u64::max)
    }

    fn of(tally: &Tally, slow: Option<Duration>, either: fn(u64, u64) -> u64) -> Self {
        let Some(slow) = slow else {
            return Self { requests: tally.judged(), errors: tally.errors() };
        };
        let within = tally.latency.count_to(u64::try_from(slow.as_micros()).unwrap_or(u64::MAX));
        let waited = tally.latency.count().saturating_sub(within);
        let hurt = tally.unanswered.saturating_add(either(tally.by_class[4], waited));
        Self { requests: tally.requests, errors: hurt.min(tally.requests) }
    }

    /// What came after `before`; nothing where counts fell.
    pub(crate) fn since(self, before: Self) -> Self {
        let requests = self.requests.saturating_sub(before.requests);
        Self { requests, errors: self.errors.saturating_sub(before.errors).min(requests) }
    }

    pub(crate) fn add(&mut self, more: Self) {
        self.requests = self.requests.saturating_add(more.requests);
        self.errors = self.errors.saturating_add(more.errors);
    }
}
