use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tidegate_comparison::Counts;
use tidegate_units::{Generation, ObjectKey, Owner, ReplicaId, RevisionHash, Timestamp};

use crate::{Codes, Histogram, SECONDS};

/// What was counted of a revision's requests since the router started. It only ever grows, so
/// the difference of two is what happened between them, whoever else looked meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Requests that ended, in whatever way.
    pub requests: u64,
    /// Answers by status class: index 0 is 1xx, index 4 is 5xx.
    pub by_class: [u64; 5],
    /// The same answers by their status. Seconds of [`RevisionTally::seconds`] do not tell them.
    #[serde(default)]
    pub by_code: Codes,
    /// Requests with no answer from the replica: refused, cut off or timed out. The client got a
    /// 502, 503 or 504 from the router, or another replica's answer.
    pub unanswered: u64,
    /// Requests whose client went away first; neither good nor bad.
    pub cancelled: u64,
    /// Time to the first byte of the answer, for every request that was answered; to the client's
    /// leaving, for each that it gave up on before. So a revision that hangs is seen to be slow,
    /// and the time is one that both revisions are cut off at alike.
    pub latency: Histogram,
}

impl Tally {
    /// Requests that count as errors: 5xx answers and those with no answer.
    pub fn errors(&self) -> u64 {
        self.by_class[4].saturating_add(self.unanswered)
    }

    /// Requests that count: all but the cancelled.
    pub fn judged(&self) -> u64 {
        self.requests.saturating_sub(self.cancelled)
    }

    /// What came since `earlier`, an earlier reading of the same router.
    pub fn since(&self, earlier: &Self) -> Self {
        let mut by_class = self.by_class;
        for (now, then) in by_class.iter_mut().zip(earlier.by_class) {
            *now = now.saturating_sub(then);
        }
        Self {
            requests: self.requests.saturating_sub(earlier.requests),
            by_class,
            by_code: self.by_code.since(&earlier.by_code),
            unanswered: self.unanswered.saturating_sub(earlier.unanswered),
            cancelled: self.cancelled.saturating_sub(earlier.cancelled),
            latency: self.latency.since(&earlier.latency),
        }
    }

    /// Adds what `other` counted.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        for (sum, more) in self.by_class.iter_mut().zip(other.by_class) {
            *sum += more;
        }
        self.by_code.add(&other.by_code);
        self.unanswered += other.unanswered;
        self.cancelled += other.cancelled;
        self.latency.add(&other.latency);
    }
}

/// A revision's counts and its first failure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionTally {
    /// All since the router started.
    pub total: Tally,
    /// The last whole seconds, oldest first, at most 120: the second and what ended in it.
    pub seconds: Vec<(Timestamp, Tally)>,
    /// When its first error ended, to the millisecond.
    pub first_error: Option<Timestamp>,
    /// Requests being answered right now, by replica (tunnels, streams and copies count too).
    pub in_flight: BTreeMap<ReplicaId, u64>,
    /// Copies of requests that it was sent, counted apart: no user saw their answers.
    #[serde(default, skip_serializing_if = "Mirrored::is_empty")]
    pub mirrored: Mirrored,
    /// What its answers to copies of requests differ in from those of another revision: the last
    /// comparison that was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<Box<Compared>>,
}

impl RevisionTally {
    /// Adds what another router counted before, whose place this one took. Of a comparison of one
    /// name the later one stays: its `resumed` tells of it.
    pub fn absorb(&mut self, earlier: &Self) {
        self.total.add(&earlier.total);
        absorb_seconds(&mut self.seconds, &earlier.seconds);
        self.first_error = [self.first_error, earlier.first_error].into_iter().flatten().min();
        for (replica, count) in &earlier.in_flight {
            *self.in_flight.entry(replica.clone()).or_default() += count;
        }
        self.mirrored.total.add(&earlier.mirrored.total);
        absorb_seconds(&mut self.mirrored.seconds, &earlier.mirrored.seconds);
        self.mirrored.dropped += earlier.mirrored.dropped;
        if self.compared.is_none() {
            self.compared.clone_from(&earlier.compared);
        }
    }
}

fn absorb_seconds(seconds: &mut Vec<(Timestamp, Tally)>, earlier: &[(Timestamp, Tally)]) {
    let mut all: BTreeMap<Timestamp, Tally> = seconds.drain(..).collect();
    for (second, tally) in earlier {
        all.entry(*second).or_default().add(tally);
    }
    let beyond = all.len().saturating_sub(SECONDS);
    seconds.extend(all.into_iter().skip(beyond));
}

/// A comparison of answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// Its name.
    pub name: String,
    /// When it began to count.
    pub since: Timestamp,
    /// Whether it began anew with the router: what was counted before is lost.
    pub resumed: bool,
    /// What was found.
    pub counts: Counts,
    /// Time to the first byte of the answers that were compared: of the candidate, and of the two
    /// replicas that it is compared with.
    pub latency: [Histogram; 3],
    /// How often both of these were one replica, because there was no other.
    pub one_instance: u64,
    /// Requests that were to be compared and were not: there was no room for their copies, no replica
    /// to answer them, or a connection was just being closed.
    pub dropped: u64,
}

/// What was counted of the copies of requests that a revision was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mirrored {
    /// All since the router started.
    pub total: Tally,
    /// The last whole seconds, oldest first, at most 120: the second and what ended in it.
    pub seconds: Vec<(Timestamp, Tally)>,
    /// Copies that were not carried, because there was no room for them, or because the connection
    /// was just being closed.
    pub dropped: u64,
}

impl Mirrored {
    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.total.requests == 0 && self.dropped == 0
    }
}

/// All that the router measured, read at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficReading {
    /// When it was read, by the router's clock.
    pub at: Timestamp,
    /// Made anew at each start of the router. With another epoch the counts began at zero again.
    pub epoch: u64,
    /// The generation of the table that all new requests follow.
    pub generation: Generation,
    /// Counts by owner and revision. A revision that left the table is kept while it has
    /// requests in flight, and ten minutes after that.
    pub revisions: BTreeMap<Owner, BTreeMap<RevisionHash, RevisionTally>>,
    /// Listeners that could not be opened: the Service and the reason.
    pub refused: BTreeMap<ObjectKey, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(requests: u64) -> Tally {
        Tally { requests, ..Tally::default() }
    }

    fn counted(seconds: std::ops::Range<i64>, error: Option<i64>) -> RevisionTally {
        let second = |at: i64| (Timestamp::from_millis(at * 1000), tally(1));
        RevisionTally {
            total: tally(10),
            seconds: seconds.map(second).collect(),
            first_error: error.map(Timestamp::from_millis),
            in_flight: BTreeMap::from([("a".into(), 2)]),
            mirrored: Mirrored { total: tally(3), seconds: vec![], dropped: 1 },
            compared: None,
        }
    }

    #[test]
    fn what_was_counted_before_is_added_and_bounded() {
        let mut sum = counted(100..200, Some(7));
        sum.absorb(&counted(0..101, Some(5)));
        assert_eq!(sum.total.requests, 20);
        assert_eq!(sum.seconds.len(), SECONDS);
        let second = |at: i64| {
            let found = sum.seconds.iter().find(|(second, _)| second.as_millis() == at * 1000);
            found.map_or(0, |(_, tally)| tally.requests)
        };
        assert_eq!([second(79), second(80), second(100), second(199)], [0, 1, 2, 1]);
        assert_eq!(sum.first_error, Some(Timestamp::from_millis(5)));
        assert_eq!(sum.in_flight[&"a".into()], 4);
        assert_eq!((sum.mirrored.total.requests, sum.mirrored.dropped), (6, 2));
        let mut none = RevisionTally::default();
        none.absorb(&counted(0..3, None));
        assert_eq!(none, counted(0..3, None));
    }
}
