//! Spans of time in few characters.

use std::time::Duration;

use tidegate_units::Timestamp;

/// The moment by this machine's clock.
pub(crate) fn now() -> Timestamp {
    let since =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// An age as kubectl shows it: the two largest units at most.
pub(crate) fn age(span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0..2) => format!("{seconds}s"),
        (0, 0, 2..10) if !seconds.is_multiple_of(60) => format!("{minutes}m{}s", seconds % 60),
        (0, 0..3, _) => format!("{minutes}m"),
        (0, 3..8, _) if !minutes.is_multiple_of(60) => format!("{hours}h{}m", minutes % 60),
        (0..2, _, _) => format!("{hours}h"),
        _ => format!("{days}d"),
    }
}

/// What is left of a wait: whole seconds, rounded up, so that it ends at 0.
pub(crate) fn left(until: Timestamp, now: Timestamp) -> String {
    let seconds = until.since(now).as_millis().div_ceil(1000);
    if seconds < 120 {
        format!("{seconds}s")
    } else {
        format!("{}m{:02}s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        let check = |seconds: u64, expect: &str| {
            assert_eq!(age(Duration::from_secs(seconds)), expect);
        };
        check(0, "0s");
        check(119, "119s");
        check(125, "2m5s");
        check(180, "3m");
        check(3600, "60m");
        check(4 * 3600 + 60, "4h1m");
        check(30 * 3600, "30h");
        check(3 * 86_400, "3d");
    }

    #[test]
    fn a_countdown_ends_at_zero() {
        let check = |until: i64, now: i64, expect: &str| {
            assert_eq!(left(Timestamp::from_millis(until), Timestamp::from_millis(now)), expect);
        };
        check(1500, 0, "2s");
        check(1000, 1000, "0s");
        check(0, 5000, "0s");
        check(125_000, 0, "2m05s");
    }
}
