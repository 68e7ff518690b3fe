//! What this process takes of the machine, for benchmarks.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a benchmark that cannot read what the kernel says of it has no figures"
)]

use std::{fs, time::Duration};

/// What it has used of the CPU.
pub fn cpu() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap();
    let ticks = text.rsplit_once(") ").unwrap().1.split(' ').skip(11).take(2);
    let ticks: u64 = ticks.map(|field| field.parse::<u64>().unwrap()).sum();
    // Linux counts in hundredths of a second for whoever asks.
    Duration::from_millis(ticks * 10)
}

/// How many wanted to run on this machine over the last minute, whoever they belong to.
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// What it holds in memory, in megabytes.
pub fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
