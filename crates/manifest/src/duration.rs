//! Durations as Go writes them (`time.ParseDuration`): `300ms`, `1.5h`, `1m30s`.

use std::time::Duration;

use crate::{
    node::{Amount, Content},
    walk::Spot,
};

/// A hundred years: what is meant to last longer is meant to last for ever.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

/// What [`go`] takes, for messages.
pub(crate) const ALLOWED: &str = "a duration such as 30s, 5m or 1h30m";

/// Nanoseconds of each unit, the longer names first.
const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration that is not negative: decimal numbers, each with a unit, added up; `0` needs no
/// unit.
pub(crate) fn go(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut total: u128 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (nanos, after) = part(rest)?;
        total = total.checked_add(nanos)?;
        rest = after;
    }
    let seconds = u64::try_from(total / 1_000_000_000).ok()?;
    let nanos = u32::try_from(total % 1_000_000_000).ok()?;
    Some(Duration::new(seconds, nanos)).filter(|duration| *duration <= LONGEST)
}

/// The first number and unit in nanoseconds, and what follows.
fn part(text: &str) -> Option<(u128, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, after) = text.split_at_checked(end)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    // `m` begins `ms` as well, so the longest name that fits is meant.
    let (name, unit) = UNITS
        .iter()
        .filter(|(name, _)| after.starts_with(name))
        .max_by_key(|(name, _)| name.len())?;
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    // More digits are below a nanosecond for every unit.
    let digits = fraction.get(..fraction.len().min(18))?;
    let tenth: u128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    let scale = 10_u128.checked_pow(u32::try_from(digits.len()).ok()?)?;
    let nanos = whole.checked_mul(*unit)?.checked_add(tenth.checked_mul(*unit)? / scale)?;
    after.strip_prefix(name).map(|rest| (nanos, rest))
}

/// A duration written as Go does.
pub(crate) fn read(spot: &Spot<'_>) -> Option<Duration> {
    match &spot.node.content {
        Content::Text(text) => {
            let duration = go(text);
            if duration.is_none() {
                refuse(spot, text, ALLOWED);
            }
            duration
        }
        Content::Number(number) if number.value == Amount::Whole(0) => Some(Duration::ZERO),
        Content::Number(number) => {
            let hint = format!("a number needs its unit: did you mean {}s?", number.written);
            spot.complain(spot.found().allow(ALLOWED).hint(hint));
            None
        }
        _ => {
            spot.refuse(ALLOWED);
            None
        }
    }
}

/// Whole seconds as a number or a text, or a duration as Go writes it: Argo's `pause.duration`.
pub(crate) fn seconds_or_text(spot: &Spot<'_>) -> Option<Duration> {
    let allowed = "seconds, or a duration such as 30s, 5m or 1h30m";
    match &spot.node.content {
        Content::Text(text) => {
            let duration = match text.parse::<u32>() {
                Ok(seconds) => Some(Duration::from_secs(u64::from(seconds))),
                Err(_) => go(text),
            };
            if duration.is_none() {
                refuse(spot, text, allowed);
            }
            duration
        }
        Content::Number(_) => seconds(spot, 0),
        _ => {
            spot.refuse(allowed);
            None
        }
    }
}

/// Whole seconds, at least so many.
pub(crate) fn seconds(spot: &Spot<'_>, least: i64) -> Option<Duration> {
    spot.number::<u64>(least, i64::from(i32::MAX)).map(Duration::from_secs)
}

fn refuse(spot: &Spot<'_>, text: &str, allowed: &str) {
    let complaint = spot.found().allow(allowed);
    let plain = text.trim().to_ascii_lowercase().replace(' ', "");
    spot.complain(match hint(&plain) {
        Some(hint) => complaint.hint(hint),
        None => complaint,
    });
}

/// What was likely meant.
fn hint(plain: &str) -> Option<String> {
    if plain.starts_with('-') {
        return Some("a duration cannot be negative".to_owned());
    }
    let end = plain.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = plain.split_at_checked(end)?;
    let number: u64 = number.parse().ok()?;
    let meant = match unit {
        "sec" | "secs" | "second" | "seconds" => format!("{number}s"),
        "min" | "mins" | "minute" | "minutes" => format!("{number}m"),
        "hr" | "hrs" | "hour" | "hours" => format!("{number}h"),
        "d" | "day" | "days" => format!("{}h", number.checked_mul(24)?),
        _ => return go(plain).map(|_| format!("did you mean {plain}?")),
    };
    Some(format!("did you mean {meant}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<Duration>) {
        assert_eq!(go(text), expect, "{text:?}");
    }

    #[test]
    fn durations_are_read_as_go_reads_them() {
        check("0", Some(Duration::ZERO));
        check("30s", Some(Duration::from_secs(30)));
        check("+5m", Some(Duration::from_secs(300)));
        check("1h30m", Some(Duration::from_secs(5_400)));
        check("1.5h", Some(Duration::from_secs(5_400)));
        check(".5s", Some(Duration::from_millis(500)));
        check("5.s", Some(Duration::from_secs(5)));
        check("100ms", Some(Duration::from_millis(100)));
        check("3us4ns", Some(Duration::from_nanos(3_004)));
        check("3µs3μs", Some(Duration::from_micros(6)));
        check("0.000000000000000000001h", Some(Duration::ZERO));
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in [
            "",
            "+",
            "-1s",
            "s",
            ".s",
            "1",
            "1.2.3s",
            "1d",
            "1 s",
            "s1",
            "1s ",
            "1h1",
            "1e3s",
            "99999999999999999999999999999999999999999h",
            "900000h",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn slips_are_mended() {
        assert_eq!(hint("10min").as_deref(), Some("did you mean 10m?"));
        assert_eq!(hint("2days").as_deref(), Some("did you mean 48h?"));
        assert_eq!(hint("-3s").as_deref(), Some("a duration cannot be negative"));
        assert_eq!(hint("5m").as_deref(), Some("did you mean 5m?"));
        assert_eq!(hint("soon"), None);
    }
}
