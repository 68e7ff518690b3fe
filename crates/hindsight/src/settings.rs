use std::{collections::BTreeMap, time::Duration};

use tidegate_judge::{Concurrency, Direction, IntervalSettings, JudgeSettings};

/// How what was recorded is judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// For requests that both revisions answered in the same seconds.
    pub judge: JudgeSettings,
    /// For metrics with a value in each interval, and for requests that were answered at other times.
    pub interval: IntervalSettings,
    /// How much of the canary's beginning does not count.
    pub warm_up: Duration,
    /// Whether both ran at the same time.
    pub concurrent: Concurrent,
    /// Whether what the canary is compared with is its own past, so that what both have in common by
    /// the hour of the day or the week is no difference.
    pub history: bool,
    /// The metrics that count, each with the change that is harmful where that was said; all where it
    /// is empty.
    pub metrics: BTreeMap<String, Option<Direction>>,
}

/// Whether both revisions ran at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Concurrent {
    /// As the recordings' clocks say. Clocks that begin at zero do not say it.
    #[default]
    Unsaid,
    /// They did, whatever the clocks begin with.
    Yes,
    /// They did not.
    No,
}

impl Settings {
    /// Whether a metric counts.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.metrics.is_empty() || self.metrics.contains_key(name)
    }

    /// How series are compared, with what was said of when both ran.
    pub(crate) fn of_intervals(&self) -> IntervalSettings {
        let concurrent = match self.concurrent {
            Concurrent::Unsaid => self.interval.concurrent,
            Concurrent::Yes => Concurrency::Yes,
            Concurrent::No => Concurrency::No,
        };
        IntervalSettings { concurrent, ..self.interval }
    }

    /// The harmful change of a metric: what was said, else what its name says.
    pub(crate) fn direction(&self, name: &str) -> Direction {
        let said = self.metrics.get(name).copied().flatten();
        said.unwrap_or_else(|| Direction::of_metric(name))
    }
}
