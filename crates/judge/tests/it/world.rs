//! A made-up pair of revisions under load, with a seed of its own.

use tidegate_judge::{JudgeEvidence, JudgeSettings, RunTraffic, Verdict};
use tidegate_traffic::Tally;
use tidegate_units::Timestamp;

/// `SplitMix64` (Steele, Lea & Flood 2014).
#[derive(Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// A standard normal value (Box & Muller 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.share()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.share()).cos()
    }

    /// How many events with the mean `mean` come in one look (Knuth's product).
    pub(crate) fn poisson(&mut self, mean: f64) -> u64 {
        let bound = (-mean).exp();
        let (mut count, mut product) = (0, self.share());
        while product > bound {
            count += 1;
            product *= self.share();
        }
        count
    }
}

/// How a revision answers.
#[derive(Clone, Copy)]
pub(crate) struct Behaviour {
    pub(crate) error_rate: f64,
    /// The median latency, in milliseconds.
    pub(crate) median_ms: f64,
    /// Of the latency's logarithm.
    pub(crate) sigma: f64,
}

/// Latencies to draw from, as multiples of the median: drawing is most of a simulation's time.
struct Latencies(Vec<f64>);

impl Latencies {
    /// The same for the same `sigma`, so that two revisions alike are alike to the last bit.
    fn new(sigma: f64) -> Self {
        let mut random = Random::new(0);
        Self((0..4_096).map(|_| (sigma * random.normal()).exp()).collect())
    }
}

pub(crate) const GOOD: Behaviour = Behaviour { error_rate: 0.0, median_ms: 20.0, sigma: 0.5 };

pub(crate) struct World {
    pub(crate) random: Random,
    pub(crate) traffic: RunTraffic,
    pub(crate) per_second: f64,
    pub(crate) weight: f64,
    pub(crate) canary: Behaviour,
    pub(crate) stable: Behaviour,
    canary_latencies: Latencies,
    stable_latencies: Latencies,
}

pub(crate) const LOOK_MS: i64 = 200;

impl World {
    pub(crate) fn new(
        seed: u64,
        per_second: f64,
        weight: f64,
        canary: Behaviour,
        stable: Behaviour,
    ) -> Self {
        let traffic = RunTraffic {
            at: Timestamp::from_millis(1_767_225_600_000),
            epoch: 1,
            ..RunTraffic::default()
        };
        let stable_latencies = Latencies::new(stable.sigma);
        let canary_latencies = Latencies::new(canary.sigma);
        let mut world = Self {
            random: Random::new(seed),
            traffic,
            per_second,
            weight,
            canary,
            stable,
            canary_latencies,
            stable_latencies,
        };
        let history = world.per_second * 60.0;
        for _ in 0..history as u64 {
            answer(
                &mut world.random,
                &mut world.traffic.stable.total,
                world.stable,
                &world.stable_latencies,
            );
        }
        world
    }

    /// Lets the time of one look pass.
    pub(crate) fn pass(&mut self) {
        self.traffic.at = Timestamp::from_millis(self.traffic.at.as_millis() + LOOK_MS);
        let requests = self.random.poisson(self.per_second * LOOK_MS as f64 / 1e3);
        for _ in 0..requests {
            if self.random.share() < self.weight {
                answer(
                    &mut self.random,
                    &mut self.traffic.canary.total,
                    self.canary,
                    &self.canary_latencies,
                );
            } else {
                answer(
                    &mut self.random,
                    &mut self.traffic.stable.total,
                    self.stable,
                    &self.stable_latencies,
                );
            }
        }
    }

    /// Looks until the verdict is "worse": after how many looks and canary requests, and by which
    /// test; none within `looks`.
    pub(crate) fn watch(
        &mut self,
        settings: &JudgeSettings,
        looks: u32,
        mut each: impl FnMut(&mut Self, u32),
    ) -> Option<Caught> {
        let mut evidence = JudgeEvidence::default();
        evidence.look(settings, &self.traffic);
        for look in 1..=looks {
            each(self, look);
            self.pass();
            evidence.look(settings, &self.traffic);
            if evidence.verdict == Verdict::Worse {
                let by = evidence.tests.iter().find(|test| test.verdict == Verdict::Worse).unwrap();
                return Some(Caught {
                    seconds: f64::from(look) * LOOK_MS as f64 / 1e3,
                    errors: self.traffic.canary.total.errors(),
                    by: by.name.clone(),
                });
            }
        }
        None
    }
}

pub(crate) struct Caught {
    pub(crate) seconds: f64,
    pub(crate) errors: u64,
    pub(crate) by: String,
}

fn answer(random: &mut Random, tally: &mut Tally, behaviour: Behaviour, latencies: &Latencies) {
    tally.requests += 1;
    let class = if random.share() < behaviour.error_rate { 4 } else { 1 };
    tally.by_class[class] += 1;
    let ms = behaviour.median_ms * latencies.0[random.next() as usize % latencies.0.len()];
    tally.latency.record((ms * 1e3) as u64);
}

/// The middle and the 99th part of a hundred.
pub(crate) fn median_and_p99(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    (at(0.5), at(0.99))
}
