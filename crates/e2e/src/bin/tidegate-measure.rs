//! Measures what the README claims, on real processes, as often as it is told to, and prints figures.
#![expect(clippy::print_stdout, reason = "a program whose output is its figures")]

#[path = "measure/exposure.rs"]
mod exposure;

use std::{process::ExitCode, time::Duration};

use anyhow::ensure;
use clap::Parser;
use tidegate_e2e::{
    House, Manifest,
    trials::{kill_at_random_moments, promote_and_roll_back, time_to_abort},
};
use tidegate_load::Counts;

/// Measures what the README claims.
#[derive(Parser)]
enum Measure {
    /// First bad answer to weight 0, canary at 5 % failing half
    Abort {
        /// How many bad revisions
        #[arg(long, default_value_t = 100)]
        runs: usize,
        /// Requests per second
        #[arg(long, default_value_t = 200.0)]
        rate: f64,
    },
    /// Requests lost over promotions and rollbacks
    Promote {
        /// How many of each
        #[arg(long, default_value_t = 200)]
        rounds: usize,
        /// Requests per second
        #[arg(long, default_value_t = 500.0)]
        rate: f64,
    },
    /// `kill -9` of the control plane at random moments of rollouts
    Kill {
        /// How often
        #[arg(long, default_value_t = 200)]
        kills: usize,
        /// Requests per second
        #[arg(long, default_value_t = 200.0)]
        rate: f64,
        /// Of the moments
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Users hurt and time to everybody: `tidegate/auto` beside fixed steps
    Exposure {
        /// How many releases of each kind of revision, by each ramp
        #[arg(long, default_value_t = 3)]
        runs: usize,
        /// Requests per second of each release; five run at once
        #[arg(long, default_value_t = 200.0)]
        rate: f64,
        /// For how long each fixed share is held, in seconds
        #[arg(long, default_value_t = 60)]
        hold: u32,
    },
    /// Memory, CPU and time to be ready of a server with one rollout at rest
    Rest {
        /// For how long the CPU is measured, in seconds
        #[arg(long, default_value_t = 30)]
        seconds: u64,
    },
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<ExitCode> {
    let measure = Measure::parse();
    if let Measure::Exposure { runs, rate, hold } = measure {
        exposure::table(runs, rate, hold).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut house = House::build()?;
    match measure {
        Measure::Abort { runs, rate } => {
            let trial = time_to_abort(&house, runs, rate).await?;
            let mut spans = trial.spans.clone();
            spans.sort();
            println!(
                "first bad answer to weight 0, {runs} runs at {rate} req/s, canary at 5 % failing half"
            );
            println!("  median {:.2} s", quantile(&spans, 0.5).as_secs_f64());
            println!("  p99    {:.2} s", quantile(&spans, 0.99).as_secs_f64());
            println!("  worst  {:.2} s", quantile(&spans, 1.0).as_secs_f64());
            let answered: u64 = trial.answered.iter().sum();
            #[expect(clippy::cast_precision_loss, reason = "a mean of a few hundred counts")]
            let mean = answered as f64 / runs.max(1) as f64;
            println!("  requests answered by a bad revision: {mean:.1} on average");
            report(&trial.counts);
        }
        Measure::Promote { rounds, rate } => {
            let trial = promote_and_roll_back(&house, rounds, rate).await?;
            println!(
                "{} promotions and {} rollbacks at {rate} req/s",
                trial.promotions, trial.rollbacks
            );
            report(&trial.counts);
        }
        Measure::Kill { kills, rate, seed } => {
            let trial = kill_at_random_moments(&mut house, kills, rate, seed).await?;
            println!("{} kills of the control plane at {rate} req/s", trial.kills);
            println!("  containers restarted {}", trial.restarts);
            println!("  answers of bad revisions {}", trial.bad_answers);
            report(&trial.counts);
        }
        Measure::Rest { seconds } => rest(&mut house, seconds).await?,
        Measure::Exposure { .. } => {}
    }
    house.end()?;
    Ok(ExitCode::SUCCESS)
}

fn report(counts: &Counts) {
    println!(
        "  requests {} sent, {} failed at the router, {} lost",
        counts.sent, counts.router_failed, counts.lost
    );
    for (why, times) in &counts.lost_why {
        println!("    lost {times} x: {why}");
    }
}

/// Resident memory and CPU of the server and the router with one healthy rollout.
async fn rest(house: &mut House, seconds: u64) -> anyhow::Result<()> {
    house.apply(&Manifest::good("v1"))?;
    house.until_stable("v1").await?;
    house.kill_server()?;
    let mut ready = Vec::new();
    for _ in 0..5 {
        ready.push(house.start_server()?);
        house.kill_server()?;
    }
    ready.sort();
    house.start_server()?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    println!(
        "ready in {:.0} ms (median of 5, with one CLI call)",
        quantile(&ready, 0.5).as_secs_f64() * 1e3
    );
    let server = house.server_pid().unwrap_or_default();
    let router = house.processes().into_iter().find(|pid| {
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        command.split(|byte| *byte == 0).any(|word| word == b"router")
    });
    let all = [("server", Some(server)), ("router", router)];
    let before = all.map(|(_, pid)| pid.map(cpu_ticks));
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    for ((name, pid), before) in all.iter().zip(before) {
        let Some(pid) = pid else { continue };
        ensure!(*pid > 0, "{name} does not run");
        #[expect(clippy::cast_precision_loss, reason = "ticks of a minute")]
        let share = (cpu_ticks(*pid) - before.unwrap_or_default()) as f64 / seconds as f64;
        println!(
            "{name}: {} KiB resident, {share:.2} % of a core over {seconds} s",
            resident_kib(*pid)
        );
    }
    Ok(())
}

/// CPU time in ticks of 10 ms, which are hundredths of a core's second.
fn cpu_ticks(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields = after_name.split_whitespace();
    // utime and stime are the fields 14 and 15; the name was field 2.
    fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn resident_kib(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// The value below which a share `p` of the sorted ones lie.
fn quantile(sorted: &[Duration], p: f64) -> Duration {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into a few hundred"
    )]
    let index = ((p * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(index).copied().unwrap_or_default()
}
