use std::collections::BTreeMap;

use tidegate_traffic::{Histogram, Tally};

/// One request as it was recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// When, in microseconds: since the epoch, or since the recording's own zero.
    pub at_micros: i64,
    /// How it ended.
    pub end: End,
    /// How long it took, in microseconds; none where that was not recorded.
    pub latency_micros: Option<f64>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Well.
    Good,
    /// With an error of the server, or with no answer.
    Error,
    /// With the status 0, of which the whole recording tells what it means.
    Zero,
    /// By the client's leaving: neither good nor bad.
    Cancelled,
}

/// Which of the two that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What is judged.
    Canary,
    /// What it is compared with.
    Stable,
}

/// Requests of both revisions, counted in slots of time. However many there were, it holds at most
/// [`MOST_SLOTS`] slots: when there would be more, they are made twice as long.
#[derive(Clone, Debug, PartialEq)]
pub struct Traffic {
    slot_micros: i64,
    slots: BTreeMap<i64, [Slot; 2]>,
    /// Whether a status of 0 is an error, of the canary and of the stable revision.
    zero_is_error: [bool; 2],
    /// Whether it was recorded how requests ended, and how long they took.
    pub has_status: bool,
    /// Latencies that are too short and too long to be told apart.
    beyond: [u64; 2],
}

/// Latencies are counted in whole microseconds: below this, neighbours differ by more than the margins.
const COARSE_MICROS: f64 = 10.0;

/// From here on, 2^36 or 19 hours, [`Histogram`] counts all latencies as one.
const LONGEST_MICROS: f64 = 68_719_476_736.0;

/// Slots are as long as the live judge's looks are apart. 65,536 of them are three and a half
/// hours; of a day, slots are 1.6 s long, which the judge's batches of 2 s do not notice.
pub const MOST_SLOTS: usize = 65_536;
const SHORTEST_MICROS: i64 = 200_000;

/// What was counted of one revision in one slot.
#[derive(Clone, Debug, Default, PartialEq)]
struct Slot {
    requests: u64,
    errors: u64,
    zeros: u64,
    cancelled: u64,
    /// Buckets of [`Histogram`] with their counts, lowest first: a slot has few of them.
    latency: Vec<(usize, u64)>,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            slot_micros: SHORTEST_MICROS,
            slots: BTreeMap::new(),
            zero_is_error: [false; 2],
            has_status: true,
            beyond: [0; 2],
        }
    }
}

impl Traffic {
    /// Counts a request.
    pub fn add(&mut self, side: Side, hit: &Hit) {
        let slots = self.slots.entry(hit.at_micros.div_euclid(self.slot_micros)).or_default();
        of_mut(slots, side).add(hit);
        if let Some(micros) = hit.latency_micros {
            let [short, long] = &mut self.beyond;
            *short += u64::from(micros < COARSE_MICROS);
            *long += u64::from(micros >= LONGEST_MICROS);
        }
        while self.slots.len() > MOST_SLOTS {
            self.coarsen();
        }
    }

    /// What there is to be told of latencies that cannot be told apart. Quantiles are compared by their
    /// ratio, so the unit may be said to be another.
    pub(crate) fn beyond(&self) -> impl Iterator<Item = String> {
        let [short, long] = self.beyond;
        let told = |count: u64, what, how| {
            (count > 0).then(|| {
                format!("latencies {what}: {count}; {how} --latency-unit tells them apart")
            })
        };
        let short = told(short, "below 10 \u{b5}s, counted in whole ones", "a larger");
        short.into_iter().chain(told(long, "above 19 h, counted as one", "a smaller"))
    }

    /// Says that a status of 0 is an error for one side.
    pub fn zero_is_error(&mut self, side: Side, is: bool) {
        *of_mut(&mut self.zero_is_error, side) = is;
    }

    /// The requests of one side.
    pub fn requests(&self, side: Side) -> u64 {
        self.slots.values().map(|slots| of(slots, side).requests).sum()
    }

    /// Whether it was recorded how long requests took.
    pub fn has_latency(&self) -> bool {
        self.slots.values().flatten().any(|slot| !slot.latency.is_empty())
    }

    /// How long a slot is, in microseconds.
    pub fn slot_micros(&self) -> i64 {
        self.slot_micros
    }

    /// When the first and the last slot of one side begin, in microseconds.
    pub fn span(&self, side: Side) -> Option<(i64, i64)> {
        let mut with = self.slots.iter().filter(|(_, slots)| of(slots, side).requests > 0);
        let first = *with.next()?.0;
        let last = with.next_back().map_or(first, |(slot, _)| *slot);
        Some((first.saturating_mul(self.slot_micros), last.saturating_mul(self.slot_micros)))
    }

    /// Leaves out what came before a moment.
    pub fn forget_before(&mut self, at_micros: i64) {
        self.slots = self.slots.split_off(&at_micros.div_euclid(self.slot_micros));
    }

    /// Leaves out what came from a moment on.
    pub(crate) fn forget_from(&mut self, at_micros: i64) {
        self.slots.split_off(&at_micros.div_euclid(self.slot_micros));
    }

    /// What each slot counted of the canary and of the stable revision, with its end in microseconds,
    /// oldest first.
    pub fn slots(&self) -> impl Iterator<Item = (i64, [Tally; 2])> + '_ {
        let [canary, stable] = self.zero_is_error;
        self.slots.iter().map(move |(slot, [one, other])| {
            let end = slot.saturating_add(1).saturating_mul(self.slot_micros);
            (end, [one.tally(canary), other.tally(stable)])
        })
    }

    /// Takes out the slots that end before a moment, oldest first.
    pub(crate) fn take_before(&mut self, at_micros: i64) -> Vec<(i64, [Tally; 2])> {
        let rest = self.slots.split_off(&at_micros.div_euclid(self.slot_micros));
        let taken = self.slots().collect();
        self.slots = rest;
        taken
    }

    /// The slots that lie in wider ones, each `width` microseconds, by the start of these.
    pub fn wide_slots(&self, width: i64) -> BTreeMap<i64, [Tally; 2]> {
        let mut wide: BTreeMap<i64, [Tally; 2]> = BTreeMap::new();
        for (end, [canary, stable]) in self.slots() {
            let [one, other] =
                wide.entry((end - self.slot_micros).div_euclid(width) * width).or_default();
            one.add(&canary);
            other.add(&stable);
        }
        wide
    }

    fn coarsen(&mut self) {
        self.slot_micros = self.slot_micros.saturating_mul(2);
        let fine = std::mem::take(&mut self.slots);
        for (slot, [canary, stable]) in fine {
            let [one, other] = self.slots.entry(slot.div_euclid(2)).or_default();
            one.merge(canary);
            other.merge(stable);
        }
    }
}

fn of<T>([canary, stable]: &[T; 2], side: Side) -> &T {
    match side {
        Side::Canary => canary,
        Side::Stable => stable,
    }
}

fn of_mut<T>([canary, stable]: &mut [T; 2], side: Side) -> &mut T {
    match side {
        Side::Canary => canary,
        Side::Stable => stable,
    }
}

impl Slot {
    fn add(&mut self, hit: &Hit) {
        self.requests += 1;
        match hit.end {
            End::Good => {}
            End::Error => self.errors += 1,
            End::Zero => self.zeros += 1,
            End::Cancelled => self.cancelled += 1,
        }
        if let Some(micros) = hit.latency_micros {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a float beyond the range becomes its end"
            )]
            self.count(Histogram::bucket(micros.round() as u64), 1);
        }
    }

    fn count(&mut self, bucket: usize, count: u64) {
        match self.latency.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(at) => {
                if let Some((_, sum)) = self.latency.get_mut(at) {
                    *sum += count;
                }
            }
            Err(at) => self.latency.insert(at, (bucket, count)),
        }
    }

    fn merge(&mut self, other: Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.zeros += other.zeros;
        self.cancelled += other.cancelled;
        for (bucket, count) in other.latency {
            self.count(bucket, count);
        }
    }

    fn tally(&self, zero_is_error: bool) -> Tally {
        let zeros = if zero_is_error { self.zeros } else { 0 };
        let errors = self.errors.saturating_add(zeros);
        let mut tally = Tally {
            requests: self.requests,
            unanswered: errors,
            cancelled: self.cancelled,
            ..Tally::default()
        };
        for (bucket, count) in &self.latency {
            tally.latency.record_bucket(*bucket, *count);
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(at_micros: i64, end: End) -> Hit {
        Hit { at_micros, end, latency_micros: Some(5_000.0) }
    }

    #[test]
    fn requests_are_counted_in_their_slots() {
        let mut traffic = Traffic::default();
        for (at, end) in
            [(-1, End::Good), (0, End::Error), (199_999, End::Zero), (200_000, End::Cancelled)]
        {
            traffic.add(Side::Canary, &hit(at, end));
        }
        let slots: Vec<_> =
            traffic.slots().map(|(end, [canary, _])| (end, canary.requests)).collect();
        assert_eq!(slots, [(0, 1), (200_000, 2), (400_000, 1)]);
        let errors = |traffic: &Traffic| traffic.slots().map(|(_, [c, _])| c.errors()).sum::<u64>();
        assert_eq!(errors(&traffic), 1);
        traffic.zero_is_error(Side::Canary, true);
        assert_eq!(errors(&traffic), 2);
        assert_eq!(traffic.span(Side::Canary), Some((-200_000, 200_000)));
        assert_eq!(traffic.span(Side::Stable), None);
    }

    #[test]
    fn latencies_that_cannot_be_told_apart_are_told() {
        let mut traffic = Traffic::default();
        for micros in [5_000.0, 0.001, 1e12] {
            let latency_micros = Some(micros);
            traffic.add(Side::Canary, &Hit { latency_micros, ..hit(0, End::Good) });
        }
        let told: Vec<_> = traffic.beyond().collect();
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|one| one.contains(": 1; ")), "{told:?}");
        let last = Histogram::bucket(u64::MAX);
        let top = 1_u64 << 36;
        assert_eq!((Histogram::bucket(top), Histogram::bucket(top / 2) < last), (last, true));
    }

    #[test]
    fn a_long_recording_has_longer_slots_and_loses_nothing() {
        let mut traffic = Traffic::default();
        for slot in 0..200_000 {
            traffic.add(Side::Stable, &hit(slot * 200_000, End::Good));
        }
        assert!(traffic.slots().count() <= MOST_SLOTS);
        assert_eq!(traffic.slot_micros(), 800_000);
        assert_eq!(traffic.requests(Side::Stable), 200_000);
        let latency: u64 = traffic.slots().map(|(_, [_, s])| s.latency.count()).sum();
        assert_eq!(latency, 200_000);
    }
}
