use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tidegate_load::{Counts, Load, Miss, Plan};

use crate::{script::Kind, watch::Sample};

/// Clients give up after this long.
pub(crate) const CLIENT_PATIENCE: Duration = Duration::from_secs(10);

/// An application, the load on it, and what was seen of it.
pub(crate) struct App {
    pub(crate) number: u32,
    pub(crate) address: SocketAddr,
    load: Load,
    known: Mutex<Known>,
}

/// What is known of an application by who releases it.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// What its users are to have when nothing is released.
    pub(crate) stable: String,
    /// Revisions of this round, with what each may have from when on.
    pub(crate) bad: BTreeMap<String, Vec<(i64, f64)>>,
    /// The newest revision of this round.
    pub(crate) newest: Option<(String, Kind)>,
    /// How often somebody let it go on.
    pub(crate) promotes: u32,
    /// Revisions of this round that are killed for their memory.
    pub(crate) starving: BTreeSet<String>,
    /// What was answered in this round.
    pub(crate) samples: Vec<Sample>,
    /// How many misses were looked at.
    pub(crate) looked: usize,
}

impl App {
    /// An application with load on it, at `rate` requests a second.
    pub(crate) fn new(number: u32, address: SocketAddr, rate: f64) -> Self {
        let load = Load::start(Plan {
            address,
            path: "/".to_owned(),
            rate,
            timeout: CLIENT_PATIENCE,
            version_header: "x-version",
        });
        Self { number, address, load, known: Mutex::default() }
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn name(&self) -> String {
        format!("app-{}", self.number)
    }

    /// Takes a sample of what was answered.
    pub(crate) fn sample(&self) {
        let sample = sample(&self.load.counts());
        self.known().samples.push(sample);
    }

    /// Forgets what was seen before a round.
    pub(crate) fn turn(&self) {
        let mut known = self.known();
        known.samples.clear();
        known.bad.clear();
        known.newest = None;
        known.starving.clear();
    }

    /// Misses that were not looked at yet.
    pub(crate) fn misses(&self) -> Vec<Miss> {
        let misses = self.load.counts().misses;
        let mut known = self.known();
        let new = misses.get(known.looked..).unwrap_or_default().to_vec();
        known.looked = misses.len();
        new
    }

    /// Which versions answered within the last so many samples, and how often.
    pub(crate) fn lately(&self, samples: usize) -> BTreeMap<String, u64> {
        let known = self.known();
        let Some(last) = known.samples.last() else { return BTreeMap::new() };
        let before = known.samples.iter().rev().nth(samples);
        let answers = last.answers.iter().map(|(version, count)| {
            let then = before.and_then(|sample| sample.answers.get(version));
            (version.clone(), count - then.copied().unwrap_or(0))
        });
        answers.filter(|(_, count)| *count > 0).collect()
    }

    /// What was counted so far.
    pub(crate) fn counts(&self) -> Counts {
        self.load.counts()
    }
}

fn sample(counts: &Counts) -> Sample {
    let answers =
        counts.versions.iter().map(|(version, it)| (version.clone(), it.good + it.failed));
    Sample { at: now(), answers: answers.collect() }
}

/// In milliseconds since 1970, as the samples have it.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
