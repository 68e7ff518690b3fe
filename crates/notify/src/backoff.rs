use std::time::Duration;

use crate::Retries;

/// How long a delivery that failed waits before it is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure; it doubles with each.
    pub first: Duration,
    /// It never waits longer than this by itself.
    pub longest: Duration,
    /// After so many tries in all it is given up.
    pub tries: u32,
}

/// Twelve tries are spread over half an hour and more, within which a receiver that is deployed anew, or a Slack that
/// has a bad day, is mostly back. More would tell of a release that nobody remembers.
impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), longest: Duration::from_mins(5), tries: 12 }
    }
}

/// No receiver may hold a delivery longer than this by `Retry-After`.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

impl Backoff {
    /// As the settings of a service say.
    pub fn of(retries: &Retries) -> Self {
        let default = Self::default();
        Self {
            first: retries.wait_min.unwrap_or(default.first),
            longest: retries.wait_max.unwrap_or(default.longest),
            // Theirs are the tries after the first.
            tries: retries.max.map_or(default.tries, |max| max.saturating_add(1)),
        }
    }

    /// How long to wait after `failed` tries, or none to give up. `chance` is in 0..1, and spreads those that failed
    /// together: between half of the wait and all of it ("equal jitter").
    pub fn wait(&self, failed: u32, asked: Option<Duration>, chance: f64) -> Option<Duration> {
        if failed >= self.tries {
            return None;
        }
        let doublings = failed.saturating_sub(1).min(20);
        let whole = self.first.saturating_mul(1 << doublings).min(self.longest);
        let own = whole.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
        Some(asked.map_or(own, |asked| asked.min(LONGEST_ASKED).max(own)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        let backoff =
            Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(6), tries: 5 };
        let waits: Vec<_> = (1..=5).map(|failed| backoff.wait(failed, None, 1.0)).collect();
        let seconds = |count| Some(Duration::from_secs(count));
        assert_eq!(waits, [seconds(1), seconds(2), seconds(4), seconds(6), None]);
        assert_eq!(backoff.wait(2, None, 0.0), seconds(1));
        assert!(Backoff::default().wait(11, None, 0.5).is_some());
        assert!(Backoff::default().wait(12, None, 0.5).is_none());
    }

    #[test]
    fn what_the_receiver_asks_for_is_waited_for_but_not_for_ever() {
        let backoff = Backoff::default();
        let asked = |seconds| backoff.wait(1, Some(Duration::from_secs(seconds)), 1.0);
        assert_eq!(asked(30), Some(Duration::from_secs(30)));
        assert_eq!(asked(0), Some(Duration::from_secs(1)));
        assert_eq!(asked(1_000_000), Some(LONGEST_ASKED));
    }
}
