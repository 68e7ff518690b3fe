//! Requests hurt and time to everybody: `tidegate/auto` beside fixed steps, simulated.
//!
//! `cargo xtask bench exposure [RUNS]`; the same table at every run.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a program of its own")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small counts"
)]

#[path = "exposure/chance.rs"]
mod chance;
#[path = "exposure/world.rs"]
mod world;

use std::time::Duration;

use tidegate_exposure::ExposureSettings;

use crate::world::{Case, End, Judge, Outcome, Ramp, release};

const RATES: [f64; 3] = [10.0, 100.0, 1000.0];
const HARMS: [f64; 6] = [1.0, 0.5, 0.2, 0.05, 0.02, 0.01];

fn ramps() -> Vec<(&'static str, Ramp)> {
    let fixed = |percents, minutes, judge| Ramp::Fixed {
        percents,
        hold: Duration::from_mins(minutes),
        judge,
    };
    let argo: &[u8] = &[5, 20, 40, 60, 80];
    let book: &[u8] = &[1, 5, 10, 25, 50, 100];
    let quick: &[u8] = &[5, 25, 50];
    let budget = |budget| Ramp::Auto(ExposureSettings { budget, ..ExposureSettings::default() });
    vec![
        ("auto, 50", budget(50)),
        ("auto, 10", budget(10)),
        ("5/20/40/60/80, 10 min, thresholds", fixed(argo, 10, Judge::Threshold)),
        ("5/20/40/60/80, 10 min, default analysis", fixed(argo, 10, Judge::Tidegate)),
        ("5/20/40/60/80, 5 min, default analysis", fixed(argo, 5, Judge::Tidegate)),
        ("1/5/10/25/50/100, 5 min, default analysis", fixed(book, 5, Judge::Tidegate)),
        ("5/25/50, 1 min, thresholds", fixed(quick, 1, Judge::Threshold)),
        ("5/25/50, 1 min, default analysis", fixed(quick, 1, Judge::Tidegate)),
    ]
}

fn main() {
    let runs = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(200);
    for base in [0.0, 0.001, 0.01, 0.05] {
        println!("\nstable fails {} %, {runs} runs each", base * 100.0);
        header();
        for (index, rate) in RATES.iter().enumerate() {
            for (name, ramp) in ramps() {
                row(name, &ramp, (*rate, base), runs, index as u64);
            }
        }
    }
}

fn header() {
    let harms = HARMS.map(|harm| format!("{:>16}", format!("+{} %", harm * 100.0)));
    println!(
        "{:>5}  {:<42}{}  {:>26}",
        "req/s",
        "ramp",
        harms.concat(),
        "a good one: time, stopped"
    );
}

/// A row: requests hurt in the mean (and how many revisions got through), for each harm; the median and
/// 95th percentile of the time of a good revision, and how many were stopped.
fn row(name: &str, ramp: &Ramp, (rate, base): (f64, f64), runs: u64, seed: u64) {
    let outcomes = |harm: f64, stream: u64| -> Vec<Outcome> {
        let case = Case { rate, base, harm, outage: None };
        let seed = |run: u64| (seed * 1000 + stream) << 32 | run;
        (0..runs).map(|run| release(&case, ramp, seed(run))).collect()
    };
    let bad = HARMS.iter().zip(1..).map(|(harm, stream)| {
        let all = outcomes(*harm, stream);
        let hurt = all.iter().map(|it| it.hurt as f64).sum::<f64>() / all.len() as f64;
        let through = all.iter().filter(|it| matches!(it.end, End::Through(_))).count();
        let through = 100.0 * through as f64 / all.len() as f64;
        format!("{:>16}", format!("{hurt:.1} ({through:.0} %)"))
    });
    let bad: String = bad.collect();
    println!("{rate:>5}  {name:<42}{bad}  {:>26}", good(&outcomes(0.0, 0)));
}

fn good(all: &[Outcome]) -> String {
    let times = all.iter().filter_map(|it| match it.end {
        End::Through(seconds) => Some(seconds),
        _ => None,
    });
    let mut times: Vec<f64> = times.collect();
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times.get((times.len() as f64 * part) as usize).copied().unwrap_or(0.0);
    let stopped = 100.0 * (all.len() - times.len()) as f64 / all.len() as f64;
    format!("{:.0} s, {:.0} s, {stopped:.1} %", at(0.5), at(0.95))
}
