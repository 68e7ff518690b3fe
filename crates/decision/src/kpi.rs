use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use crate::{Condition, Truth};

/// A change is never told as more than this, in percent: from nothing to something has no measure.
const MOST_CHANGE: f64 = 1_000_000.0;

/// Of these is told how much a revision bears, and not how it answers.
const LOAD: [&str; 6] =
    ["requestRate", "cpuUsage", "memoryUsage", "memoryTrend", "memoryLeak", "restarts"];

/// What was measured, by name.
///
/// A name is found as it is; with `Change` after its first word it is the change of that value from
/// its baseline: `errorRateChange` of `errorRate`, `responseTimeChange.p95` of `responseTime.p95`.
///
/// Of some values each replica has its own. A condition that speaks of several of those means one
/// replica, not one of them by this and the other by that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KpiSnapshot {
    values: BTreeMap<String, Kpi>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    replicas: BTreeMap<String, BTreeMap<String, Kpi>>,
}

/// A measured value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Kpi {
    /// The value; none where it could not be had.
    pub current: Option<f64>,
    /// By how much it differs from the baseline, in percent of the baseline; none where it could not
    /// be had.
    pub change: Option<f64>,
    /// What [`Self::current`] is.
    pub unit: Unit,
    /// Of what it was measured, such as `1203 requests in 60 s`; or why there is none.
    pub note: String,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Unit {
    /// Percent, 0 to 100.
    Percent,
    /// Milliseconds.
    Milliseconds,
    /// Per second.
    PerSecond,
    /// A number.
    Number,
    /// 1 for yes, 0 for no.
    Flag,
}

impl Unit {
    /// As it stands after a number.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Percent => " %",
            Self::Milliseconds => " ms",
            Self::PerSecond => " per second",
            Self::Number | Self::Flag => "",
        }
    }
}

impl Kpi {
    /// A value with nothing to compare it with.
    pub fn new(current: f64, unit: Unit, note: impl Into<String>) -> Self {
        let current = if unit == Unit::Percent { rounded(current) } else { current };
        let current = Some(current).filter(|value| value.is_finite());
        Self { current, change: None, unit, note: note.into() }
    }

    /// One that could not be had, and why, in a sentence.
    pub fn missing(unit: Unit, why: impl Into<String>) -> Self {
        Self { current: None, change: None, unit, note: why.into() }
    }

    /// Compared with a baseline. From a baseline of 0 every rise is told as 1,000,000 %.
    pub fn against(self, baseline: f64) -> Self {
        let change = self.current.map(|current| match (current - baseline, baseline.abs()) {
            (step, 0.0) if step != 0.0 => MOST_CHANGE.copysign(step),
            (_, 0.0) => 0.0,
            (step, from) => rounded((100.0 * step / from).clamp(-MOST_CHANGE, MOST_CHANGE)),
        });
        Self { change: change.filter(|change| change.is_finite()), ..self }
    }
}

/// Without what binary fractions add: from 0.05 to 0.045 it is -10 %, and not a little more.
fn rounded(percent: f64) -> f64 {
    if percent.abs() > MOST_CHANGE { percent } else { (percent * 1e9).round() / 1e9 }
}

/// Whether a name, or that of which it is the change, says nothing of how a revision answers.
pub(crate) fn is_load(name: &str) -> bool {
    LOAD.iter().any(|load| is_of(name, load))
}

/// Whether a name is that of a value, or of its change.
fn is_of(name: &str, value: &str) -> bool {
    value == name || change_name(value) == name
}

/// What is violated is worse than what is not known, and that than what is kept.
const fn badness(holds: Truth) -> u8 {
    match holds {
        Some(true) => 2,
        None => 1,
        Some(false) => 0,
    }
}

/// The name of the change of a value: `errorRateChange` of `errorRate`, `responseTimeChange.p95` of
/// `responseTime.p95`.
pub fn change_name(name: &str) -> String {
    match name.split_once('.') {
        Some((first, rest)) => format!("{first}Change.{rest}"),
        None => format!("{name}Change"),
    }
}

impl KpiSnapshot {
    /// Adds a value.
    pub fn insert(&mut self, name: impl Into<String>, kpi: Kpi) {
        self.values.insert(name.into(), kpi);
    }

    /// Adds a value that a replica has of its own.
    pub fn insert_of(&mut self, replica: impl Into<String>, name: impl Into<String>, kpi: Kpi) {
        self.replicas.entry(replica.into()).or_default().insert(name.into(), kpi);
    }

    /// What a condition is asked of: the revision's values, or with them those of the one replica by
    /// which it comes out worst, where it speaks of several that each replica has of its own.
    pub(crate) fn asked_by(&self, condition: &Condition) -> Cow<'_, Self> {
        let names = condition.names();
        let spoken_of = |own: &&String| names.iter().any(|(name, _)| is_of(name, own));
        let several = |own: &&BTreeMap<_, _>| own.keys().filter(spoken_of).count() > 1;
        let alone = self.replicas.values().filter(several).map(|own| {
            let mut values = self.values.clone();
            values.extend(own.clone());
            Self { values, replicas: BTreeMap::new() }
        });
        let worst = alone.max_by_key(|kpis| {
            let holds = condition.parts(kpis).iter().filter(|it| it.holds == Some(true)).count();
            (badness(condition.holds(kpis)), holds)
        });
        worst.map_or(Cow::Borrowed(self), Cow::Owned)
    }

    /// All values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Kpi)> {
        self.values.iter().map(|(name, kpi)| (name.as_str(), kpi))
    }

    /// What a name stands for: the number if it is known, its unit, and the note.
    pub(crate) fn get(&self, name: &str) -> Option<(Option<f64>, Unit, &str)> {
        if let Some(kpi) = self.values.get(name) {
            return Some((kpi.current, kpi.unit, &kpi.note));
        }
        let changed = self.values.iter().find(|(of, _)| change_name(of) == name);
        changed.map(|(_, kpi)| match (kpi.current, kpi.change) {
            (Some(_), None) => (None, Unit::Percent, "there is nothing to compare it with"),
            _ => (kpi.change, Unit::Percent, kpi.note.as_str()),
        })
    }
}
