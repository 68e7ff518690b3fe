//! Simulates releases by the day and the year.
#![expect(clippy::print_stdout, reason = "it talks to a developer's terminal")]

use std::{num::NonZeroUsize, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use tidegate_sim::{Life, explain, live};

mod many;
#[cfg(feature = "planted")]
mod planted;

#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    /// Shows all that happens in that seed's life.
    #[arg(long, requires = "seed", conflicts_with = "explain")]
    trace: bool,
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
    /// Writes down here how far it is, each half a minute, and goes on from there if it is there.
    #[arg(long, value_name = "FILE", conflicts_with = "seed")]
    state: Option<PathBuf>,
    /// Lives at once; as many as there are cores, unless said.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// How it says what it came to.
    #[arg(long, value_enum, default_value_t = Output::Text, conflicts_with = "seed")]
    output: Output,
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

/// How many lives are summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// In lines, then tables of Markdown.
    Text,
    /// As one JSON object, and nothing else.
    Json,
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
        Some(seed) => one(seed, &arguments),
        None => many::many(&arguments),
    }
}

fn one(seed: u64, arguments: &Arguments) -> ExitCode {
    let life = live(seed, arguments.lasts(), arguments.trace);
    for line in &life.lines {
        println!("{line}");
    }
    let acts: u64 = life.acts.values().sum();
    println!("seed {seed}: {acts} acts, {} steps, {}", life.steps, life.hash);
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
