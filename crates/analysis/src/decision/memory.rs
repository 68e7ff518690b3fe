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

/// A rise has to be so clear, over all replicas of a revision together: each is tested at its share of
/// it (Bonferroni). Of series with no trend whose neighbours correlate by 0.95, one in fifty is said to
/// rise at all of it (`crates/judge/tests/it/trend.rs`).
const CLEAR: f64 = 0.001;

/// That it still goes on, and that the stable revision's does not, has to be as clear as this.
const LIKELY: f64 = 0.01;

/// It has to rise by more than this over what is seen, as a share of what it was at first.
const LEAST_RISE: f64 = 0.1;

/// The memory of the replicas of both revisions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Memory {
    replicas: BTreeMap<ReplicaId, Series>,
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
    #[serde(default)]
    found: Option<Leak>,
}

/// What the memory of a replica does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Leak {
    /// By how much it rose over what is seen, in percent of what it was at first.
    percent: f64,
    /// How clearly: the normal score of the test.
    z: f64,
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
        if grew {
            self.weigh();
        }
    }

    fn makes_room_for(&self, replica: &ReplicaUse) -> bool {
        let same = self.replicas.values().filter(|series| series.canary == replica.canary);
        self.replicas.contains_key(&replica.id) || same.count() < MOST_REPLICAS
    }

    /// How much the memory of the revision rises, and whether that is a leak: of the replica that
    /// leaks, else of the one whose memory rises most clearly.
    pub(super) fn kpis(&self) -> (Kpi, Kpi) {
        let found = self.canary().filter_map(|(_, series)| series.found.as_ref());
        let best = found.max_by(|one, other| {
            one.leaks.cmp(&other.leaks).then_with(|| one.z.total_cmp(&other.z))
        });
        let have = self.canary().map(|(_, series)| series.readings.len()).max().unwrap_or(0);
        told(best, have)
    }

    /// The same of one replica.
    pub(super) fn kpis_of(&self, id: &ReplicaId) -> (Kpi, Kpi) {
        match self.replicas.get(id) {
            Some(series) => told(series.found.as_ref(), series.readings.len()),
            None if self.canary().count() < MOST_REPLICAS => told(None, 0),
            None => {
                unknown(&format!("it is none of the {MOST_REPLICAS} replicas that are followed"))
            }
        }
    }

    /// Whether it is one of those whose memory is followed.
    pub(super) fn follows(&self, id: &ReplicaId) -> bool {
        self.replicas.contains_key(id)
    }

    fn canary(&self) -> impl Iterator<Item = (&ReplicaId, &Series)> {
        self.replicas.iter().filter(|(_, series)| series.canary)
    }

    fn weigh(&mut self) {
        let clear = CLEAR / f64::from(u32::try_from(self.canary().count()).unwrap_or(u32::MAX));
        let weigh =
            |(id, series): (&ReplicaId, &Series)| (id.clone(), self.weigh_one(series, clear));
        let weighed: Vec<_> = self.canary().map(weigh).collect();
        for (id, found) in weighed {
            if let Some(series) = self.replicas.get_mut(&id) {
                series.found = found;
            }
        }
    }

    /// A leak rises clearly, by enough, goes on rising, and is none of the stable revision's: what
    /// caches do ends, and what the time of day does both revisions do.
    fn weigh_one(&self, series: &Series, clear: f64) -> Option<Leak> {
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
        let (clear, large) = (whole.p_rise() < clear, share > LEAST_RISE);
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
        Some(Leak { percent: 100.0 * share, z: whole.z, leaks, note })
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

fn told(found: Option<&Leak>, have: usize) -> (Kpi, Kpi) {
    let Some(found) = found else {
        return unknown(&format!("{have} readings since the warm-up, {FEWEST} are needed"));
    };
    let leaks = if found.leaks { 1.0 } else { 0.0 };
    let note = found.note.as_str();
    (Kpi::new(found.percent, Unit::Percent, note), Kpi::new(leaks, Unit::Flag, note))
}

fn unknown(why: &str) -> (Kpi, Kpi) {
    (Kpi::missing(Unit::Percent, why), Kpi::missing(Unit::Flag, why))
}

impl Series {
    fn new(replica: &ReplicaUse, since: Timestamp) -> Self {
        let (canary, restarts) = (replica.canary, replica.restarts);
        Self { canary, restarts, since, every: READ_EVERY, readings: Vec::new(), found: None }
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
