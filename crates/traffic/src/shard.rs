use std::collections::{BTreeMap, VecDeque};

use tidegate_units::Timestamp;

use crate::{Histogram, RevisionTally, Tally};

/// Seconds that are kept one by one: what [`RevisionTally::seconds`] promises.
pub const SECONDS: usize = 120;

/// How a request to a replica ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered, the head after so many microseconds.
    Answered {
        /// With this status.
        status: u16,
        /// Time to the head of the answer, in microseconds.
        micros: u64,
    },
    /// Refused, cut off or timed out.
    Unanswered,
    /// The client went away first.
    Cancelled {
        /// Time to the head of the answer, or to the client's leaving when none came before, in
        /// microseconds.
        micros: u64,
    },
}

impl Outcome {
    fn is_error(self) -> bool {
        matches!(self, Self::Unanswered | Self::Answered { status: 500.., .. })
    }
}

/// What was counted of one revision: by one worker, where several count.
///
/// Only the running second holds a dense histogram; ended ones hold the buckets that are used.
#[derive(Debug, Default)]
pub struct Shard {
    ended: Tally,
    running: Tally,
    running_second: i64,
    seconds: VecDeque<Second>,
    first_error: Option<Timestamp>,
}

#[derive(Debug)]
struct Second {
    at: i64,
    requests: u64,
    by_class: [u64; 5],
    unanswered: u64,
    cancelled: u64,
    latency: Box<[(u16, u32)]>,
}

impl Shard {
    /// Counts a request that ended at `at`.
    pub fn record(&mut self, at: Timestamp, outcome: Outcome) {
        let second = at.as_millis().div_euclid(1000);
        if second != self.running_second {
            self.turn(second);
        }
        let tally = &mut self.running;
        tally.requests += 1;
        match outcome {
            Outcome::Answered { status, micros } => {
                let index = usize::from((status / 100).clamp(1, 5) - 1);
                tally.by_code.record(status, 1);
                if let Some(count) = tally.by_class.get_mut(index) {
                    *count += 1;
                }
                tally.latency.record(micros);
            }
            Outcome::Unanswered => tally.unanswered += 1,
            Outcome::Cancelled { micros } => {
                tally.cancelled += 1;
                tally.latency.record(micros);
            }
        }
        if outcome.is_error() && self.first_error.is_none() {
            self.first_error = Some(at);
        }
    }

    /// Adds all that was counted to `sum`, and whole seconds before `now` to `seconds`.
    pub fn read(
        &self,
        now: Timestamp,
        sum: &mut RevisionTally,
        seconds: &mut BTreeMap<i64, Tally>,
    ) {
        sum.total.add(&self.ended);
        sum.total.add(&self.running);
        sum.first_error = match (sum.first_error, self.first_error) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let this = now.as_millis().div_euclid(1000);
        let window = this - i64::try_from(SECONDS).unwrap_or(i64::MAX)..this;
        for second in &self.seconds {
            if window.contains(&second.at) {
                second.add_to(seconds.entry(second.at).or_default());
            }
        }
        if self.running.requests > 0 && window.contains(&self.running_second) {
            seconds.entry(self.running_second).or_default().add(&self.running);
        }
    }

    fn turn(&mut self, second: i64) {
        if self.running.requests > 0 {
            self.ended.add(&self.running);
            self.seconds.push_back(Second::of(self.running_second, &self.running));
            if self.seconds.len() > SECONDS {
                self.seconds.pop_front();
            }
        }
        self.running = Tally::default();
        self.running_second = second;
    }
}

impl Second {
    fn of(second: i64, tally: &Tally) -> Self {
        let narrow = |(bucket, count)| {
            (u16::try_from(bucket).unwrap_or(u16::MAX), u32::try_from(count).unwrap_or(u32::MAX))
        };
        Self {
            at: second,
            requests: tally.requests,
            by_class: tally.by_class,
            unanswered: tally.unanswered,
            cancelled: tally.cancelled,
            latency: tally.latency.buckets().map(narrow).collect(),
        }
    }

    fn add_to(&self, tally: &mut Tally) {
        let mut latency = Histogram::default();
        for &(bucket, count) in &self.latency {
            latency.record_bucket(usize::from(bucket), u64::from(count));
        }
        tally.add(&Tally {
            requests: self.requests,
            by_class: self.by_class,
            unanswered: self.unanswered,
            cancelled: self.cancelled,
            latency,
            ..Tally::default()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(shard: &Shard, now: i64) -> (RevisionTally, BTreeMap<i64, Tally>) {
        let (mut sum, mut seconds) = (RevisionTally::default(), BTreeMap::new());
        shard.read(Timestamp::from_millis(now), &mut sum, &mut seconds);
        (sum, seconds)
    }

    fn ok(micros: u64) -> Outcome {
        Outcome::Answered { status: 200, micros }
    }

    #[test]
    fn what_is_counted_is_in_the_total_and_in_its_second() {
        let mut shard = Shard::default();
        shard.record(Timestamp::from_millis(10_100), ok(500));
        shard.record(Timestamp::from_millis(10_900), Outcome::Unanswered);
        shard.record(Timestamp::from_millis(11_000), Outcome::Cancelled { micros: 900 });
        let (sum, seconds) = read(&shard, 11_500);
        assert_eq!(sum.total.requests, 3);
        assert_eq!(sum.total.errors(), 1);
        assert_eq!(sum.total.judged(), 2);
        assert_eq!(sum.total.latency.count(), 2);
        assert_eq!(sum.first_error, Some(Timestamp::from_millis(10_900)));
        assert_eq!(seconds.keys().copied().collect::<Vec<_>>(), [10]);
        assert_eq!(seconds[&10].requests, 2);
        let (_, seconds) = read(&shard, 12_000);
        assert_eq!(seconds[&11].cancelled, 1);
    }

    #[test]
    fn the_first_error_is_the_first_5xx_or_missing_answer() {
        let mut shard = Shard::default();
        shard.record(Timestamp::from_millis(1_001), ok(1));
        let answered = |status| Outcome::Answered { status, micros: 9 };
        shard.record(Timestamp::from_millis(1_002), answered(404));
        assert_eq!(read(&shard, 2_000).0.first_error, None);
        shard.record(Timestamp::from_millis(1_003), answered(503));
        shard.record(Timestamp::from_millis(1_004), Outcome::Unanswered);
        let (sum, _) = read(&shard, 2_000);
        assert_eq!(sum.first_error, Some(Timestamp::from_millis(1_003)));
        assert_eq!(sum.total.by_class, [0, 1, 0, 1, 1]);
        assert_eq!(
            [200, 404, 503, 500].map(|status| sum.total.by_code.count(status)),
            [1, 1, 1, 0]
        );
    }

    #[test]
    fn seconds_are_bounded_and_the_total_is_not() {
        let mut shard = Shard::default();
        for second in 0..500_i64 {
            shard.record(Timestamp::from_millis(second * 1000), ok(100));
        }
        assert!(shard.seconds.len() <= SECONDS);
        let (sum, seconds) = read(&shard, 500_000);
        assert_eq!(sum.total.requests, 500);
        assert_eq!(seconds.len(), SECONDS);
        assert_eq!(seconds.keys().next(), Some(&380));
    }
}
