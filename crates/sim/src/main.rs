//! Simulates releases by the day and the year.
#![expect(clippy::print_stdout, reason = "it talks to a developer's terminal")]

use std::{
    process::ExitCode,
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use tidegate_sim::{Life, explain, live};

#[cfg(feature = "planted")]
mod planted;

/// Lets the real control plane release in a simulated world, one life for each seed, and looks whether
/// anything is broken at any step or left at the end.
#[derive(Parser)]
#[command(name = "cargo xtask sim")]
struct Arguments {
    /// One seed alone.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Shows the shortest story in which that seed still breaks a rule, and all that happens in it.
    #[arg(long, requires = "seed")]
    explain: bool,
    /// How many seeds, from `--from` on.
    #[arg(long, default_value_t = 100, value_name = "N")]
    seeds: u64,
    /// As many seeds as make so many simulated years.
    #[arg(long, conflicts_with = "seeds", value_name = "N")]
    years: Option<u64>,
    /// The first seed.
    #[arg(long, default_value_t = 1, value_name = "N")]
    from: u64,
    /// Simulated hours of each life, before the peace at its end.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=8_766))]
    hours: u64,
    /// Plants mistakes, one at a time, and looks how many seeds it takes to find each: all of them, or
    /// the one that is named. Fails if one is not found in so many as `--seeds` says.
    #[cfg(feature = "planted")]
    #[arg(long, value_name = "MISTAKE", num_args = 0..=1, default_missing_value = "all")]
    #[arg(conflicts_with = "years")]
    planted: Option<String>,
    /// With `--planted` and `--explain`: plans that the control plane's own checker refuses are carried
    /// out all the same.
    #[cfg(feature = "planted")]
    #[arg(long, requires = "planted")]
    unchecked: bool,
}

impl Arguments {
    fn lasts(&self) -> Duration {
        Duration::from_hours(self.hours)
    }

    fn count(&self) -> u64 {
        self.years.map_or(self.seeds, |years| (years.saturating_mul(8_766)).div_ceil(self.hours))
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    #[cfg(feature = "planted")]
    if let Some(only) = &arguments.planted {
        return planted::seek(&arguments, only);
    }
    match arguments.seed {
        Some(seed) if arguments.explain => tell(seed, arguments.lasts()),
        Some(seed) => one(seed, arguments.lasts()),
        None => many(&arguments),
    }
}

fn one(seed: u64, lasts: Duration) -> ExitCode {
    let life = live(seed, lasts, false);
    println!("seed {seed}: {} acts, {} steps, {}", life.acts, life.steps, life.hash);
    for broken in &life.broken {
        println!("  {broken}");
    }
    ExitCode::from(u8::from(!life.broken.is_empty()))
}

fn tell(seed: u64, lasts: Duration) -> ExitCode {
    told(seed, explain(seed, lasts))
}

fn told(seed: u64, found: Option<(Vec<String>, Life)>) -> ExitCode {
    let Some((story, life)) = found else {
        println!("seed {seed}: nothing is broken");
        return ExitCode::SUCCESS;
    };
    for (what, lines) in
        [("is done", &story), ("happens", &life.lines), ("is broken", &life.broken)]
    {
        println!("What {what}:");
        for line in lines {
            println!("  {line}");
        }
    }
    ExitCode::FAILURE
}

/// What many lives came to.
#[derive(Default)]
struct Sum {
    next: u64,
    done: u64,
    failed: u64,
    acts: usize,
    steps: u64,
    lived: Duration,
}

impl Sum {
    fn add(&mut self, life: &Life) {
        self.done += 1;
        self.failed += u64::from(!life.broken.is_empty());
        self.acts += life.acts;
        self.steps += life.steps;
        self.lived += life.lasted;
    }

    fn told(&self) -> String {
        let years = self.lived.as_secs_f64() / 31_557_600.0;
        let Self { done, failed, acts, steps, .. } = self;
        format!(
            "{done} seeds, {years:.2} simulated years, {acts} acts, {steps} steps, {failed} failed"
        )
    }
}

fn many(arguments: &Arguments) -> ExitCode {
    let (begin, lasts) = (Instant::now(), arguments.lasts());
    let end = arguments.from.saturating_add(arguments.count());
    let sum = Mutex::new(Sum { next: arguments.from, ..Sum::default() });
    let held = || sum.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || {
        loop {
            let seed = {
                let mut sum = held();
                sum.next += 1;
                sum.next - 1
            };
            if seed >= end {
                return;
            }
            let life = live(seed, lasts, false);
            let mut sum = held();
            sum.add(&life);
            if let Some(first) = life.broken.first() {
                println!("seed {seed}: {}", first.lines().next().unwrap_or_default());
                println!("  cargo xtask sim --seed {seed} --hours {} --explain", arguments.hours);
            }
            if sum.done.is_multiple_of(500) {
                println!("{}, {:.0} s", sum.told(), begin.elapsed().as_secs_f64());
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let sum = held();
    println!("{}, {:.1} s", sum.told(), begin.elapsed().as_secs_f64());
    ExitCode::from(u8::from(sum.failed > 0))
}
