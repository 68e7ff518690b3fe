use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{arms::Arms, spending};

/// A group-sequential design: for those who know beforehand how many requests there will be, and
/// gain by it. Where that is not known, the tests that hold at every look do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Design {
    /// How alpha is spent.
    pub spending: Spending,
    /// How many requests of the canary there are at the end.
    pub requests: u64,
    /// At how many moments, evenly spread over the requests, it is looked; 1 to 20.
    pub looks: u32,
}

/// How alpha is spent over the looks (Lan & `DeMets` 1983, "Discrete sequential boundaries for clinical
/// trials", Biometrika 70).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spending {
    /// Like O'Brien & Fleming's: hardly any at first, so that little is lost at the end.
    ObrienFleming,
    /// Like Pocock's: evenly, so that large differences are found early.
    Pocock,
}

/// So much of a test's alpha is spent by a design; the rest keeps watch at every look, also after the
/// last one: a canary may break late.
pub(crate) const PLANNED: f64 = 0.8;

/// At less information than this the normal approximation is none: a look waits for more.
const LEAST_INFORMATION: f64 = 4.0;

/// Less new information than this makes no look: boundaries are integrated on a grid, which is too
/// coarse for smaller steps. What would have been spent is spent at the next one.
const LEAST_GROWTH: f64 = 1.01;

/// Where a test stands in its design.
///
/// The score `S = sum (y_i - k_i q_i)` of the canary's hits `y_i` among `k_i`, `q_i` its largest share
/// of them within the margin, has increments that are independent, with the information
/// `V = sum k_i q_i (1 - q_i) (n_i - k_i) / (n_i - 1)` as their variance. At look `j` the null is
/// rejected when `S / sqrt(V)` is beyond the boundary for which the alpha is spent that is due after
/// this share of the requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Planned {
    design: Design,
    /// What is spent on each of the two questions.
    alpha: f64,
    requests: u64,
    worse: Side,
    no_worse: Side,
}

/// One of the two questions: against "no worse", or against "worse".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Side {
    score: f64,
    information: f64,
    /// Information and share of the requests at each look.
    looks: Vec<(f64, f64)>,
    /// The standardised score at the last look, and what it had to reach.
    last: Option<(f64, f64)>,
}

/// What a batch brings to one question: the counts, and the share of the hits that the canary has at
/// the edge of the null.
pub(crate) type Edge<'a> = (&'a Arms, f64);

impl Planned {
    pub(crate) fn new(design: Design, alpha: f64) -> Self {
        let (worse, no_worse) = Default::default();
        Self { design, alpha, requests: 0, worse, no_worse }
    }

    /// Takes a batch into account, whose evidence counts by `exponent`, and looks if that is due.
    pub(crate) fn add(&mut self, worse: Edge<'_>, no_worse: Edge<'_>, exponent: f64) {
        self.requests += worse.0.canary_requests();
        let share = self.share();
        for (side, edge, sign) in
            [(&mut self.worse, worse, 1.0), (&mut self.no_worse, no_worse, -1.0)]
        {
            side.add(edge, sign, exponent);
            side.look(&self.design, self.alpha, share);
        }
    }

    pub(crate) fn shows_worse(&self) -> bool {
        self.worse.is_rejected()
    }

    pub(crate) fn shows_no_worse(&self) -> bool {
        self.no_worse.is_rejected()
    }

    /// How many more requests of the canary there are until its end.
    pub(crate) fn left(&self) -> u64 {
        self.design.requests.saturating_sub(self.requests)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn share(&self) -> f64 {
        (self.requests as f64 / self.design.requests.max(1) as f64).min(1.0)
    }
}

impl fmt::Display for Planned {
    /// Such as `; z 4.21 at look 2 of 5 (needs 3.36)`; nothing before the first look.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((z, bound)) = self.worse.last else { return Ok(()) };
        let look = self.worse.looks.len();
        write!(f, "; z {z:.2} at look {look} of {} (needs {bound:.2})", self.design.looks)
    }
}

impl Side {
    fn add(&mut self, (arms, share): Edge<'_>, sign: f64, exponent: f64) {
        let (score, variance) = arms.score(share);
        self.score += sign * score * exponent;
        self.information += variance * exponent;
    }

    fn look(&mut self, design: &Design, alpha: f64, share: f64) {
        let (information, before) = self.looks.last().copied().unwrap_or((0.0, 0.0));
        let looks = f64::from(design.looks.max(1));
        let due = ((before * looks + 1e-9).floor() + 1.0) / looks;
        let grown = self.information > information * LEAST_GROWTH;
        let enough = self.information >= LEAST_INFORMATION;
        if self.is_rejected() || share + 1e-9 < due || !enough || !grown {
            return;
        }
        self.looks.push((self.information, share));
        let z = self.score / self.information.sqrt();
        self.last = self.bound(design, alpha).map(|bound| (z, bound));
    }

    /// The boundary of the last look.
    fn bound(&self, design: &Design, alpha: f64) -> Option<f64> {
        let looks = self.looks.iter().scan(0.0, |before, (information, share)| {
            let spent = spending::spent(design.spending, *share, alpha);
            let more = spent - std::mem::replace(before, spent);
            Some((*information, more))
        });
        spending::boundaries(&looks.collect::<Vec<_>>()).last().copied()
    }

    fn is_rejected(&self) -> bool {
        self.last.is_some_and(|(z, bound)| z >= bound)
    }
}
