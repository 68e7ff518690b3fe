//! Why the latency verdict does not rest on each revision's own confidence sequence.

use tidegate_judge::JudgeSettings;
use tidegate_traffic::Histogram;

use crate::world::{Behaviour, GOOD, Random, World};

/// Odds of an answer below a bound, against the quantile's own, with their share of the bet.
const BETS: [(f64, f64); 5] = [(1.0, 0.4), (1.15, 0.15), (1.3, 0.15), (1.8, 0.15), (2.8, 0.15)];

/// `ln` of one revision's e-value against "a share `p` lies below the bound", when `below` of
/// `count` do, betting that more do (`sign` 1) or fewer (-1).
fn own_evidence(below: f64, count: f64, p: f64, sign: i32) -> f64 {
    let logs = BETS.map(|(ratio, weight)| {
        let odds = ratio.powi(sign) * p / (1.0 - p);
        let bet = odds / (1.0 + odds);
        weight.ln() + below * (bet / p).ln() + (count - below) * ((1.0 - bet) / (1.0 - p)).ln()
    });
    let top = logs.into_iter().fold(f64::MIN, f64::max);
    top + logs.iter().map(|log| (log - top).exp()).sum::<f64>().ln()
}

/// `min_x M_stable(x) M_canary(1.1 x)`: the evidence that the canary's median is over 1.1 times the
/// stable revision's, from each one's own evidence of where its median is.
fn product(canary: &Histogram, stable: &Histogram) -> f64 {
    let below =
        |histogram: &Histogram, bucket| (histogram.count() - histogram.count_from(bucket)) as f64;
    (Histogram::bucket(1_000)..Histogram::bucket(1_000_000))
        .map(|bucket| {
            let risen = Histogram::bucket(Histogram::lower_bound(bucket) * 11 / 10) + 1;
            own_evidence(below(stable, bucket), stable.count() as f64, 0.5, 1)
                + own_evidence(below(canary, risen), canary.count() as f64, 0.5, -1)
        })
        .fold(f64::MAX, f64::min)
}

/// The same revision twice; latency drifts for both, and the weight goes up once.
fn drifting(seed: u64, mut at: impl FnMut(&World)) -> bool {
    let mut dice = Random::new(seed + 1_000);
    let mut world = World::new(seed, 100.0, 0.1, GOOD, GOOD);
    let mut drift = 0.0;
    let alarm = world.watch(&JudgeSettings::default(), 600, |world, look| {
        if look == 200 {
            world.weight = 0.5;
        }
        if look % 5 == 0 {
            drift += 0.1 * dice.normal();
            let median_ms = GOOD.median_ms * (drift + 0.3 * dice.normal()).exp();
            let now = Behaviour { median_ms, ..GOOD };
            (world.stable, world.canary) = (now, now);
        }
        if look % 100 == 0 {
            at(world);
        }
    });
    alarm.is_some()
}

#[test]
fn a_drift_and_a_new_weight_fool_the_product_but_not_the_judge() {
    let (mut fooled, mut alarms) = (0, 0);
    for seed in 0..40 {
        let before = World::new(seed, 100.0, 0.1, GOOD, GOOD).traffic.stable.total.latency;
        let mut most = f64::MIN;
        let alarm = drifting(seed, |world| {
            let [canary, stable] = [&world.traffic.canary, &world.traffic.stable];
            let stable = stable.total.latency.since(&before);
            most = most.max(product(&canary.total.latency, &stable));
        });
        fooled += u32::from(most >= 600_f64.ln());
        alarms += u32::from(alarm);
    }
    println!("the product alarmed in {fooled} of 40, the judge in {alarms}");
    assert!(fooled >= 3, "{fooled}");
    assert_eq!(alarms, 0);
}
