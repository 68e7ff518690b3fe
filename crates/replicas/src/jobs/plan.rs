//! When a job starts an attempt, and what it comes to. Pure: the time is in what is asked.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_workload::JobSpec;

/// How long to wait after a failure: `first`, then twice that, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// After the first.
    pub first: Duration,
    /// At the most.
    pub longest: Duration,
}

impl Default for Waits {
    /// Those of Kubernetes.
    fn default() -> Self {
        Self { first: Duration::from_secs(10), longest: Duration::from_mins(6) }
    }
}

impl Waits {
    /// After so many failures in a row.
    pub fn after(self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Attempts that run.
    pub running: u32,
    /// Attempts that succeeded.
    pub succeeded: u32,
    /// Failures, of attempts or of containers that were started again.
    pub failed: u32,
    /// Attempts that failed since the last one that succeeded.
    pub in_a_row: u32,
    /// When the last attempt failed, since the beginning of the job, and why.
    pub last: Option<(Duration, String)>,
}

impl Tally {
    /// An attempt has ended.
    pub fn take(&mut self, ended: Result<(), String>, at: Duration) {
        self.running = self.running.saturating_sub(1);
        match ended {
            Ok(()) => {
                self.succeeded += 1;
                self.in_a_row = 0;
            }
            Err(why) => {
                self.in_a_row += 1;
                self.fail(why, at);
            }
        }
    }

    /// Something has failed, and what it is of goes on or was taken already.
    pub fn fail(&mut self, why: String, at: Duration) {
        self.failed += 1;
        self.last = Some((at, why));
    }
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Start so many attempts.
    Start(u32),
    /// Nothing until an attempt ends, or this much later.
    Wait(Option<Duration>),
    /// The job did its work.
    Complete,
    /// The job failed; why, in a sentence. What runs is stopped.
    Failed(String),
}

/// The next step of a job that has run for so long.
pub fn step(spec: &JobSpec, waits: Waits, tally: &Tally, elapsed: Duration) -> Step {
    if tally.failed > spec.backoff_limit {
        return Step::Failed(too_often(spec, tally));
    }
    let Some(wanted) = wanted(spec, tally) else { return Step::Complete };
    let left = spec.active_deadline.map(|deadline| deadline.saturating_sub(elapsed));
    if left == Some(Duration::ZERO) {
        let seconds = spec.active_deadline.unwrap_or_default().as_secs();
        return Step::Failed(format!("it took longer than activeDeadlineSeconds {seconds}"));
    }
    let missing = wanted.saturating_sub(tally.running);
    let pause = match (&tally.last, tally.in_a_row) {
        (Some((at, _)), 1..) => (*at + waits.after(tally.in_a_row)).saturating_sub(elapsed),
        _ => Duration::ZERO,
    };
    match (missing, pause) {
        (0, _) => Step::Wait(left),
        (_, Duration::ZERO) => Step::Start(missing),
        _ => Step::Wait(Some(left.map_or(pause, |left| pause.min(left)))),
    }
}

/// How many attempts are to run now; none when the work is done.
fn wanted(spec: &JobSpec, tally: &Tally) -> Option<u32> {
    match spec.completions {
        Some(completions) => {
            let left = completions.saturating_sub(tally.succeeded);
            (left > 0).then(|| left.min(spec.parallelism))
        }
        // As Kubernetes does it for a queue of work: the first success says that it is empty.
        None if tally.succeeded == 0 => Some(spec.parallelism),
        None => (tally.running > 0).then_some(0),
    }
}

fn too_often(spec: &JobSpec, tally: &Tally) -> String {
    let times = if tally.failed == 1 { "once" } else { "times" };
    let count = if tally.failed == 1 { String::new() } else { format!("{} ", tally.failed) };
    let why = tally.last.as_ref().map(|(_, why)| format!("; the last time {why}"));
    format!(
        "it failed {count}{times}, over backoffLimit {}{}",
        spec.backoff_limit,
        why.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests;
