use std::time::Duration;

/// A text that is not a duration in Go's syntax.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a duration: write numbers with units, such as 30s, 1m30s or 1.5h (units: ns, us, ms, s, m, h)"
)]
pub struct DurationError {
    /// What was found.
    pub text: String,
}

/// Nanoseconds in each of Go's units, longest spelling first where one begins another.
const UNITS: [(&str, f64); 8] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("μs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3_600e9),
];

/// A hundred years: far beyond any analysis, and well inside what a [`Duration`] can be added to.
const LONGEST_SECONDS: f64 = 100.0 * 366.0 * 86_400.0;

/// Reads a duration as Go's `time.ParseDuration` does: decimal numbers, each with a unit, added up.
/// A sign is refused, for no field of an analysis takes a negative duration; `0` needs no unit.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let refuse = || DurationError { text: text.to_owned() };
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut nanos = 0.0;
    while !rest.is_empty() {
        let (part, after) = part(rest).ok_or_else(refuse)?;
        nanos += part;
        rest = after;
    }
    let seconds = nanos / 1e9;
    if text.is_empty() || seconds > LONGEST_SECONDS {
        return Err(refuse());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| refuse())
}

/// The first number and unit of `text` in nanoseconds, and what follows.
fn part(text: &str) -> Option<(f64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|&end| end > 0)?;
    let (number, rest) = text.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let unit_end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(unit_end);
    let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Some((number * nanos, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<f64>) {
        assert_eq!(parse_duration(text).ok().map(|found| found.as_secs_f64()), expect, "{text:?}");
    }

    #[test]
    fn durations_are_read_as_go_reads_them() {
        check("30s", Some(30.0));
        check("1m30s", Some(90.0));
        check("1.5h", Some(5_400.0));
        check("2h45m", Some(9_900.0));
        check("100ms", Some(0.1));
        check("7us", Some(7e-6));
        check("7µs", Some(7e-6));
        check("0", Some(0.0));
        check("0s", Some(0.0));
        check(".5s", Some(0.5));
    }

    #[test]
    fn what_go_refuses_and_what_makes_no_sense_is_refused() {
        for text in [
            "",
            "30",
            "s",
            "1 m",
            "1d",
            "-5s",
            "+5s",
            "1.2.3s",
            ".s",
            "1e3s",
            "ten",
            "1m30",
            "9999999999h",
        ] {
            check(text, None);
        }
        assert_eq!(
            parse_duration("30").unwrap_err().to_string(),
            "\"30\" is not a duration: write numbers with units, such as 30s, 1m30s or 1.5h (units: ns, us, ms, s, m, h)"
        );
    }
}
