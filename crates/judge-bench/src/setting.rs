use crate::{Behaviour, Latencies};

/// A release to simulate, as often as asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Requests a second, of both revisions, on average.
    pub per_second: f64,
    /// How long it is watched.
    pub seconds: u32,
    /// The canary's share of the requests.
    pub weights: Weights,
    /// What changes for both revisions.
    pub weather: Weather,
    /// How many errors come together on average, in one second of one replica; 1 is each for itself.
    pub clump: f64,
    /// How replicas differ.
    pub replicas: Replicas,
    /// What the canary is compared with.
    pub beside: Beside,
    /// How the stable revision answers.
    pub stable: Behaviour,
    /// How the canary answers.
    pub canary: Behaviour,
}

impl Setting {
    /// The same revision beside itself, in steady traffic.
    pub fn steady(per_second: f64, weight: f64, seconds: u32) -> Self {
        Self {
            per_second,
            seconds,
            weights: Weights::Constant(weight),
            weather: Weather::Steady,
            clump: 1.0,
            replicas: Replicas::ALIKE,
            beside: Beside::LongRunning,
            stable: Behaviour::USUAL,
            canary: Behaviour::USUAL,
        }
    }

    /// The tables of both revisions' latencies.
    pub(crate) fn tables(&self) -> Tables {
        Tables { canary: Latencies::of(self.canary), stable: Latencies::of(self.stable) }
    }
}

/// Made once for all runs of a setting.
pub(crate) struct Tables {
    pub(crate) canary: Latencies,
    pub(crate) stable: Latencies,
}

/// The canary's share of the requests over time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weights {
    /// Always so much.
    Constant(f64),
    /// 5, 25, 50 and 75 %, a quarter of the time each.
    Steps,
}

impl Weights {
    /// In `second` of `seconds`.
    pub fn at(self, second: u32, seconds: u32) -> f64 {
        match self {
            Self::Constant(weight) => weight,
            Self::Steps => match 4 * second / seconds.max(1) {
                0 => 0.05,
                1 => 0.25,
                2 => 0.50,
                _ => 0.75,
            },
        }
    }
}

/// What is the same for both revisions, and changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Nothing does: requests are a Poisson process.
    Steady,
    /// Requests and the chance of an error are multiplied by random factors, other ones each second
    /// (gamma distributed; requests with a variance of 1/2, errors with one of 1), latency by a
    /// log-normal one with a sigma of 0.2.
    Bursty,
    /// Over the whole time, requests rise to three times as many, the chance of an error rises from
    /// a third to three times, latency doubles; in every second run, all of that falls.
    Trending,
    /// Waves of ten minutes: requests by 60 %, errors by a factor of 2.2, latency by one of 1.5.
    Seasonal,
}

/// How the replicas of a revision differ from each other, whatever the revision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Replicas {
    /// Replicas of the canary; as many of a baseline.
    pub canary: u32,
    /// Replicas of the stable revision.
    pub stable: u32,
    /// Standard deviation of the natural logarithm of a replica's latency, as long as it lives: one
    /// machine is faster than another.
    pub apart: f64,
    /// The same of what comes and goes within half a minute (autoregressive, each second): a noisy
    /// neighbour, a garbage collection. Its error rate goes with three times that.
    pub wander: f64,
    /// How much longer a new replica's first answer takes, as a share; half of it is over after 14
    /// seconds. Twice that is added to its error rate.
    pub cold: f64,
}

impl Replicas {
    /// All alike, from the start.
    pub const ALIKE: Self = Self { canary: 1, stable: 1, apart: 0.0, wander: 0.0, cold: 0.0 };

    /// Whether they are.
    pub(crate) fn are_alike(self) -> bool {
        self.apart == 0.0 && self.wander == 0.0 && self.cold == 0.0
    }
}

/// What a canary is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// The stable replicas that have been there for long, with the rest of the requests.
    LongRunning,
    /// A baseline: new replicas of the stable revision, as many and with as many requests as the
    /// canary.
    Baseline,
}
