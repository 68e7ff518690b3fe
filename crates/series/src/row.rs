use std::collections::BTreeMap;

use tidegate_traffic::{Histogram, LATENCY_BOUNDS, Tally};
use tidegate_units::{Owner, ReplicaId, RevisionHash};

use crate::{standing::Standing, ticks::Ticks, track::Track};

/// Whose counts a row holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowKey {
    pub(crate) owner: Owner,
    pub(crate) revision: RevisionHash,
    pub(crate) standing: Standing,
}

/// What is counted of a revision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Measure {
    /// Requests that ended in this way.
    Requests(Outcome),
    /// Requests answered within a bound of [`LATENCY_BOUNDS`], by its index; past the last, all.
    Within(usize),
    /// The sum of their times, in seconds.
    Time,
    /// Requests being answered by a replica.
    InFlight(ReplicaId),
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// Answered with this status.
    Status(u16),
    /// Answered with a status of this class that is not told: none ever is, so that the class is
    /// there, at zero, before the first answer of it.
    Class(u16),
    /// With no answer from the replica.
    Unanswered,
    /// The client went away first.
    Cancelled,
}

/// How each count of a revision went on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) tracks: BTreeMap<Measure, Track>,
    /// The reading from which on it was no longer counted.
    pub(crate) ended: Option<u32>,
}

impl Row {
    /// All counts are zero at a reading.
    pub(crate) fn begin(&mut self, number: u32) {
        for index in 0..=LATENCY_BOUNDS.len() {
            self.tracks.entry(Measure::Within(index)).or_default().set(number, 0.0);
        }
        let outcomes = [Outcome::Unanswered, Outcome::Cancelled];
        let outcomes = outcomes.into_iter().chain((1..=5).map(Outcome::Class));
        for measure in outcomes.map(Measure::Requests).chain([Measure::Time]) {
            self.tracks.entry(measure).or_default().set(number, 0.0);
        }
    }

    /// Adds what came. A status that comes for the first time was at zero at `before`.
    pub(crate) fn add(&mut self, number: u32, before: Option<u32>, more: &Tally) {
        for (code, count) in more.by_code.iter() {
            self.count(Measure::Requests(Outcome::Status(code)), number, before, count);
        }
        let others = [(Outcome::Unanswered, more.unanswered), (Outcome::Cancelled, more.cancelled)];
        for (outcome, count) in others {
            self.count(Measure::Requests(outcome), number, before, count);
        }
        if more.latency.count() == 0 {
            return;
        }
        for (index, bound) in LATENCY_BOUNDS.into_iter().enumerate() {
            self.count(Measure::Within(index), number, before, more.latency.count_to(bound));
        }
        let all = Measure::Within(LATENCY_BOUNDS.len());
        self.count(all, number, before, more.latency.count());
        let track = self.tracks.entry(Measure::Time).or_default();
        track.set(number, track.last() + seconds(&more.latency));
    }

    fn count(&mut self, measure: Measure, number: u32, before: Option<u32>, more: u64) {
        if more == 0 {
            return;
        }
        let track = self.tracks.entry(measure).or_default();
        if let (0, Some(before)) = (track.len(), before) {
            track.set(before, 0.0);
        }
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        track.set(number, track.last() + more as f64);
    }

    /// Replicas that answer nothing now are at zero.
    pub(crate) fn in_flight(&mut self, number: u32, replicas: &BTreeMap<ReplicaId, u64>) {
        for (measure, track) in &mut self.tracks {
            if matches!(measure, Measure::InFlight(id) if !replicas.contains_key(id)) {
                track.set(number, 0.0);
            }
        }
        for (id, count) in replicas {
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
            self.tracks
                .entry(Measure::InFlight(id.clone()))
                .or_default()
                .set(number, *count as f64);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.tracks.values().map(Track::len).sum()
    }

    /// Moves on to the readings that are kept; whether any of it is within them.
    pub(crate) fn thin(&mut self, ticks: &Ticks) -> bool {
        for track in self.tracks.values_mut() {
            track.thin(ticks);
        }
        let alive = self.ended.is_none_or(|ended| ticks.oldest().is_some_and(|it| it < ended));
        self.tracks.retain(|_, track| track.len() > 0);
        alive && !self.tracks.is_empty()
    }
}

/// The sum of what a histogram counted, each taken as the middle of its bucket.
fn seconds(histogram: &Histogram) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let micros = histogram
        .buckets()
        .fold(0.0, |sum, (bucket, count)| sum + Histogram::middle(bucket) * count as f64);
    micros / 1e6
}
