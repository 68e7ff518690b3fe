//! The memory of replicas over time, and whether it leaks.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use tidegate_decision::{Kpi, Unit};
use tidegate_judge::{Trend, trend};
use tidegate_units::{ReplicaId, Timestamp};

use crate::ReplicaUse;

/// So many replicas of each revision are followed: a leak is the revision's, so each of them has it.
const MOST_REPLICAS: usize = 4;

/// So many readings of each. When they are as many, every other one goes, and they are taken half as
/// often from then on: they reach back to the start, however long ago that is.
const MOST_READINGS: usize = 96;

/// The first of them are so far apart; the runtimes read memory every few seconds.
const READ_EVERY: Duration = Duration::from_secs(5);

/// With fewer readings nothing is said: two minutes, after the warm-up.
const FEWEST: usize = 24;

/// A rise has to be so clear: of series with no trend whose neighbours correlate by 0.95, one in
/// fifty is said to rise (`crates/judge/tests/it/trend.rs`).
const CLEAR: f64 = 0.001;

/// That it still goes on, and that the stable revision's does not, has to be as clear as this.
const LIKELY: f64 = 0.01;

/// It has to rise by more than this over what is seen, as a share of what it was at first.
const LEAST_RISE: f64 = 0.1;

/// The memory of the replicas of both revisions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Memory {
    replicas: BTreeMap<ReplicaId, Series>,
    found: Option<Leak>,
}

/// The memory of a replica since it was warm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Series {
    canary: bool,
    /// What was started anew begins anew.
    restarts: u32,
    since: Timestamp,
    every: Duration,
    readings: Vec<(Timestamp, u64)>,
}

/// What the memory does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Leak {
    /// By how much it rose over what is seen, in percent of what it was at first: of the replica
    /// where that is clearest.
    percent: f64,
    leaks: bool,
    note: String,
}

impl Memory {
    /// Takes in what the replicas use now.
    pub(super) fn see(&mut self, replicas: &[ReplicaUse], warm_up: Duration, now: Timestamp) {
        self.replicas.retain(|id, _| replicas.iter().any(|replica| replica.id == *id));
        let mut grew = false;
        for replica in replicas {
            let warm = replica.warm_since(warm_up).filter(|since| *since <= now);
            let (Some(since), Some(bytes)) = (warm, replica.memory_bytes) else { continue };
            if self.makes_room_for(replica) {
                let fresh = || Series::new(replica, since);
                let series = self.replicas.entry(replica.id.clone()).or_insert_with(fresh);
                if (series.restarts, series.since) != (replica.restarts, since) {
                    *series = fresh();
                }
                grew |= series.read(now, bytes) && series.canary;
            }
        }
        if grew || self.found.is_none() {
            self.found = self.weigh();
        }
    }

    fn makes_room_for(&self, replica: &ReplicaUse) -> bool {
        let same = self.replicas.values().filter(|series| series.canary == replica.canary);
        self.replicas.contains_key(&replica.id) || same.count() < MOST_REPLICAS
    }

    /// How much it rises, and whether that is a leak.
    pub(super) fn kpis(&self) -> (Kpi, Kpi) {
        if let Some(found) = &self.found {
            let (leaks, note) = (if found.leaks { 1.0 } else { 0.0 }, found.note.as_str());
            return (
                Kpi::new(found.percent, Unit::Percent, note),
                Kpi::new(leaks, Unit::Flag, note),
            );
        }
        let canary = self.replicas.values().filter(|series| series.canary);
        let have = canary.map(|series| series.readings.len()).max().unwrap_or(0);
        let why = format!("{have} readings since the warm-up, {FEWEST} are needed");
        (Kpi::missing(Unit::Percent, &*why), Kpi::missing(Unit::Flag, why))
    }

    /// The replica that leaks, else the one whose memory rises most clearly.
    fn weigh(&self) -> Option<Leak> {
        let canary = self.replicas.values().filter(|series| series.canary);
        let weighed = canary.filter_map(|series| self.weigh_one(series));
        let best = weighed.max_by(|(a, one), (b, other)| {
            (one.leaks, a.z).partial_cmp(&(other.leaks, b.z)).unwrap_or(std::cmp::Ordering::Equal)
        });
        best.map(|(_, leak)| leak)
    }

    /// A leak rises clearly, by enough, goes on rising, and is none of the stable revision's: what
    /// caches do ends, and what the time of day does both revisions do.
    fn weigh_one(&self, series: &Series) -> Option<(Trend, Leak)> {
        if series.readings.len() < FEWEST {
            return None;
        }
        let whole = trend(&series.points())?;
        let half = trend(&series.later_half())?;
        let first = (whole.level - whole.rise / 2.0).max(1.0);
        let share = whole.rise / first;
        let goes_on = half.p_rise() < LIKELY && half.slope >= whole.slope / 2.0;
        let own = self
            .beside_stable(series)
            .is_none_or(|beside| beside.p_rise() < LIKELY && beside.slope >= whole.slope / 2.0);
        let (clear, large) = (whole.p_rise() < CLEAR, share > LEAST_RISE);
        let leaks = clear && large && goes_on && own;
        let why = match (clear, large, goes_on, own) {
            (false, ..) => "no clear rise",
            (_, false, ..) => "it rises by no more than 10 %",
            (_, _, false, _) => "the rise does not go on",
            (.., false) => "the stable revision's rises as well",
            _ => "it rises and goes on rising",
        };
        let note = format!(
            "{why}: {:.2} MiB a minute over {} readings, p {:.1e}",
            whole.slope * 60.0 / 1_048_576.0,
            whole.points,
            whole.p_rise(),
        );
        Some((whole, Leak { percent: 100.0 * share, leaks, note }))
    }

    /// What is left of a series without what the stable revision's replicas used at the same time;
    /// none where too little of that is known.
    fn beside_stable(&self, series: &Series) -> Option<Trend> {
        let stable: Vec<_> = self.replicas.values().filter(|other| !other.canary).collect();
        let beside = |(at, bytes): &(Timestamp, u64)| {
            let mut used: Vec<f64> = stable.iter().filter_map(|other| other.at(*at)).collect();
            used.sort_by(f64::total_cmp);
            let middle = used.get(used.len() / 2)?;
            Some((seconds(*at), float(*bytes) - middle))
        };
        let left: Vec<_> = series.readings.iter().filter_map(beside).collect();
        if left.len() * 2 < series.readings.len() { None } else { trend(&left) }
    }
}

impl Series {
    fn new(replica: &ReplicaUse, since: Timestamp) -> Self {
        let (canary, restarts) = (replica.canary, replica.restarts);
        Self { canary, restarts, since, every: READ_EVERY, readings: Vec::new() }
    }

    /// Takes a reading if one is due.
    fn read(&mut self, now: Timestamp, bytes: u64) -> bool {
        if self.readings.last().is_some_and(|(last, _)| last.after(self.every) > now) {
            return false;
        }
        if self.readings.len() >= MOST_READINGS {
            let mut keep = false;
            self.readings.retain(|_| {
                keep = !keep;
                keep
            });
            self.every *= 2;
        }
        self.readings.push((now, bytes));
        true
    }

    fn points(&self) -> Vec<(f64, f64)> {
        self.readings.iter().map(|(at, bytes)| (seconds(*at), float(*bytes))).collect()
    }

    fn later_half(&self) -> Vec<(f64, f64)> {
        self.points().split_off(self.readings.len() / 2)
    }

    /// The reading that is nearest to a moment, if it is near.
    fn at(&self, moment: Timestamp) -> Option<f64> {
        let near = |(at, _): &(Timestamp, u64)| at.since(moment).max(moment.since(*at));
        let nearest = self.readings.iter().min_by_key(|reading| near(reading))?;
        (near(nearest) <= self.every * 2).then(|| float(nearest.1))
    }
}

fn seconds(at: Timestamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this age are below 2^53")]
    let millis = at.as_millis() as f64;
    millis / 1e3
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a machine are below 2^53")]
fn float(bytes: u64) -> f64 {
    bytes as f64
}
