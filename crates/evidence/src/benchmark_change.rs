use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    Benchmark, Benchmarks, Better, Measured,
    noise::{self, Judged},
    stats::adjusted,
};

/// What is held against benchmarks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BenchmarkSettings {
    /// Of the benchmarks that are called changed no larger share than this is so by chance.
    pub alpha: f64,
    /// The change that is let be, as a share of the base: runs of the same code on the same machine differ by
    /// some per cent, which values of one run do not tell.
    pub margin: f64,
}

impl Default for BenchmarkSettings {
    fn default() -> Self {
        Self { alpha: 0.05, margin: 0.05 }
    }
}

/// What changed between the benchmarks of two runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BenchmarkComparison {
    /// Whether there is a base.
    pub has_base: bool,
    /// Each that both have.
    pub changes: Vec<BenchmarkChange>,
    /// Those of the head alone.
    pub added: Vec<String>,
    /// Those of the base alone.
    pub removed: Vec<String>,
    /// Those that could not be measured in the head.
    pub failed: Vec<String>,
}

/// A benchmark of both.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BenchmarkChange {
    /// Which one.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Which way is good.
    pub better: Better,
    /// What stands for the base.
    pub base: f64,
    /// What stands for the head.
    pub head: f64,
    /// How many times the base the head is, and between which ends that lies with the confidence of 1 - alpha; where that
    /// can be said.
    pub ratio: Option<Interval>,
    /// How it was judged.
    pub method: Method,
    /// What came of it.
    pub verdict: Change,
    /// The probability of such values if it got no worse than the margin, adjusted for all benchmarks together.
    pub worse: Option<f64>,
    /// The same of having got no better.
    pub improved: Option<f64>,
}

/// A value with its ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Interval {
    /// The value.
    pub estimate: f64,
    /// The low end.
    pub low: f64,
    /// The high end.
    pub high: f64,
}

/// How a benchmark is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Method {
    /// The ranks of all values (Mann and Whitney, 1947).
    Ranks,
    /// The difference of two means by their errors (Welch, 1947).
    Means,
    /// The head against the spread of earlier runs.
    History,
    /// Not at all: nothing is known of the noise.
    None,
}

/// What came of a benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// It got worse by more than the margin, beyond its noise.
    Regressed,
    /// It got better so.
    Improved,
    /// Neither is shown.
    Unchanged,
    /// There are too few values to show either.
    Undecidable,
}

/// The runs of each benchmark and its unit: a file is a run.
type Runs<'a> = BTreeMap<(&'a str, &'a str), Vec<&'a Benchmark>>;

fn by_name(runs: &[Benchmarks]) -> Runs<'_> {
    let mut all = Runs::new();
    for own in runs.iter().flat_map(|run| &run.benchmarks) {
        all.entry((&own.name, &own.unit)).or_default().push(own);
    }
    all
}

/// Compares the benchmarks of two revisions, each run by itself.
pub(crate) fn compare_benchmarks(
    base: &[Benchmarks],
    head: &[Benchmarks],
    settings: BenchmarkSettings,
) -> BenchmarkComparison {
    let (before, now) = (by_name(base), by_name(head));
    let mut all = BenchmarkComparison {
        has_base: !base.is_empty(),
        changes: Vec::new(),
        added: only(&now, &before),
        removed: only(&before, &now),
        failed: head.iter().flat_map(|run| run.failed.clone()).collect(),
    };
    let mut judged = Vec::new();
    for (key, head) in &now {
        let (Some(base), Some(first)) = (before.get(key), head.first()) else { continue };
        let measured = |runs: &[&Benchmark]| -> Vec<Measured> {
            runs.iter().map(|own| own.measured.clone()).collect()
        };
        let own = noise::judge(&measured(base), &measured(head), first.better, settings);
        all.changes.push(change(first, &own));
        judged.push(own);
    }
    decide(&mut all.changes, &judged, settings.alpha);
    all.changes.sort_by(|a, b| a.verdict.cmp(&b.verdict).then_with(|| a.name.cmp(&b.name)));
    all
}

fn only(own: &Runs<'_>, other: &Runs<'_>) -> Vec<String> {
    let names = own.keys().filter(|key| !other.contains_key(*key)).map(|(name, _)| *name);
    let names: BTreeSet<_> = names.collect();
    names.into_iter().map(str::to_owned).collect()
}

fn change(first: &Benchmark, own: &Judged) -> BenchmarkChange {
    BenchmarkChange {
        name: first.name.clone(),
        unit: first.unit.clone(),
        better: first.better,
        base: own.base,
        head: own.head,
        ratio: own.ratio,
        method: own.method,
        verdict: if own.tails.is_some() { Change::Unchanged } else { Change::Undecidable },
        worse: None,
        improved: None,
    }
}

/// Calls those changed whose adjusted probability is at most `alpha`. Both directions are families of their own.
fn decide(changes: &mut [BenchmarkChange], judged: &[Judged], alpha: f64) {
    let tails: Vec<_> = judged.iter().filter_map(|own| own.tails).collect();
    let worse = adjusted(&tails.iter().map(|own| own.worse).collect::<Vec<_>>());
    let improved = adjusted(&tails.iter().map(|own| own.improved).collect::<Vec<_>>());
    let decidable = changes.iter_mut().zip(judged).filter(|(_, own)| own.tails.is_some());
    for (((change, _), worse), improved) in decidable.zip(worse).zip(improved) {
        change.worse = Some(worse);
        change.improved = Some(improved);
        change.verdict = match (worse <= alpha, improved <= alpha) {
            (true, false) => Change::Regressed,
            (false, true) => Change::Improved,
            _ => Change::Unchanged,
        };
    }
}
