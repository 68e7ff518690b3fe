//! `cargo xtask bench judge`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is a page")]

use clap::Parser;
use tidegate_judge_bench::reports::{Scale, baseline, false_alarms, power, recordings, rows};

/// Simulates releases, and prints how often and how soon the judge, and what is used elsewhere, call
/// the canary worse.
#[derive(Parser)]
struct Arguments {
    /// What to print; all without it.
    #[arg(value_enum)]
    report: Option<Report>,
    /// Runs of the same revision beside itself, for each setting; for what is shown beside the judge,
    /// and for each weight and rate of its own, a tenth.
    #[arg(long, default_value_t = 20_000)]
    alike: u64,
    /// Runs of a worse canary, for each setting.
    #[arg(long, default_value_t = 200)]
    worse: u64,
    /// All chance follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads that share the work; they do not change what is printed.
    #[arg(long, default_value_t = threads())]
    threads: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Report {
    /// The same revision beside itself, in all kinds of traffic.
    FalseAlarms,
    /// Worse canaries at all weights and rates.
    Power,
    /// New replicas of the stable revision beside the canary, or its old ones.
    Baseline,
    /// Recorded series with one value a row.
    Rows,
    /// Recorded requests, halved.
    Recordings,
}

/// Makes a report.
type Print = fn(Scale) -> String;

const REPORTS: [(Report, &str, Print); 5] = [
    (Report::FalseAlarms, "False alarms", false_alarms),
    (Report::Power, "How soon a worse canary is found", power),
    (Report::Baseline, "What a baseline is worth", baseline),
    (Report::Rows, "Recorded series", rows),
    (Report::Recordings, "Recorded requests", recordings),
];

fn threads() -> u64 {
    std::thread::available_parallelism().map_or(1, |count| count.get() as u64)
}

fn main() {
    let Arguments { report, alike, worse, seed, threads } = Arguments::parse();
    let progress = |setting: &str| eprintln!("{setting}");
    let scale = Scale { seed, threads, alike, worse, progress };
    for (name, title, print) in REPORTS {
        if report.is_none_or(|only| only == name) {
            println!("## {title}\n\n{}", print(scale));
        }
    }
}
