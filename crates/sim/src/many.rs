//! Many lives, on all cores, and what they came to.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::ErrorKind,
    path::Path,
    process::ExitCode,
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use tidegate_sim::{Life, live};

use crate::{Arguments, Output};

/// How often it is told how far it is, and written down where that was asked for.
const TELL_EVERY: Duration = Duration::from_secs(30);
/// Each so many-th seed is lived twice, which has to be the same: a fiftieth of the time.
const TWICE_EVERY: u64 = 50;
/// Julian: 365.25 days.
const SECONDS_A_YEAR: f64 = 31_557_600.0;

/// What many lives came to. Written down, others go on from there.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Sum {
    /// Simulated hours of each life.
    hours: u64,
    /// The first seed.
    from: u64,
    /// The next that nobody has begun.
    next: u64,
    /// Those that were begun and have not ended.
    open: BTreeSet<u64>,
    seeds: u64,
    /// Those in which a rule was broken.
    failed: Vec<u64>,
    acts: BTreeMap<String, u64>,
    steps: u64,
    simulated_years: f64,
    /// That it took, of all runs together.
    seconds: f64,
}

impl Sum {
    fn new(arguments: &Arguments) -> Self {
        let Arguments { hours, from, .. } = *arguments;
        Self { hours, from, next: from, ..Self::default() }
    }

    fn add(&mut self, seed: u64, life: &Life) {
        self.open.remove(&seed);
        self.seeds += 1;
        self.steps += life.steps;
        self.simulated_years += life.lasted.as_secs_f64() / SECONDS_A_YEAR;
        for (kind, count) in &life.acts {
            *self.acts.entry(kind.clone()).or_default() += count;
        }
        if !life.broken.is_empty() {
            self.failed.push(seed);
        }
    }

    fn told(&self) -> String {
        let Self { seeds, steps, seconds, simulated_years: years, .. } = self;
        let (acts, failed) = (self.acts.values().sum::<u64>(), self.failed.len());
        format!(
            "{seeds} seeds, {years:.2} simulated years, {acts} acts, {steps} steps, {failed} failed, {seconds:.0} s"
        )
    }

    /// As tables of Markdown.
    fn tables(&self) -> String {
        let Self { seeds, steps, seconds, simulated_years: years, .. } = self;
        let (acts, failed) = (self.acts.values().sum::<u64>(), self.failed.len());
        let row = |(kind, count): (&String, &u64)| format!("| {kind} | {count} |\n");
        let rows: String = self.acts.iter().map(row).collect();
        format!(
            "| seeds | simulated years | acts | steps | failed | seconds |\n\
             |--:|--:|--:|--:|--:|--:|\n\
             | {seeds} | {years:.2} | {acts} | {steps} | {failed} | {seconds:.0} |\n\n\
             | act | times |\n|---|--:|\n{rows}"
        )
    }
}

/// Lives through all seeds that were asked for.
pub(crate) fn many(arguments: &Arguments) -> ExitCode {
    let known = match arguments.state.as_deref().map(|path| read(path, arguments)).transpose() {
        Ok(known) => known.flatten(),
        Err(problem) => {
            println!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    let sum = known.unwrap_or_else(|| Sum::new(arguments));
    let sum = Lives::new(arguments, sum).live();
    match arguments.output {
        Output::Text => print!("{}\n\n{}", sum.told(), sum.tables()),
        Output::Json => println!("{}", json(&sum)),
    }
    ExitCode::from(u8::from(!sum.failed.is_empty()))
}

/// Lives that are being lived.
struct Lives<'a> {
    arguments: &'a Arguments,
    begin: Instant,
    /// Seconds that it took before.
    before: f64,
    end: u64,
    held: Mutex<(Sum, Vec<u64>, Instant)>,
}

impl<'a> Lives<'a> {
    fn new(arguments: &'a Arguments, sum: Sum) -> Self {
        let begin = Instant::now();
        // Those that were begun and did not end are begun anew.
        let again = sum.open.iter().rev().copied().collect();
        let end = arguments.from.saturating_add(arguments.count());
        Self { arguments, begin, before: sum.seconds, end, held: Mutex::new((sum, again, begin)) }
    }

    fn live(self) -> Sum {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let threads = self.arguments.jobs.map_or(threads, usize::from);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(seed) = self.next() {
                        self.one(seed);
                    }
                });
            }
        });
        let (mut sum, ..) = self.held.into_inner().unwrap_or_else(PoisonError::into_inner);
        sum.seconds = self.before + self.begin.elapsed().as_secs_f64();
        keep(self.arguments.state.as_deref(), &sum);
        sum
    }

    /// One at a time, so that all are at work until the last one is begun.
    fn next(&self) -> Option<u64> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (sum, again, _) = &mut *held;
        if let Some(seed) = again.pop() {
            return Some(seed);
        }
        let seed = sum.next;
        if seed >= self.end {
            return None;
        }
        sum.next += 1;
        sum.open.insert(seed);
        Some(seed)
    }

    fn one(&self, seed: u64) {
        let life = self.life(seed);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (sum, _, told_at) = &mut *held;
        sum.add(seed, &life);
        if let Some(first) = life.broken.first() {
            self.say(&format!(
                "seed {seed}: {}\n  cargo xtask sim --seed {seed} --hours {} --explain",
                first.lines().next().unwrap_or_default(),
                self.arguments.hours
            ));
        }
        if told_at.elapsed() >= TELL_EVERY {
            *told_at = Instant::now();
            sum.seconds = self.before + self.begin.elapsed().as_secs_f64();
            self.say(&sum.told());
            keep(self.arguments.state.as_deref(), sum);
        }
    }

    /// A life; of some, whether a second one with the same seed is the same.
    fn life(&self, seed: u64) -> Life {
        let lasts = self.arguments.lasts();
        let mut life = live(seed, lasts, false);
        if seed.is_multiple_of(TWICE_EVERY) {
            let again = live(seed, lasts, false).hash;
            if again != life.hash {
                life.broken.push(format!("lived twice, it was {} and {again}", life.hash));
            }
        }
        life
    }

    /// JSON on standard output is alone there.
    fn say(&self, what: &str) {
        if self.arguments.output == Output::Text {
            println!("{what}");
        }
    }
}

fn json(sum: &Sum) -> String {
    serde_json::to_string_pretty(sum).unwrap_or_default()
}

/// What was written down before, if anything was.
fn read(path: &Path, arguments: &Arguments) -> Result<Option<Sum>, String> {
    let problem = |why: String| format!("{}: {why}", path.display());
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(problem(error.to_string())),
    };
    let sum: Sum = serde_json::from_str(&text).map_err(|error| problem(error.to_string()))?;
    if (sum.hours, sum.from) != (arguments.hours, arguments.from) {
        let Sum { hours, from, .. } = sum;
        return Err(problem(format!(
            "it is of lives of {hours} hours from seed {from} on; say --hours {hours} --from {from}, or name another file"
        )));
    }
    Ok(Some(sum))
}

/// Writes down how far it is: whole, or not at all.
fn keep(path: Option<&Path>, sum: &Sum) {
    let Some(path) = path else { return };
    let beside = path.with_extension("new");
    let kept = fs::write(&beside, json(sum)).and_then(|()| fs::rename(&beside, path));
    // The run goes on all the same: only going on from there is lost.
    if let Err(error) = kept {
        println!("{}: {error}", path.display());
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn arguments(more: &[&str]) -> Arguments {
        Arguments::parse_from([&["sim", "--hours", "1", "--jobs", "2"], more].concat())
    }

    /// What follows from the seeds alone.
    fn facts(sum: Sum) -> (u64, u64, BTreeSet<u64>, BTreeMap<String, u64>, u64) {
        (sum.seeds, sum.next, sum.open, sum.acts, sum.steps)
    }

    #[test]
    fn a_run_that_was_ended_goes_on_where_it_was() {
        let whole = arguments(&["--seeds", "6"]);
        let at_once = Lives::new(&whole, Sum::new(&whole)).live();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let state = path.to_str().unwrap();
        let part = arguments(&["--seeds", "3", "--state", state]);
        Lives::new(&part, Sum::new(&part)).live();
        let rest = arguments(&["--seeds", "6", "--state", state]);
        let kept = read(&path, &rest).unwrap().unwrap();
        assert_eq!((kept.seeds, kept.next), (3, 4));
        // It ended while another one was being lived.
        let kept = Sum { open: BTreeSet::from([4]), next: 5, ..kept };
        assert_eq!(facts(Lives::new(&rest, kept).live()), facts(at_once));
    }

    #[test]
    fn another_run_is_not_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        keep(Some(&path), &Sum::new(&arguments(&["--from", "7"])));
        let problem = read(&path, &arguments(&[])).err().unwrap();
        assert!(problem.contains("say --hours 1 --from 7"), "{problem}");
        assert!(read(&folder.path().join("none"), &arguments(&[])).unwrap().is_none());
    }
}
