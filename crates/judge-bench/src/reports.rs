//! What the bench prints.

mod baseline;
mod false_alarms;
mod power;
mod recordings;
mod rows;

use crate::{Alarm, Alarms, clopper_pearson};

pub use baseline::baseline;
pub use false_alarms::false_alarms;
pub use power::power;
pub use recordings::recordings;
pub use rows::rows;

/// How much is simulated.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// All chance follows from it.
    pub seed: u64,
    /// Threads that share the work; they do not change what is printed.
    pub threads: u64,
    /// Runs of the same revision beside itself, for each setting.
    pub alike: u64,
    /// Runs of a worse canary, for each setting.
    pub worse: u64,
    /// Is told what is simulated, setting by setting: all of it takes minutes.
    pub progress: fn(&str),
}

impl Scale {
    fn tell(&self, setting: &[String]) {
        (self.progress)(&setting.join(" | "));
    }
}

/// How many runs ended in an alarm.
fn alarmed(alarms: &Alarms) -> u64 {
    alarms.iter().flatten().count() as u64
}

/// A share of runs in percent, such as `0.13 % (0.09 to 0.19)`, with the interval that contains the
/// true one with 95 % probability.
fn share_of_runs(alarms: &Alarms) -> String {
    let runs = alarms.len() as u64;
    let (low, high) = clopper_pearson(alarmed(alarms), runs, 0.05);
    format!("{} ({:.2} to {:.2})", percent(alarms), 100.0 * low, 100.0 * high)
}

/// A share of runs in percent, with what digits they can have.
#[expect(clippy::cast_precision_loss, reason = "counts of runs")]
fn percent(alarms: &Alarms) -> String {
    let digits = if alarms.len() >= 5_000 { 2 } else { 1 };
    format!("{:.digits$} %", 100.0 * alarmed(alarms) as f64 / alarms.len().max(1) as f64)
}

/// The median of the minutes and of the canary's requests until the alarm; where fewer than all
/// runs had one, how many.
fn soon(alarms: &Alarms) -> String {
    let mut found: Vec<Alarm> = alarms.iter().copied().flatten().collect();
    found.sort_by_key(|alarm| alarm.second);
    let of_all = if found.len() == alarms.len() { String::new() } else { percent(alarms) };
    match found.get(alarms.len() / 2) {
        None => of_all,
        Some(median) => {
            let minutes = f64::from(median.second) / 60.0;
            let requests = median.canary_requests;
            let rest = if of_all.is_empty() { of_all } else { format!(", {of_all}") };
            format!("{minutes:.1} min, {requests}{rest}")
        }
    }
}
