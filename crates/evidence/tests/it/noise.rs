//! How often a benchmark that did not change is called changed, and how often one that did is found. Seeds are fixed.

use tidegate_evidence::{Benchmark, Better, Change, Measured};

use crate::benchmarks::{benchmark, changed};

/// `SplitMix64` (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        f64::from(u32::try_from(mixed >> 32).unwrap()) / 4_294_967_296.0 + 1e-10
    }

    /// Box and Muller's normal values.
    fn normal(&mut self) -> f64 {
        let (radius, angle) = (self.next(), self.next());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    /// A time as benchmarks have them: skewed, with some that something came between.
    fn time(&mut self, middle: f64) -> f64 {
        let slow = if self.next() < 0.05 { 1.5 } else { 1.0 };
        middle * slow * (0.05 * self.normal()).exp()
    }
}

const BENCHMARKS: usize = 20;
const COMPARISONS: usize = 400;

fn samples(random: &mut Random, count: usize, middle: f64) -> Measured {
    Measured::Samples((0..count).map(|_| random.time(middle)).collect())
}

fn summary(random: &mut Random, count: usize, middle: f64) -> Measured {
    let values: Vec<f64> = (0..count).map(|_| random.time(middle)).collect();
    #[expect(clippy::cast_precision_loss, reason = "some ten values")]
    let n = count as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let standard_error = (squares / (n - 1.0) / n).sqrt();
    Measured::Summary { estimate: mean, standard_error, degrees: n - 1.0 }
}

type Make = fn(&mut Random, usize, f64) -> Measured;

fn run(random: &mut Random, make: Make, count: usize, factor: f64) -> Vec<Benchmark> {
    (0..BENCHMARKS)
        .map(|n| {
            let own = if n == 0 { factor } else { 1.0 };
            benchmark(&format!("b{n}"), Better::Smaller, make(random, count, 100.0 * own))
        })
        .collect()
}

/// The share of comparisons in which any of 20 benchmarks is called slower, and in which the first is, when that is `factor` times as slow and nothing is let be.
fn alarms(make: Make, count: usize, base_runs: usize, factor: f64) -> (f64, f64) {
    let mut random = Random(7);
    let (mut any, mut first) = (0, 0);
    for _ in 0..COMPARISONS {
        let base = (0..base_runs).map(|_| run(&mut random, make, count, 1.0)).collect();
        let head = run(&mut random, make, count, factor);
        let changed = changed(base, vec![head], 0.0);
        let slower: Vec<_> =
            changed.changes.iter().filter(|own| own.verdict == Change::Regressed).collect();
        any += usize::from(!slower.is_empty());
        first += usize::from(slower.iter().any(|own| own.name == "b0"));
    }
    #[expect(clippy::cast_precision_loss, reason = "some hundred comparisons")]
    let share = |count: usize| count as f64 / COMPARISONS as f64;
    (share(any), share(first))
}

/// Nothing changed: of 400 comparisons of 20 benchmarks 5 % may have an alarm at all; by chance that comes to 8.7 % in one
/// of 1,000 such tests.
#[track_caller]
fn no_more_than_alpha(name: &str, make: Make, count: usize, base_runs: usize) {
    let (any, _) = alarms(make, count, base_runs, 1.0);
    assert!(any <= 0.087, "{name}: {any} of comparisons have a false alarm");
}

#[test]
fn what_did_not_change_is_not_called_slower() {
    no_more_than_alpha("10 values", samples, 10, 1);
    no_more_than_alpha("30 values", samples, 30, 1);
    no_more_than_alpha("30 values as means", summary, 30, 1);
    for runs in [5, 10, 30] {
        no_more_than_alpha(&format!("{runs} runs before"), samples, 10, runs);
    }
}

#[test]
fn what_got_slower_is_found() {
    let check = |name: &str, make: Make, count, runs, factor, least: f64| {
        let (_, found) = alarms(make, count, runs, factor);
        assert!(found >= least, "{name}: found in {found} of comparisons");
    };
    check("10 values, 20 %", samples, 10, 1, 1.2, 0.8);
    check("30 values, 10 %", samples, 30, 1, 1.1, 0.9);
    check("30 values as means, 20 %", summary, 30, 1, 1.2, 0.8);
    check("10 runs before, 20 %", samples, 10, 10, 1.2, 0.5);
    check("30 runs before, 20 %", samples, 10, 30, 1.2, 0.9);
}
