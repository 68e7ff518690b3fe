use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How fast requests of the canary come is followed with this half-life: a change of its weight
/// soon counts, and a quiet second does not.
const HALF_LIFE: Duration = Duration::from_mins(1);

/// How many requests of the canary come in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pace {
    /// Decaying sums.
    requests: f64,
    seconds: f64,
}

impl Pace {
    /// So many requests came in so long.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub(crate) fn add(&mut self, requests: u64, elapsed: Duration) {
        let kept = (-elapsed.as_secs_f64() / HALF_LIFE.as_secs_f64()).exp2();
        self.requests = self.requests * kept + requests as f64;
        self.seconds = self.seconds * kept + elapsed.as_secs_f64();
    }

    /// Requests a second; 0 while nothing is known.
    pub(crate) fn per_second(&self) -> f64 {
        if self.seconds > 0.0 { self.requests / self.seconds } else { 0.0 }
    }

    /// About how long `requests` take to come; none while nothing is known, or none comes.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub(crate) fn time_for(&self, requests: u64) -> Option<Duration> {
        let seconds = requests as f64 * self.seconds / self.requests;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_follows_what_came_of_late() {
        let mut pace = Pace::default();
        assert_eq!(pace.time_for(5), None);
        (0..600).for_each(|_| pace.add(10, Duration::from_secs(1)));
        assert_eq!(pace.time_for(100).map(|time| time.as_secs_f64().round()), Some(10.0));
        (0..600).for_each(|_| pace.add(50, Duration::from_secs(1)));
        assert_eq!(pace.time_for(100).map(|time| time.as_secs_f64().round()), Some(2.0));
        (0..100_000).for_each(|_| pace.add(0, Duration::from_mins(1)));
        assert_eq!(pace.time_for(100), None);
    }
}
