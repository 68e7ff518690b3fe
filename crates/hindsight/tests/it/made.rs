//! Recordings that are made up: seeded, so that each run sees the same.

use tidegate_hindsight::{End, Hit, Side, Traffic};

/// A generator of numbers from 0 to 1 (`SplitMix64`).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(crate) fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Normal, by Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.roll()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.roll()).cos()
    }
}

/// Requests of one revision.
#[derive(Clone, Copy)]
pub(crate) struct Made {
    pub(crate) requests: u32,
    pub(crate) per_second: f64,
    pub(crate) errors: f64,
    /// How many times 20 ms the median latency is.
    pub(crate) slower: f64,
    /// Where the clock begins, in seconds.
    pub(crate) begin: f64,
    /// How much the level of the latency wanders from request to request.
    pub(crate) wander: f64,
    pub(crate) seed: u64,
}

/// Noon of a winter's day, in seconds.
pub(crate) const NOON: f64 = 1_769_860_800.0;

pub(crate) const SAME: Made = Made {
    requests: 6_000,
    per_second: 20.0,
    errors: 0.01,
    slower: 1.0,
    begin: NOON,
    wander: 0.0,
    seed: 1,
};

pub(crate) fn hits(made: Made) -> Vec<Hit> {
    let mut dice = Dice(made.seed);
    let (mut at, mut level) = (made.begin, 0.0);
    let hit = |_| {
        at -= (1.0 - dice.roll()).ln() / made.per_second;
        level = 0.999 * level + made.wander * dice.normal();
        let latency = 20_000.0 * made.slower * (0.5 * dice.normal() + level).exp();
        let end = if dice.roll() < made.errors { End::Error } else { End::Good };
        #[expect(clippy::cast_possible_truncation, reason = "far below 2^63")]
        let at_micros = (at * 1e6) as i64;
        Hit { at_micros, end, latency_micros: Some(latency) }
    };
    (0..made.requests).map(hit).collect()
}

pub(crate) fn traffic(canary: &[Hit], stable: &[Hit]) -> Traffic {
    let mut traffic = Traffic::default();
    for hit in canary {
        traffic.add(Side::Canary, hit);
    }
    for hit in stable {
        traffic.add(Side::Stable, hit);
    }
    traffic
}
