use std::fmt;

use super::{IntervalEvidence, IntervalReason, Pairing, Reading};
use crate::evidence::Verdict;
use crate::verdict::Odds;

impl fmt::Display for IntervalEvidence {
    /// Such as `canary 184, stable 92.1, difference +91.9 (between +71.2 and +113), margin 23;
    /// evidence 1 : 81000 (needs 1 : 100); not at the same time`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            IntervalReason::CanaryEmpty => return f.write_str("the canary has no value"),
            IntervalReason::StableEmpty => {
                return f.write_str("the stable revision has no value");
            }
            IntervalReason::TooFewRows => {
                return write!(
                    f,
                    "{} rows of the canary and {} of the stable revision are too few",
                    self.canary_rows, self.stable_rows
                );
            }
            _ => {}
        }
        if let Some(rows) = self.last_rows {
            write!(f, "in its last {rows} rows: ")?;
        }
        let a_second = if self.reading == Reading::Counter { " a second" } else { "" };
        write!(
            f,
            "canary {}{a_second}, stable {}{a_second}, {}",
            Short(self.canary_mean),
            Short(self.stable_mean),
            Weighed {
                difference: self.difference,
                between: Between(self.lo, self.hi),
                margin: self.margin,
                log_evidence: self.log_evidence,
                log_bar: self.log_bar,
            },
        )?;
        f.write_str(match self.pairing {
            Pairing::Concurrent => "",
            Pairing::SeeminglyConcurrent => "; not shown to have run at the same time",
            Pairing::Apart => "; not at the same time",
        })?;
        self.wait(f)
    }
}

impl IntervalEvidence {
    fn wait(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.reason, self.verdict) {
            (IntervalReason::Drift, _) => f.write_str("; it drifts as much by itself"),
            (_, Verdict::Inconclusive { needs: Some(needs) }) => {
                write!(f, "; about {needs} more rows show it to be no worse")
            }
            _ => Ok(()),
        }
    }
}

/// A difference, and what speaks for it.
pub(crate) struct Weighed {
    pub(crate) difference: f64,
    pub(crate) between: Between,
    pub(crate) margin: f64,
    pub(crate) log_evidence: f64,
    pub(crate) log_bar: f64,
}

impl fmt::Display for Weighed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "difference {} ({}), margin {}; evidence {} (needs {})",
            Signed(self.difference),
            self.between,
            Short(self.margin),
            Odds(self.log_evidence),
            Odds(self.log_bar),
        )
    }
}

/// Three digits, in powers of ten where it is very large or very small.
pub(crate) struct Short(pub(crate) f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        match size {
            _ if size == 0.0 || !size.is_finite() => write!(f, "{}", self.0),
            1e6.. | ..1e-4 => write!(f, "{:.2e}", self.0),
            100.0.. => write!(f, "{:.0}", self.0),
            10.0.. => write!(f, "{:.1}", self.0),
            1.0.. => write!(f, "{:.2}", self.0),
            0.1.. => write!(f, "{:.3}", self.0),
            0.01.. => write!(f, "{:.4}", self.0),
            _ => write!(f, "{:.6}", self.0),
        }
    }
}

/// The same with its sign.
struct Signed(f64);

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 > 0.0 { "+" } else { "" };
        write!(f, "{sign}{}", Short(self.0))
    }
}

/// The ends of an interval.
pub(crate) struct Between(pub(crate) f64, pub(crate) f64);

impl fmt::Display for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_finite() && self.1.is_finite() {
            write!(f, "between {} and {}", Signed(self.0), Signed(self.1))
        } else {
            f.write_str("not yet bounded")
        }
    }
}
