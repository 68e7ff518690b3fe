use std::fmt;

use super::{HistoryEvidence, Season, stretches::FEWEST};
use crate::interval::{Between, IntervalReason, Short, Weighed};

impl fmt::Display for Season {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HourOfWeek => "by the hour of the week",
            Self::HourOfDay => "by the hour of the day",
            Self::None => "without a season",
        })
    }
}

impl fmt::Display for HistoryEvidence {
    /// Such as `canary 184, expected 92.1 by the hour of the day, difference +91.9 (between +71.2 and
    /// +113), margin 23; evidence 1 : 81000 (needs 1 : 100)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            IntervalReason::CanaryEmpty => return f.write_str("the canary has no value"),
            IntervalReason::TooFewRows => return self.too_few(f),
            _ => {}
        }
        write!(
            f,
            "canary {}, expected {} {}, {}",
            Short(self.canary_mean),
            Short(self.expected_mean),
            self.season,
            Weighed {
                difference: self.difference,
                between: Between(self.lo, self.hi),
                margin: self.margin,
                log_evidence: self.log_evidence,
                log_bar: self.log_bar,
            },
        )?;
        if self.reason == IntervalReason::Drift {
            f.write_str("; it changes as much from time to time by itself")?;
        }
        Ok(())
    }
}

impl HistoryEvidence {
    fn too_few(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.canary_rows < 2 {
            return f.write_str("one row of the canary is too few");
        }
        write!(
            f,
            "the past is too short: it has {} stretches as long as the canary's time, each with what \
             came before it; it takes {FEWEST}",
            self.stretches
        )
    }
}
