//! How often a canary that is no worse than the margin is called worse, however often it is
//! looked at and whatever traffic and latency do meanwhile.

use tidegate_judge::JudgeSettings;

use crate::world::{Behaviour, Random, World};

/// Two minutes of looks.
const LOOKS: u32 = 600;

/// What the canary is, beside a stable revision that starts with `stable`.
type Canary = fn(Behaviour) -> Behaviour;

fn same(stable: Behaviour) -> Behaviour {
    stable
}

/// As bad as the margin allows: odds 1.25 times as high, each answer 10 % slower.
fn at_the_margin(stable: Behaviour) -> Behaviour {
    let odds = 1.25 * stable.error_rate / (1.0 - stable.error_rate);
    Behaviour { error_rate: odds / (1.0 + odds), median_ms: stable.median_ms * 1.1, ..stable }
}

/// The share of runs that ended in an alarm. Each has its own traffic, error rate and weight; the
/// weight steps up as in a rollout. With `unrest`, error rate and latency of both revisions jump
/// together every second and drift as a random walk.
fn alarms(canary: Canary, unrest: f64, alpha: f64, runs: u64) -> f64 {
    let settings = JudgeSettings { alpha, ..JudgeSettings::default() };
    let alarms = (0..runs).filter(|seed| {
        let mut dice = Random::new(seed.wrapping_mul(7919) + 1);
        let base = Behaviour {
            error_rate: 0.2 * dice.share().powi(3),
            median_ms: dice.between(5.0, 100.0),
            sigma: dice.between(0.2, 1.0),
        };
        let (rate, first) = (dice.between(20.0, 120.0), dice.between(0.05, 0.3));
        let mut world = World::new(*seed, rate, first, canary(base), base);
        let mut drift = 0.0;
        world
            .watch(&settings, LOOKS, |world, look| {
                if look == LOOKS / 3 {
                    world.weight = 0.5;
                }
                if unrest > 0.0 && look % 5 == 0 {
                    drift += 0.1 * unrest * dice.normal();
                    let now = Behaviour {
                        error_rate: (base.error_rate * (unrest * dice.normal()).exp()).min(0.5),
                        median_ms: base.median_ms * (drift + 0.3 * unrest * dice.normal()).exp(),
                        ..base
                    };
                    (world.stable, world.canary) = (now, canary(now));
                }
            })
            .is_some()
    });
    alarms.count() as f64 / runs as f64
}

/// The largest share that so many runs may show when the true one is `alpha`, but for one test in
/// a thousand (normal approximation of the binomial).
fn bound(alpha: f64, runs: u64) -> f64 {
    alpha + 3.1 * (alpha * (1.0 - alpha) / runs as f64).sqrt()
}

fn check(canary: Canary, unrest: f64, alpha: f64, runs: u64) {
    let found = alarms(canary, unrest, alpha, runs);
    println!("unrest {unrest}, alpha {alpha}: {found} of {runs}");
    assert!(found <= bound(alpha, runs), "{found} of the runs alarmed, alpha is {alpha}");
}

#[test]
fn the_same_revision_is_not_called_worse() {
    check(same, 0.0, 0.01, 300);
}

#[test]
fn the_same_revision_is_not_called_worse_in_troubled_times() {
    check(same, 1.0, 0.01, 700);
}

#[test]
fn a_canary_at_the_margin_is_not_called_worse_more_often_than_alpha() {
    check(at_the_margin, 0.0, 0.2, 200);
}

#[test]
fn a_canary_at_the_margin_is_not_called_worse_in_troubled_times() {
    check(at_the_margin, 1.0, 0.2, 200);
}

#[test]
fn the_same_simulation_does_alarm_for_a_canary_beyond_the_margin() {
    let worse: Canary = |stable| Behaviour { median_ms: stable.median_ms * 1.8, ..stable };
    assert!(alarms(worse, 1.0, 0.01, 50) > 0.9);
}
