use serde::{Deserialize, Serialize};

/// How a service is, in Statuspage's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    #[default]
    Operational,
    /// Some answers fail, or a new version is being taken back.
    DegradedPerformance,
    /// Many answers fail, or less than half of it is there.
    PartialOutage,
    /// Most answers fail, or nothing of it is there.
    MajorOutage,
}

/// What is seen of a service at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// Replicas that it should have.
    pub wanted: u32,
    /// Replicas that can answer.
    pub available: u32,
    /// Requests of the last seconds.
    pub requests: f64,
    /// Those that failed.
    pub errors: f64,
    /// Whether a version that some users have is being taken back.
    pub taking_back: bool,
}

/// With fewer requests one that failed says nothing of the service.
const REQUESTS: f64 = 20.0;

impl Health {
    /// What follows from what is seen; the worst of it.
    pub fn of(seen: &Seen) -> Self {
        let missing = match (seen.wanted, seen.available) {
            (0, _) => Self::Operational,
            (_, 0) => Self::MajorOutage,
            (wanted, available) if available.saturating_mul(2) < wanted => Self::PartialOutage,
            // A quarter of them is away in any rolling update.
            (wanted, available) if available.saturating_mul(4) < wanted.saturating_mul(3) => {
                Self::DegradedPerformance
            }
            _ => Self::Operational,
        };
        let rate = if seen.requests < REQUESTS { 0.0 } else { seen.errors / seen.requests };
        let failing = match rate {
            rate if rate >= 0.5 => Self::MajorOutage,
            rate if rate >= 0.1 => Self::PartialOutage,
            rate if rate >= 0.01 => Self::DegradedPerformance,
            _ => Self::Operational,
        };
        let leaving = if seen.taking_back { Self::DegradedPerformance } else { Self::Operational };
        missing.max(failing).max(leaving)
    }

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Operational => "Operational",
            Self::DegradedPerformance => "Degraded performance",
            Self::PartialOutage => "Partial outage",
            Self::MajorOutage => "Major outage",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_what_is_seen_counts() {
        let check = |wanted, available, requests, errors, taking_back, expect| {
            let seen = Seen { wanted, available, requests, errors, taking_back };
            assert_eq!(Health::of(&seen), expect, "{seen:?}");
        };
        check(4, 4, 100.0, 0.0, false, Health::Operational);
        check(4, 3, 0.0, 0.0, false, Health::Operational);
        check(4, 2, 0.0, 0.0, false, Health::DegradedPerformance);
        check(4, 1, 0.0, 0.0, false, Health::PartialOutage);
        check(4, 0, 0.0, 0.0, false, Health::MajorOutage);
        check(0, 0, 0.0, 0.0, false, Health::Operational);
        check(4, 4, 100.0, 0.9, false, Health::Operational);
        check(4, 4, 100.0, 1.0, false, Health::DegradedPerformance);
        check(4, 4, 100.0, 10.0, false, Health::PartialOutage);
        check(4, 4, 100.0, 50.0, false, Health::MajorOutage);
        check(4, 4, 19.0, 19.0, false, Health::Operational);
        check(4, 4, 100.0, 0.0, true, Health::DegradedPerformance);
        check(4, 1, 100.0, 90.0, true, Health::MajorOutage);
    }
}
