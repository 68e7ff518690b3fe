//! How soon a bad revision is found.

use tidegate_analysis::JudgeSettings;

use crate::world::{Behaviour, GOOD, World, median_and_p99};

/// The median and the 99th percentile of the seconds until a bad canary is found, in 100 worlds;
/// a minute and a half where it is not.
fn seconds(canary: Behaviour, per_second: f64, weight: f64) -> (f64, f64) {
    let settings = JudgeSettings::default();
    let found = (0..100).map(|seed| {
        World::new(seed, per_second, weight, canary, GOOD)
            .watch(&settings, 450, |_, _| ())
            .map_or(90.0, |caught| caught.seconds)
    });
    median_and_p99(found.collect())
}

#[test]
fn explore() {
    let half = Behaviour { error_rate: 0.5, ..GOOD };
    let settings = JudgeSettings::default();
    let mut errs = vec![];
    let mut secs = vec![];
    for seed in 0..400 {
        let c = World::new(seed, 200.0, 0.05, half, GOOD).watch(&settings, 450, |_, _| ()).unwrap();
        errs.push(c.errors as f64);
        secs.push(c.seconds);
    }
    println!("half: errors {:?} seconds {:?}", median_and_p99(errs), median_and_p99(secs));
    println!("all {:?}", seconds(Behaviour { error_rate: 1.0, ..GOOD }, 200.0, 0.05));
    println!("5% {:?}", seconds(Behaviour { error_rate: 0.05, ..GOOD }, 200.0, 0.05));
    for (rate, w) in [(200.0, 0.05), (200.0, 0.25), (200.0, 0.5), (40.0, 0.25), (1000.0, 0.05)] {
        let slow = Behaviour { median_ms: GOOD.median_ms * 1.4, ..GOOD };
        println!("all+40% {rate} {w} {:?}", seconds(slow, rate, w));
        let tail = Behaviour { sigma: GOOD.sigma + 1.4_f64.ln() / 1.2816, ..GOOD };
        println!("p90+40% {rate} {w} {:?}", seconds(tail, rate, w));
    }
}
