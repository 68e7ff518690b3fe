use std::fmt;

use serde::{Deserialize, Serialize};
use tidegate_units::{Timestamp, Weight};

use crate::Arm;

/// What the router has counted of both revisions until a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Counted {
    /// When.
    pub at: Timestamp,
    /// Changes when the router begins to count anew.
    pub epoch: u64,
    /// Of the new revision.
    pub canary: Arm,
    /// Of the stable one.
    pub stable: Arm,
    /// How many requests that end alike come together and tell as much as one: the design effect
    /// that a judge beside the step has found. Below 1: none is known.
    #[serde(default)]
    pub effect: Milli,
}

/// The natural logarithm of evidence, in millionths: whole, so that what is stored is what was
/// decided by, on every machine.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct Nats(pub i64);

impl Nats {
    /// Rounded down, against the revision.
    #[expect(clippy::cast_possible_truncation, reason = "far below 2^53, and saturating")]
    pub fn new(log: f64) -> Self {
        Self((log * 1e6).floor() as i64)
    }

    /// As a number.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    pub fn get(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

/// A number of requests, in thousandths.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct Milli(pub u64);

impl Milli {
    /// Rounded up, against the revision.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of requests is positive, and the cast saturates"
    )]
    pub fn new(requests: f64) -> Self {
        Self((requests * 1e3).ceil() as u64)
    }

    /// As a number.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53, or far above every budget")]
    pub fn get(self) -> f64 {
        self.0 as f64 / 1e3
    }
}

impl fmt::Display for Milli {
    /// Two digits, such as `0.42`, `3.1` and `12`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.get() {
            few if few < 1.0 => write!(f, "{few:.2}"),
            some if some < 10.0 => write!(f, "{some:.1}"),
            many => write!(f, "{many:.0}"),
        }
    }
}

/// How far a step that exposes by budget has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Stage {
    /// Evidence is gathered.
    #[default]
    Gathering,
    /// No level of harm is left that is not excluded: the share goes to its end.
    Proven,
    /// The budget allows no share any more: a person has to decide.
    Spent,
}

/// A step that exposes by budget, on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Exposure {
    /// The share that the new revision may have now.
    pub weight: Weight,
    /// How far it has come.
    pub stage: Stage,
    /// When it began.
    pub began: Timestamp,
    /// The last look.
    pub looked: Timestamp,
    /// When the router was first seen to give [`Self::weight`], since it last rose.
    pub given: Option<Timestamp>,
    /// Whether it rose at the last look.
    pub rose: bool,
    /// What the router had counted at the last look.
    pub counted: Counted,
    /// What was counted of both and is not evidence yet, for one of them has none: canary, stable.
    pub pending: (Arm, Arm),
    /// Since when.
    pub pending_since: Timestamp,
    /// [`Counted::effect`] as it was known at the last look.
    #[serde(default)]
    pub effect: Milli,
    /// All that is evidence: canary, stable.
    pub judged: (Arm, Arm),
    /// Requests of the new revision since its share last rose.
    pub here: u64,
    /// The highest rate of requests of late, of both revisions, in thousandths of one a second.
    pub rate: Milli,
    /// The levels of harm that are watched, the smallest first.
    pub levels: Vec<Level>,
}

/// A level of harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Level {
    /// The excess of the failure rate, in millionths, from which on it stands for harm,
    pub from: u32,
    /// and up to which.
    pub to: u32,
    /// The evidence against it.
    pub log: Nats,
    /// The most that it ever was.
    pub best: Nats,
    /// What requests are charged by: that evidence, insured against its loss.
    pub worth: Nats,
    /// What that was at the look before.
    pub worth_before: Nats,
    /// What was charged for the requests so far: how many of them would have been hurt.
    pub charged: Milli,
}
