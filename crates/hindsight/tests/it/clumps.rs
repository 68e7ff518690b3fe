//! Requests that end alike because they belong together: no router told of them before.

use tidegate_hindsight::{End, Hit, Settings, Side, Traffic, Word, judge_requests};

use crate::made::{Dice, NOON};

/// Clumps of requests within a second, `often` a second, of which one in a hundred fails as a whole.
struct Clumps {
    seconds: f64,
    often: f64,
    size: u32,
    /// What fails of the canary besides, and from when to when.
    harm: (f64, std::ops::Range<f64>),
}

const CALM: Clumps = Clumps { seconds: 240.0, often: 10.0, size: 5, harm: (0.0, 0.0..0.0) };

impl Clumps {
    /// Each goes to either side, as a session does that stays where it is.
    fn traffic(&self, seed: u64) -> Traffic {
        let mut dice = Dice(seed);
        let mut traffic = Traffic::default();
        let mut at = 0.0;
        while at < self.seconds {
            at -= (1.0 - dice.roll()).ln() / self.often;
            let side = if dice.roll() < 0.5 { Side::Canary } else { Side::Stable };
            let fails = dice.roll() < 0.01;
            for _ in 0..self.size {
                let harmed =
                    side == Side::Canary && self.harm.1.contains(&at) && dice.roll() < self.harm.0;
                let end = if fails || harmed { End::Error } else { End::Good };
                #[expect(clippy::cast_possible_truncation, reason = "far below 2^63")]
                let at_micros = ((NOON + at + 0.3 * dice.roll()) * 1e6) as i64;
                traffic.add(side, &Hit { at_micros, end, latency_micros: None });
            }
        }
        traffic
    }

    fn called_worse(&self, runs: u64) -> usize {
        let verdict = |seed| judge_requests(&self.traffic(seed), &Settings::default()).verdict;
        (0..runs).filter(|seed| verdict(*seed) == Word::Worse).count()
    }
}

#[test]
fn halves_of_one_run_are_not_called_worse_for_sessions_that_fail_as_a_whole() {
    // Taken for independent requests, a third of these were.
    assert!(CALM.called_worse(40) <= 1);
    assert!(Clumps { size: 20, often: 4.0, ..CALM }.called_worse(40) <= 1);
}

#[test]
fn a_canary_that_fails_more_is_found_among_clumps() {
    assert!(Clumps { harm: (0.06, 0.0..240.0), ..CALM }.called_worse(10) >= 9);
}

#[test]
fn harm_is_found_that_begins_midway_or_is_over_by_the_end() {
    for time in [120.0..240.0, 80.0..140.0] {
        let harmed = Clumps { size: 1, often: 50.0, harm: (0.15, time), ..CALM };
        assert!(harmed.called_worse(10) >= 9);
    }
}
